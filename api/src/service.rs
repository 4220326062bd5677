//! The service: the node as author of what callers of foreign surfaces ask for.
//!
//! Such a caller has shown a credential and signs nothing. The author is the node's own service key, so a receipt says who
//! vouched. What it signs goes in by the ordinary door, so no surface passes by admission, and comes back as what the
//! ledger made of it. Signatures are Ed25519's, functions of key and message: the same order is the same submission and
//! finds the same record, also after a timeout or a restart of either side.

use std::time::Duration;

use crypto::{PublicKey, Scheme, SecretKey, Signature};
use ledger::{Outcome, Rejection};
use model::entry::Wait;
use model::error::{ApiError, SurfaceError};
use model::scalar::Hash;
use proto::canonical::Canonical as _;
use proto::counter::{Height, LeafIndex, TimeMs};
use proto::genesis::Admission;
use proto::id::{Did, SubmissionId, Tenant};
use proto::operation::Operation;
use proto::submission::{Body, Submission};

use crate::api::{Api, Fault};
use crate::calls::submit::{Seen, enter};

/// How long an order waits when it does not say so.
const WAIT: Duration = Duration::from_secs(15);
/// How often an order whose earlier submission was refused for ever is made anew, with the next nonce.
const ATTEMPTS_MAX: u64 = 16;
/// What everything begins with that is signed for the ledger itself.
const LEDGERS_OWN: &[u8] = b"quorate/";

/// The key that signs what foreign surfaces submit, and seals what they give out.
#[derive(Debug)]
pub struct Service {
    key: SecretKey,
    author: Did,
    endorsement: Option<(String, Signature)>,
}

/// Why a key cannot be a service's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a service signs with ed25519, whose signatures are repeatable; this is a key of {found}")]
pub struct ServiceError {
    /// The key's scheme.
    pub found: Scheme,
}

/// What is to be in the ledger.
#[derive(Clone, Debug)]
pub struct Order {
    /// Whose it is: the caller's tenant.
    pub tenant: Tenant,
    /// What is asked.
    pub operation: Operation,
    /// Tells apart what is meant twice. Zero for what happens once: whoever repeats it finds the first.
    pub nonce: u64,
    /// How far it must come.
    pub wait: Wait,
    /// How long that may take.
    pub timeout: Duration,
}

impl Order {
    /// Once, and waited for until it is committed.
    pub const fn once(tenant: Tenant, operation: Operation) -> Self {
        Self { tenant, operation, nonce: 0, wait: Wait::Committed, timeout: WAIT }
    }
}

/// What the ledger made of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settled {
    /// It is in the log.
    Logged(Place),
    /// A rule refuses it: at the door, or when it was its turn.
    Refused {
        /// The submission.
        id: SubmissionId,
        /// The rule's code.
        code: &'static str,
        /// Both sides, in words.
        detail: String,
    },
    /// It is not decided, and waited for no longer. The same order finds it.
    Pending {
        /// The submission.
        id: SubmissionId,
    },
}

/// Where something stands in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The submission.
    pub id: SubmissionId,
    /// Height of its block.
    pub height: Height,
    /// Its leaf.
    pub index: LeafIndex,
    /// Time of its block.
    pub time: TimeMs,
    /// Size of a checkpoint that covers it; none is known to have been signed yet.
    pub checkpoint_size: Option<u64>,
    /// Whether it stood there before this order came.
    pub before: bool,
}

impl Settled {
    /// Its place, where there is nothing to be said about a refusal but its reason.
    ///
    /// # Errors
    /// `SubmissionRefused` with the rule's code, or `Undecided` with the id.
    pub fn logged(self) -> Result<Place, ApiError> {
        match self {
            Self::Logged(place) => Ok(place),
            Self::Refused { id, code, detail } => {
                Err(ApiError::SubmissionRefused { id: id.into(), reason: code, detail })
            }
            Self::Pending { id } => Err(SurfaceError::Undecided { id: Hash::from(id) }.into()),
        }
    }
}

impl Service {
    /// A service that signs with this key.
    ///
    /// # Errors
    /// `ServiceError` for a key of another scheme than Ed25519.
    pub fn new(key: SecretKey) -> Result<Self, ServiceError> {
        match key.public().scheme() {
            Scheme::Ed25519 => Ok(Self { author: Did::of(key.public()), key, endorsement: None }),
            found @ (Scheme::MlDsa65
            | Scheme::HybridEd25519MlDsa65
            | Scheme::Dilithium3R3
            | Scheme::HybridDilithium3R3Ed25519
            | Scheme::Es256) => Err(ServiceError { found }),
        }
    }

    /// The same service, with the word of this validator that the key is its own.
    pub fn endorsed(self, validator: String, endorsement: Signature) -> Self {
        Self { endorsement: Some((validator, endorsement)), ..self }
    }

    /// The key it signs with.
    pub const fn public(&self) -> &PublicKey {
        self.key.public()
    }

    /// Who it is to the ledger: the `did:key` of its key.
    pub const fn author(&self) -> &Did {
        &self.author
    }

    /// Signs bytes that a foreign form prescribes. None for bytes that could be read as what the ledger itself has signed:
    /// the key is an author's, and a surface must not speak as one.
    pub fn seal(&self, message: &[u8]) -> Option<Signature> {
        (!message.starts_with(LEDGERS_OWN)).then(|| self.key.sign(message))
    }

    /// Signs an order and sees it through.
    ///
    /// A submission that was refused when it was its turn is refused for ever, though what it was refused for may have
    /// changed since. So an order whose earlier submission was is made anew with the next nonce; one that is in the log is
    /// never made again.
    ///
    /// # Errors
    /// `InvalidParams` for an operation that is no submission; `Observer`, `Busy`, `NoVerdict`, `Stopping`, `Storage` or
    /// `Internal` from the node.
    pub async fn submit(&self, api: &Api, order: Order) -> Result<Settled, ApiError> {
        let Order { tenant, operation, nonce, wait, timeout } = order;
        let until = tokio::time::Instant::now() + timeout;
        let mut last = None;
        for attempt in 0..ATTEMPTS_MAX {
            let body = Body {
                network: *api.doors().set().network(),
                tenant: tenant.clone(),
                author: self.author.clone(),
                key: self.key.public().clone(),
                nonce: nonce.wrapping_add(attempt),
                expires_at: None,
                operation: operation.clone(),
            };
            let signed = body.sign(&self.key);
            // Decoding checks the lengths and ranges that a body leaves open.
            let signed = Submission::decode(signed.bytes())
                .map_err(|fault| ApiError::InvalidParams { fault: fault.to_string() })?;
            let left = until.saturating_duration_since(tokio::time::Instant::now());
            let (settled, seen) = see_through(api, &signed, wait, left).await?;
            match (&settled, seen) {
                (Settled::Refused { .. }, Seen::Again) => last = Some(settled),
                (Settled::Logged(_) | Settled::Pending { .. }, _)
                | (Settled::Refused { .. }, Seen::First) => {
                    return Ok(settled);
                }
            }
        }
        last.ok_or(ApiError::Internal)
    }

    /// Sees to it that the network knows the key as a validator's (rule E1). Said on the ledger when it is needed for the
    /// first time, not when the node starts: an idle network stays idle. Why it cannot be comes back in words.
    ///
    /// # Errors
    /// `Undecided`, and what the node or its store fails with.
    pub(crate) async fn announced(&self, api: &Api) -> Result<Result<(), String>, ApiError> {
        let key = self.public().id();
        if api.read(move |reader| Ok(reader.service(&key)?.is_some())).await? {
            return Ok(Ok(()));
        }
        let Some((validator, endorsement)) = &self.endorsement else {
            return Ok(Err("no validator endorses the key that would sign: this node is none".to_owned()));
        };
        let operation =
            Operation::ServiceEndorse { validator: validator.clone(), endorsement: endorsement.clone() };
        match self.submit(api, Order::once(Tenant::default_tenant(), operation)).await? {
            Settled::Logged(_) | Settled::Refused { code: "key_listed", .. } => Ok(Ok(())),
            Settled::Refused { code, detail, .. } => {
                Ok(Err(format!("the key that would sign is not endorsed: {code}: {detail}")))
            }
            Settled::Pending { id } => Err(SurfaceError::Undecided { id: id.into() }.into()),
        }
    }

    /// The same, for who does nothing without it.
    ///
    /// # Errors
    /// `NotConfigured` when it cannot be; else as [`Service::announced`].
    pub(crate) async fn endorsed_by_now(&self, api: &Api) -> Result<(), ApiError> {
        self.announced(api).await?.map_err(|fault| SurfaceError::NotConfigured { fault }.into())
    }

    /// Why what it signs would not be executed, if that is known beforehand: where identities are registered, it must be.
    ///
    /// # Errors
    /// `Storage` or `Internal`.
    pub async fn problem(&self, api: &Api) -> Result<Option<String>, ApiError> {
        if api.doors().genesis.admission == Admission::Open {
            return Ok(None);
        }
        let (author, key) = (self.author.clone(), self.public().id());
        api.read(move |reader| {
            let identity = reader.identity(&author).map_err(Fault::Store)?;
            let good =
                identity.is_some_and(|identity| identity.active().any(|listed| listed.key.id() == key));
            Ok((!good).then(|| {
                format!("{author} is not registered, and this network executes nothing of strangers")
            }))
        })
        .await
    }
}

/// Hands in what was signed, and waits for it.
///
/// # Errors
/// As [`Service::submit`], but `InvalidParams`.
pub(crate) async fn see_through(
    api: &Api,
    signed: &Submission,
    wait: Wait,
    timeout: Duration,
) -> Result<(Settled, Seen), ApiError> {
    let id = signed.id();
    let (progress, seen) = match enter(api, signed.bytes().to_vec(), wait, timeout).await {
        Ok(entered) => entered,
        // Refused at the door it is not decided: the same bytes may be taken later.
        Err(ApiError::SubmissionRefused { id: _, reason, detail }) => {
            return Ok((Settled::Refused { id, code: reason, detail }, Seen::First));
        }
        Err(other) => return Err(other),
    };
    let (outcome, checkpoint_size) = progress.decision();
    let settled = match outcome {
        None => Settled::Pending { id },
        Some(Outcome::Committed { height, index, time }) => {
            let (height, index, time, before) = (*height, *index, *time, seen == Seen::Again);
            Settled::Logged(Place { id, height, index, time, checkpoint_size, before })
        }
        Some(Outcome::Rejected { height: _, rejection }) => refused(id, rejection),
        // Nothing of ours expires.
        Some(Outcome::Expired { .. }) => return Err(ApiError::Internal),
    };
    Ok((settled, seen))
}

fn refused(id: SubmissionId, rejection: &Rejection) -> Settled {
    Settled::Refused { id, code: rejection.code(), detail: rejection.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(scheme: Scheme) -> SecretKey {
        SecretKey::from_seed(scheme, &[9; 32]).expect("signs")
    }

    #[test]
    fn only_repeatable_signatures_are_made() {
        let service = Service::new(key(Scheme::Ed25519)).expect("ed25519");
        assert!(service.author().as_str().starts_with("did:key:z6Mk"));
        assert_eq!(service.seal(b"00ff"), service.seal(b"00ff"));
        let refused = Service::new(key(Scheme::MlDsa65)).expect_err("hedged");
        assert_eq!(refused, ServiceError { found: Scheme::MlDsa65 });
    }

    #[test]
    fn a_seal_is_never_what_the_ledger_takes_for_an_author() {
        let service = Service::new(key(Scheme::Ed25519)).expect("ed25519");
        let network = proto::id::NetworkId::default();
        for domain in proto::domain::Domain::ALL {
            assert_eq!(service.seal(&domain.signed_bytes(&network, b"body")), None, "{domain:?}");
        }
    }
}
