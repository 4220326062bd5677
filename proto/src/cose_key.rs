//! Public keys as COSE keys, and their names in COSE.
//!
//! A key's name is the SHA-256 of its required members in deterministic CBOR, so that whoever has the key has the name.
//! Only the schemes that COSE has a registered algorithm for are written.
//! Source: RFC 9052 §7, RFC 9053 §7.2 (OKP), RFC 9964 (AKP), RFC 9679 (thumbprint).

use crypto::{Digest, PublicKey, Scheme, sha256};

use crate::cbor::Writer;

const KTY: i64 = 1;
const KID: i64 = 2;
const ALG: i64 = 3;
const OKP: i64 = 1;
const AKP: i64 = 7;
const ED25519_CURVE: i64 = 6;
/// ML-DSA-65, as COSE numbers it.
pub const ML_DSA_65: i64 = -49;

/// The thumbprint by which COSE names a key; none for schemes that COSE has no algorithm for.
pub fn thumbprint(key: &PublicKey) -> Option<Digest> {
    members(key, None).map(|bytes| sha256(&bytes))
}

/// The key as COSE key, named by its thumbprint; none as for [`thumbprint`].
pub fn cose_key(key: &PublicKey) -> Option<Vec<u8>> {
    members(key, Some(thumbprint(key)?))
}

/// A COSE key set of all of these that COSE has an algorithm for, in their order.
pub fn cose_key_set<'a>(keys: impl Iterator<Item = &'a PublicKey>) -> Vec<u8> {
    let keys: Vec<Vec<u8>> = keys.filter_map(cose_key).collect();
    let mut set = Writer::new();
    set.array(keys.len());
    [set.finish(), keys.concat()].concat()
}

/// The members, with a name or without, in the order of their encodings.
fn members(key: &PublicKey, kid: Option<Digest>) -> Option<Vec<u8>> {
    let mut to = Writer::new();
    to.map(3 + usize::from(kid.is_some()));
    let named = |to: &mut Writer| {
        if let Some(kid) = kid {
            to.int(KID).bytes(kid.as_bytes());
        }
    };
    match key.scheme() {
        Scheme::Ed25519 => {
            to.int(KTY).int(OKP);
            named(&mut to);
            to.int(-1).int(ED25519_CURVE).int(-2).bytes(key.as_bytes());
        }
        Scheme::MlDsa65 => {
            to.int(KTY).int(AKP);
            named(&mut to);
            to.int(ALG).int(ML_DSA_65).int(-1).bytes(key.as_bytes());
        }
        Scheme::HybridEd25519MlDsa65
        | Scheme::Dilithium3R3
        | Scheme::HybridDilithium3R3Ed25519
        | Scheme::Es256 => return None,
    }
    Some(to.finish())
}
