//! Issuers and their attestations.

use crypto::Scheme::Es256;

use super::part::{digest, key_id, public_key, signature, text};
use super::{Wire, pb};
use crate::canonical::DecodeError;
use crate::operation::issuer::{
    Continuity, ISSUER_TEXT_BYTES_MAX, IssuerDid, IssuerKey, IssuerKeyChange, IssuerSet, IssuerStatus,
};
use crate::operation::seal::{AttestationId, ChainId, ChainLink, Seal, TOKEN_BYTES_MAX};

/// The last second of the year 9999: later ones are written by nobody who means it, and as milliseconds they fit.
const SECOND_MAX: u64 = 253_402_300_799;

fn issuer(text: &str) -> Result<IssuerDid, DecodeError> {
    IssuerDid::parse(text).map_err(|fault| DecodeError::field("issuer", fault))
}

fn attestation(text: &str, field: &'static str) -> Result<AttestationId, DecodeError> {
    AttestationId::parse(text).map_err(|fault| DecodeError::field(field, fault))
}

fn second(second: u64, field: &'static str) -> Result<u64, DecodeError> {
    match second {
        1..=SECOND_MAX => Ok(second),
        found => Err(DecodeError::field(field, format!("{found} s is no time between 1970 and 9999"))),
    }
}

impl Wire for IssuerSet {
    type Proto = pb::IssuerSet;

    fn to_wire(&self) -> pb::IssuerSet {
        let Self { issuer, name, status, certification } = self;
        pb::IssuerSet {
            issuer: issuer.as_str().to_owned(),
            name: name.clone(),
            status: status.id(),
            certification: certification.clone(),
        }
    }

    fn from_wire(wire: pb::IssuerSet) -> Result<Self, DecodeError> {
        let pb::IssuerSet { issuer: did, name, status, certification } = wire;
        if name.is_empty() {
            return Err(DecodeError::field("name", "is missing"));
        }
        Ok(Self {
            issuer: issuer(&did)?,
            name: text(name, "name", ISSUER_TEXT_BYTES_MAX)?,
            status: IssuerStatus::parse(status)
                .ok_or_else(|| DecodeError::field("status", format!("{status} is unknown")))?,
            certification: text(certification, "certification", ISSUER_TEXT_BYTES_MAX)?,
        })
    }
}

impl Wire for IssuerKey {
    type Proto = pb::IssuerKey;

    fn to_wire(&self) -> pb::IssuerKey {
        let Self { issuer, change } = self;
        let said = pb::IssuerKey { issuer: issuer.as_str().to_owned(), ..pb::IssuerKey::default() };
        match change {
            IssuerKeyChange::List { key, continuity, generated_at_s, possession } => pb::IssuerKey {
                key: key.as_bytes().to_vec(),
                continuity: continuity.id(),
                generated_at_s: *generated_at_s,
                possession: possession.as_bytes().to_vec(),
                ..said
            },
            IssuerKeyChange::Drop { key } => {
                pb::IssuerKey { dropped: key.digest().as_bytes().to_vec(), ..said }
            }
        }
    }

    fn from_wire(wire: pb::IssuerKey) -> Result<Self, DecodeError> {
        let pb::IssuerKey { issuer: did, key, continuity, generated_at_s, possession, dropped } = wire;
        // Both at once are refused by encoding them again.
        let change = match dropped.is_empty() {
            false => IssuerKeyChange::Drop { key: key_id(&dropped, "dropped")? },
            true => IssuerKeyChange::List {
                key: public_key(Es256, &key, "key")?,
                continuity: Continuity::parse(continuity).ok_or_else(|| {
                    DecodeError::field("continuity", format!("policy {continuity} is unknown"))
                })?,
                generated_at_s: second(generated_at_s, "generated_at_s")?,
                possession: signature(Es256, &possession, "possession")?,
            },
        };
        Ok(Self { issuer: issuer(&did)?, change })
    }
}

impl Wire for Seal {
    type Proto = pb::AttestationSeal;

    fn to_wire(&self) -> pb::AttestationSeal {
        let Self { id, issuer, key, query, proof, issued_at_s, expires_at_s, link, token } = self;
        let (chain, index, previous) = match link {
            None => (String::new(), 0, String::new()),
            Some(ChainLink { chain, index, previous }) => {
                let previous = previous.as_ref().map_or("", AttestationId::as_str);
                (chain.as_str().to_owned(), *index, previous.to_owned())
            }
        };
        pb::AttestationSeal {
            attestation: id.as_str().to_owned(),
            issuer: issuer.as_str().to_owned(),
            key: key.digest().as_bytes().to_vec(),
            query: query.as_bytes().to_vec(),
            proof: proof.as_bytes().to_vec(),
            issued_at_s: *issued_at_s,
            expires_at_s: *expires_at_s,
            chain,
            index,
            previous,
            token: token.clone(),
        }
    }

    fn from_wire(wire: pb::AttestationSeal) -> Result<Self, DecodeError> {
        let pb::AttestationSeal {
            attestation: id,
            issuer: did,
            key,
            query,
            proof,
            issued_at_s,
            expires_at_s,
            chain,
            index,
            previous,
            token,
        } = wire;
        DecodeError::at_most("token", token.len(), TOKEN_BYTES_MAX)?;
        let compact = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        if token.split('.').count() != 3 || !token.bytes().all(compact) {
            return Err(DecodeError::field("token", "is no JWS in compact form"));
        }
        if expires_at_s <= issued_at_s {
            return Err(DecodeError::field("expires_at_s", "is not later than issued_at_s"));
        }
        let link = match (chain.as_str(), index, previous.as_str()) {
            ("", 0, "") => None,
            ("", _, _) => return Err(DecodeError::field("chain", "is missing beside a place in it")),
            (chain, index, previous) => {
                if (index == 0) != previous.is_empty() {
                    return Err(DecodeError::field("previous", "stands at every index but 0"));
                }
                Some(ChainLink {
                    chain: ChainId::parse(chain).map_err(|fault| DecodeError::field("chain", fault))?,
                    index,
                    previous: (index != 0).then(|| attestation(previous, "previous")).transpose()?,
                })
            }
        };
        Ok(Self {
            id: attestation(&id, "attestation")?,
            issuer: issuer(&did)?,
            key: key_id(&key, "key")?,
            query: digest(&query, "query")?,
            proof: digest(&proof, "proof")?,
            issued_at_s: second(issued_at_s, "issued_at_s")?,
            expires_at_s: second(expires_at_s, "expires_at_s")?,
            link,
            token,
        })
    }
}
