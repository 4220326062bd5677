//! Why a node does not start.

use std::io;
use std::net::SocketAddr;

use engine::EngineError;
use ledger::read::ReadError;
use proto::block::CertifiedBlockError;
use proto::canonical::DecodeError;
use proto::note::NoteKeyError;
use proto::policy::PolicyError;
use store::disk::OpenError;

use crate::anchoring::AnchorStartError;
use crate::credentials::CredentialsError;
use crate::journal::JournalError;
use crate::security_log::SecurityLogError;
use crate::witness::book::BookError;
use crate::witness::settings::WitnessSettingsError;

/// Why a node does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The genesis is none.
    #[error("genesis: {0}")]
    Genesis(#[from] DecodeError),
    /// Nobody said which validator this is.
    #[error("which validator of genesis is this node? Set `name`")]
    NameMissing,
    /// No such validator reigns, and this node is not to observe.
    #[error("there is no validator {name:?}, and this node is not set to observe")]
    NotAValidator {
        /// The name configured.
        name: String,
    },
    /// The keystore is another validator's.
    #[error("the keys in this node's keystore are not those of validator {name:?}")]
    OtherKeys {
        /// The validator.
        name: String,
    },
    /// An address cannot be served on.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The validators cannot be written as a policy.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// The keys of callers cannot be read.
    #[error(transparent)]
    Credentials(#[from] CredentialsError),
    /// There are too many of them, or one stands there twice.
    #[error(transparent)]
    CallerKeys(#[from] api::guard::authenticator::KeysError),
    /// The security log cannot be gone on with.
    #[error(transparent)]
    SecurityLog(#[from] SecurityLogError),
    /// The service key is of the wrong scheme.
    #[error(transparent)]
    Service(#[from] api::service::ServiceError),
    /// The folder of keys that are held for others cannot be made.
    #[error("keys that are held for others: {0}")]
    Custody(io::Error),
    /// The folder of evidence that is under way cannot be made.
    #[error("evidence that is under way: {0}")]
    Shelf(io::Error),
    /// The key of evidence is of the wrong scheme.
    #[error(transparent)]
    Notary(#[from] api::NotaryError),
    /// No key can be made.
    #[error("the system gave no randomness for a key: {0}")]
    Random(String),
    /// A key of attestations is of the wrong scheme.
    #[error(transparent)]
    Attester(#[from] api::attester::AttesterError),
    /// The gateway's key is of the wrong scheme.
    #[error(transparent)]
    Gateway(#[from] api::gateway::GatewayError),
    /// The log key cannot sign receipts.
    #[error(transparent)]
    Issuer(#[from] api::issuer::IssuerError),
    /// The store cannot be opened.
    #[error(transparent)]
    Store(#[from] OpenError),
    /// The store cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The safety journal is refused.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// A block in the journal does not hold.
    #[error("a block in the journal does not hold: {0}")]
    JournalBlock(#[from] CertifiedBlockError),
    /// The store was changed, or the audit log's index cannot be made.
    #[error("the log in the store: {0}")]
    Auditing(#[from] crate::auditing::AuditingError),
    /// Store, journal and genesis do not belong together.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The network cannot start.
    #[error(transparent)]
    Network(#[from] p2p::StartError),
    /// The configuration of witnesses is refused.
    #[error(transparent)]
    Witness(#[from] WitnessSettingsError),
    /// What was cosigned for other logs cannot be read.
    #[error("witness: {0}")]
    Book(#[from] BookError),
    /// The directory of what was cosigned cannot be used.
    #[error("witness: {0}")]
    WitnessDir(io::Error),
    /// The keys of a witness are of the wrong schemes.
    #[error("witness: {0}")]
    WitnessKeys(#[from] NoteKeyError),
    /// An outside witness cannot be asked.
    #[error("witness.cosigners: {0}")]
    Outside(#[from] client::ClientError),
    /// The certificates for HTTPS cannot be read.
    #[error("tls.roots: {}: {fault}", path.display())]
    TlsRoots {
        /// The file.
        path: std::path::PathBuf,
        /// What is wrong with it.
        fault: String,
    },
    /// Checkpoints cannot be anchored.
    #[error(transparent)]
    Anchors(#[from] AnchorStartError),
    /// The directory of evidence cannot be used.
    #[error("the directory of evidence cannot be used: {0}")]
    Evidence(io::Error),
    /// The log cannot be published where it should be.
    #[error("publish.url: {0}")]
    Publish(#[from] archive::ArchiveError),
    /// The system gave no thread.
    #[error("a thread could not be started: {0}")]
    Thread(#[from] io::Error),
}

/// What a [`StartError`] comes from, as far as it matters to whoever is to help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// No name is configured.
    NoName,
    /// The name is no validator's.
    NoValidator,
    /// The keystore is another validator's.
    OtherKeys,
    /// Somebody else listens there.
    Taken(SocketAddr),
    /// The safety journal is gone.
    JournalLost,
    /// What was cosigned for other logs cannot be read.
    Book,
    /// What is configured, or what stands outside of this node.
    Surroundings,
    /// What the node keeps, or is given as its own.
    Keeping,
    /// The system.
    System,
}

impl StartError {
    /// What it comes from.
    pub fn cause(&self) -> Cause {
        match self {
            Self::NameMissing => Cause::NoName,
            Self::NotAValidator { .. } => Cause::NoValidator,
            Self::OtherKeys { .. } => Cause::OtherKeys,
            Self::Listen { address, source } if source.kind() == io::ErrorKind::AddrInUse => {
                Cause::Taken(*address)
            }
            Self::Journal(JournalError::Missing { .. }) => Cause::JournalLost,
            Self::Book(_) => Cause::Book,
            Self::Listen { .. }
            | Self::Network(_)
            | Self::Evidence(_)
            | Self::Publish(_)
            | Self::Witness(_)
            | Self::WitnessDir(_)
            | Self::WitnessKeys(_)
            | Self::TlsRoots { .. }
            | Self::Anchors(_)
            | Self::Outside(_) => Cause::Surroundings,
            Self::Genesis(_)
            | Self::Policy(_)
            | Self::Credentials(_)
            | Self::CallerKeys(_)
            | Self::SecurityLog(_)
            | Self::Custody(_)
            | Self::Shelf(_)
            | Self::Service(_)
            | Self::Attester(_)
            | Self::Notary(_)
            | Self::Random(_)
            | Self::Gateway(_)
            | Self::Issuer(_)
            | Self::Store(_)
            | Self::Read(_)
            | Self::Auditing(_)
            | Self::Journal(_)
            | Self::JournalBlock(_)
            | Self::Engine(_) => Cause::Keeping,
            Self::Thread(_) => Cause::System,
        }
    }
}
