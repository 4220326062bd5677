//! Operations of issuers of attestations that are JWTs, in JSON.

use crypto::{PublicKey, Scheme, Signature};
use proto::operation::issuer::{
    Continuity, IssuerDid, IssuerKey as DomainKey, IssuerKeyChange, IssuerSet as DomainSet, IssuerStatus,
};
use proto::operation::seal::{AttestationId, ChainId, ChainLink, Seal as DomainSeal};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::scalar::{Bytes, Hash, Uint};

/// What is said of an issuer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IssuerSet {
    /// Its DID: `did:qwed:node:…`, `did:qwed:provider:…` or `did:qwed:user:…`.
    pub issuer: String,
    /// Its name, for people.
    pub name: String,
    /// `active` or `inactive`.
    pub status: String,
    /// How it was certified, or empty.
    #[serde(default)]
    pub certification_level: String,
}

/// A signing key that an issuer lists, or lists no longer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IssuerKey {
    /// The issuer's DID.
    pub issuer: String,
    /// The key to be listed. Either this or `drop`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub list: Option<ListedIssuerKey>,
    /// Id of the key to be dropped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drop: Option<String>,
}

/// A signing key to be listed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListedIssuerKey {
    /// The key: 0x04, x and y.
    pub public_key: Bytes,
    /// `ephemeral` or `persistent`; `configured` is read as the latter.
    #[serde(default = "ephemeral")]
    pub key_continuity_policy: String,
    /// When it was made, in seconds since 1970.
    pub generated_at: Uint,
    /// Its consent.
    pub possession: Bytes,
}

fn ephemeral() -> String {
    Continuity::default().name().to_owned()
}

/// An attestation put on the ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Seal {
    /// The token's `jti`.
    pub attestation: String,
    /// The token's `iss`.
    pub issuer: String,
    /// Id of the key that signed it.
    pub key: String,
    /// SHA-256 of what was asked.
    pub query: Hash,
    /// SHA-256 of what proves the answer.
    pub proof: Hash,
    /// The token's `iat`, in seconds since 1970.
    pub issued_at: Uint,
    /// The token's `exp`, in seconds since 1970.
    pub expires_at: Uint,
    /// Its place in a chain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<Link>,
    /// The token.
    pub token: String,
}

/// A place in a chain of attestations.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Link {
    /// The chain.
    pub chain: String,
    /// The place, from 0.
    pub index: Uint,
    /// The attestation before it; none at 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<String>,
}

impl From<&DomainSet> for IssuerSet {
    fn from(set: &DomainSet) -> Self {
        Self {
            issuer: set.issuer.to_string(),
            name: set.name.clone(),
            status: set.status.name().to_owned(),
            certification_level: set.certification.clone(),
        }
    }
}

impl IssuerSet {
    /// What it says, checked.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn parse(&self) -> Result<DomainSet, String> {
        let known = [IssuerStatus::Active, IssuerStatus::Inactive];
        let status = known.into_iter().find(|status| status.name() == self.status);
        Ok(DomainSet {
            issuer: issuer(&self.issuer)?,
            name: self.name.clone(),
            status: status.ok_or("status: is active or inactive")?,
            certification: self.certification_level.clone(),
        })
    }
}

impl From<&DomainKey> for IssuerKey {
    fn from(key: &DomainKey) -> Self {
        let (list, drop) = match &key.change {
            IssuerKeyChange::List { key, continuity, generated_at_s, possession } => {
                let listed = ListedIssuerKey {
                    public_key: Bytes(key.as_bytes().to_vec()),
                    key_continuity_policy: continuity.name().to_owned(),
                    generated_at: Uint(*generated_at_s),
                    possession: Bytes(possession.as_bytes().to_vec()),
                };
                (Some(listed), None)
            }
            IssuerKeyChange::Drop { key } => (None, Some(key.to_string())),
        };
        Self { issuer: key.issuer.to_string(), list, drop }
    }
}

impl IssuerKey {
    /// What it says, checked.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn parse(&self) -> Result<DomainKey, String> {
        let change = match (&self.list, &self.drop) {
            (Some(listed), None) => IssuerKeyChange::List {
                key: PublicKey::parse(Scheme::Es256, &listed.public_key.0)
                    .map_err(|fault| format!("list.public_key: {fault}"))?,
                continuity: Continuity::from_name(&listed.key_continuity_policy)
                    .map_err(|fault| format!("list.key_continuity_policy: {fault}"))?,
                generated_at_s: listed.generated_at.0,
                possession: Signature::parse(Scheme::Es256, &listed.possession.0)
                    .map_err(|fault| format!("list.possession: {fault}"))?,
            },
            (None, Some(key)) => {
                IssuerKeyChange::Drop { key: key.parse().map_err(|fault| format!("drop: {fault}"))? }
            }
            (None, None) | (Some(_), Some(_)) => return Err("either list or drop is given".to_owned()),
        };
        Ok(DomainKey { issuer: issuer(&self.issuer)?, change })
    }
}

impl From<&DomainSeal> for Seal {
    fn from(seal: &DomainSeal) -> Self {
        Self {
            attestation: seal.id.to_string(),
            issuer: seal.issuer.to_string(),
            key: seal.key.to_string(),
            query: Hash(seal.query),
            proof: Hash(seal.proof),
            issued_at: Uint(seal.issued_at_s),
            expires_at: Uint(seal.expires_at_s),
            link: seal.link.as_ref().map(|link| Link {
                chain: link.chain.to_string(),
                index: Uint(link.index),
                previous: link.previous.as_ref().map(ToString::to_string),
            }),
            token: seal.token.clone(),
        }
    }
}

impl Seal {
    /// What it says, checked.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn parse(&self) -> Result<DomainSeal, String> {
        Ok(DomainSeal {
            id: attestation(&self.attestation)?,
            issuer: issuer(&self.issuer)?,
            key: self.key.parse().map_err(|fault| format!("key: {fault}"))?,
            query: self.query.0,
            proof: self.proof.0,
            issued_at_s: self.issued_at.0,
            expires_at_s: self.expires_at.0,
            link: self.link.as_ref().map(Link::parse).transpose()?,
            token: self.token.clone(),
        })
    }
}

impl Link {
    fn parse(&self) -> Result<ChainLink, String> {
        Ok(ChainLink {
            chain: ChainId::parse(&self.chain).map_err(|fault| format!("link.chain: {fault}"))?,
            index: self.index.0,
            previous: self.previous.as_deref().map(attestation).transpose()?,
        })
    }
}

fn issuer(text: &str) -> Result<IssuerDid, String> {
    IssuerDid::parse(text).map_err(|fault| format!("issuer: {fault}"))
}

fn attestation(text: &str) -> Result<AttestationId, String> {
    AttestationId::parse(text).map_err(|fault| fault.to_string())
}

#[cfg(test)]
pub(crate) mod tests {
    use crypto::{SecretKey, sha256};

    use super::*;

    pub(crate) fn set() -> DomainSet {
        DomainSet {
            issuer: issuer("did:qwed:node:production").expect("an issuer"),
            name: "QWED Production".to_owned(),
            status: IssuerStatus::Inactive,
            certification: "level-1".to_owned(),
        }
    }

    fn change(change: IssuerKeyChange) -> DomainKey {
        DomainKey { issuer: issuer("did:qwed:user:bob").expect("an issuer"), change }
    }

    pub(crate) fn listed() -> DomainKey {
        let secret = SecretKey::from_seed(Scheme::Es256, &[7; 32]).expect("signs");
        change(IssuerKeyChange::List {
            key: secret.public().clone(),
            continuity: Continuity::Persistent,
            generated_at_s: 5,
            possession: secret.sign(b"any"),
        })
    }

    pub(crate) fn dropped() -> DomainKey {
        let secret = SecretKey::from_seed(Scheme::Es256, &[7; 32]).expect("signs");
        change(IssuerKeyChange::Drop { key: secret.public().id() })
    }

    pub(crate) fn seal() -> DomainSeal {
        let chain = ChainId::parse("abc").expect("a name");
        let previous = Some(attestation("att_a").expect("a name"));
        DomainSeal {
            id: attestation("att_b").expect("a name"),
            issuer: issuer("did:qwed:user:bob").expect("an issuer"),
            key: SecretKey::from_seed(Scheme::Es256, &[7; 32]).expect("signs").public().id(),
            query: sha256(b"q"),
            proof: sha256(b"p"),
            issued_at_s: 5,
            expires_at_s: 6,
            link: Some(ChainLink { chain, index: 1, previous }),
            token: "e30.e30.c2ln".to_owned(),
        }
    }

    #[test]
    fn policies_are_read_by_their_names_and_their_one_alias() {
        let mut key = IssuerKey::from(&listed());
        let mut policy = |name: &str| {
            if let Some(list) = &mut key.list {
                list.key_continuity_policy = name.to_owned();
            }
            key.parse()
        };
        assert_eq!(policy("configured"), Ok(listed()));
        assert!(policy("forever").is_err_and(|fault| fault.contains("\"forever\"")));
    }
}
