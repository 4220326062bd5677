//! Did a validator of the policy sign this root as COSE receipt?
//!
//! Such a signature is one validator's word, so it is believed beside a quorum's and never in its place: it must be by
//! a key that the policy names for this log, over the root that the quorum signed.
//! Source: RFC 9942 §5.2.1, RFC 9679 for the names of keys; `proto/ENCODING.md`.

use crypto::{Digest, PublicKey};
use proto::checkpoint::CheckpointText;
use proto::cose_key::thumbprint;
use proto::note::{KeyName, NoteKey, SignatureType};
use proto::policy::Policy;
use proto::receipt::{CoseAlgorithm, Issued};

use crate::fault::Fault;

/// Checks who signed each receipt, and that it is over this checkpoint's root.
///
/// # Errors
/// `OtherIssuer`, `UnknownIssuerKey` or `IssuerSignature`, the first that fails.
pub(crate) fn check_issuers(policy: &Policy, text: &CheckpointText, cose: &[Issued]) -> Result<(), Fault> {
    for issued in cose {
        let said = issued.said();
        if said.issuer != text.origin.as_str() {
            let found = said.issuer.clone();
            return Err(Fault::OtherIssuer { found, expected: text.origin.clone() });
        }
        let (algorithm, kid) = (said.algorithm, said.kid);
        let key = key_of(policy, &text.origin, algorithm, &kid)
            .ok_or(Fault::UnknownIssuerKey { algorithm: algorithm.id(), kid })?;
        issued.verify(key, &text.head.root).map_err(Fault::IssuerSignature)?;
    }
    Ok(())
}

/// The key of this name that the policy has for this log, and that signs by this algorithm.
fn key_of<'a>(
    policy: &'a Policy,
    origin: &KeyName,
    algorithm: CoseAlgorithm,
    kid: &Digest,
) -> Option<&'a PublicKey> {
    let wanted = match algorithm {
        CoseAlgorithm::EdDsa | CoseAlgorithm::Ed25519 => SignatureType::Ed25519,
        CoseAlgorithm::MlDsa65 => SignatureType::CosignatureMlDsa65,
    };
    let public = |key: &'a NoteKey| match key.known() {
        Some((kind, public)) if kind == wanted && is_of(key.name(), origin, kind) => Some(public),
        Some(_) | None => None,
    };
    let logs = policy.logs().iter().map(|log| &log.key);
    let witnesses = policy.witnesses().iter().map(|witness| &witness.key);
    logs.chain(witnesses).filter_map(public).find(|key| thumbprint(key).as_ref() == Some(kid))
}

/// Whether a key is one of the log's own: a log key by the origin's name, or a cosigner's below it.
fn is_of(name: &KeyName, origin: &KeyName, kind: SignatureType) -> bool {
    match kind {
        SignatureType::Ed25519 => name == origin,
        SignatureType::CosignatureEd25519 | SignatureType::CosignatureMlDsa65 => {
            name.as_str().strip_prefix(origin.as_str()).is_some_and(|rest| rest.starts_with('/'))
        }
    }
}
