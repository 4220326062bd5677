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

use crate::journal::JournalError;
use crate::tokens::TokensError;
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
    /// The gateway's tokens cannot be read.
    #[error(transparent)]
    Tokens(#[from] TokensError),
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
