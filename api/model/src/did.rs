//! DID documents: the keys of an identity, or of the network, as resolvers of DIDs read them.
//!
//! Keys of schemes that neither JOSE nor multicodec has a name for are left out.
//! Sources: W3C DID Core 1.0, Controlled Identifiers 1.0 (`JsonWebKey`, `Multikey`), did:key, did:web.

use crypto::PublicKey;
use proto::did_key::{DidKey, DidKeyError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::jwks::Jwk;

const DID: &str = "https://www.w3.org/ns/did/v1";
const JWK: &str = "https://w3id.org/security/jwk/v1";
const MULTIKEY: &str = "https://w3id.org/security/multikey/v1";

/// A DID document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DidDocument {
    /// What the members mean.
    #[serde(rename = "@context")]
    pub context: Vec<String>,
    /// The DID.
    pub id: String,
    /// Its keys.
    pub verification_method: Vec<VerificationMethod>,
    /// Those that sign statements.
    pub assertion_method: Vec<String>,
    /// Those that speak for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub authentication: Vec<String>,
    /// Where it is served.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub service: Vec<Service>,
}

/// One key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct VerificationMethod {
    /// Its URL: the DID and a fragment.
    pub id: String,
    /// `JsonWebKey` or `Multikey`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Whose it is.
    pub controller: String,
    /// The key, of a `JsonWebKey`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub public_key_jwk: Option<Jwk>,
    /// The key, of a `Multikey`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub public_key_multibase: Option<String>,
}

/// Where something is served.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Service {
    /// Its URL: the DID and a fragment.
    pub id: String,
    /// What it is.
    #[serde(rename = "type")]
    pub kind: String,
    /// Where.
    pub service_endpoint: String,
}

impl DidDocument {
    /// The document of a DID with these keys.
    pub fn of<'a>(did: &str, keys: impl Iterator<Item = &'a PublicKey>) -> Self {
        let method = |jwk: Jwk| VerificationMethod {
            id: format!("{did}#{}", jwk.kid()),
            kind: "JsonWebKey".to_owned(),
            controller: did.to_owned(),
            public_key_jwk: Some(jwk),
            public_key_multibase: None,
        };
        let methods: Vec<_> = keys.filter_map(Jwk::of).map(method).collect();
        let ids: Vec<_> = methods.iter().map(|method| method.id.clone()).collect();
        Self {
            context: [DID, JWK].map(str::to_owned).to_vec(),
            id: did.to_owned(),
            verification_method: methods,
            assertion_method: ids.clone(),
            authentication: ids,
            service: Vec::new(),
        }
    }

    /// The document that a `did:key` stands for, by its text alone.
    ///
    /// # Errors
    /// `DidKeyError`.
    pub fn of_did_key(did: &str) -> Result<Self, DidKeyError> {
        let key = DidKey::parse(did)?;
        let method = VerificationMethod {
            id: format!("{did}#{}", key.multibase()),
            kind: "Multikey".to_owned(),
            controller: did.to_owned(),
            public_key_jwk: None,
            public_key_multibase: Some(key.multibase().to_owned()),
        };
        Ok(Self {
            context: [DID, MULTIKEY].map(str::to_owned).to_vec(),
            id: did.to_owned(),
            assertion_method: vec![method.id.clone()],
            authentication: vec![method.id.clone()],
            verification_method: vec![method],
            service: Vec::new(),
        })
    }

    /// The document of a network whose log has this origin: the keys that sign its heads. It is found where did:web looks
    /// for it, if the origin is the address the log is served at.
    pub fn of_network<'a>(origin: &str, keys: impl Iterator<Item = &'a PublicKey>) -> Self {
        let mut document = Self::of(&did_web(origin), keys);
        // These keys sign heads of the log; they speak for nobody.
        document.authentication.clear();
        document.service.push(Service {
            id: format!("{}#log", document.id),
            kind: "TransparencyLog".to_owned(),
            service_endpoint: format!("https://{origin}"),
        });
        document
    }
}

/// The did:web of an address without scheme: a colon before a port is `%3A`, slashes are colons.
pub fn did_web(address: &str) -> String {
    let escaped: String = address
        .trim_end_matches('/')
        .bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' | b'_' => char::from(byte).to_string(),
            b'/' => ":".to_owned(),
            other => format!("%{other:02X}"),
        })
        .collect();
    format!("did:web:{escaped}")
}

#[cfg(test)]
mod tests {
    use crypto::{Scheme, SecretKey};

    use super::*;

    fn key(scheme: Scheme) -> PublicKey {
        SecretKey::from_seed(scheme, &[7; 32]).expect("signs").public().clone()
    }

    #[test]
    fn addresses_become_dids_of_the_web() {
        for (address, did) in [
            ("ledger.example", "did:web:ledger.example"),
            ("ledger.example/v1/log", "did:web:ledger.example:v1:log"),
            ("ledger.example:3000/a", "did:web:ledger.example%3A3000:a"),
            ("ledger.example/", "did:web:ledger.example"),
            ("a b/ä", "did:web:a%20b:%C3%A4"),
        ] {
            assert_eq!(did_web(address), did);
        }
    }

    #[test]
    fn a_document_names_each_key_by_its_thumbprint() {
        let keys = [key(Scheme::Ed25519), key(Scheme::MlDsa65), key(Scheme::HybridEd25519MlDsa65)];
        let document = DidDocument::of("did:quorate:x", keys.iter());
        let ids: Vec<_> = keys[..2].iter().map(|key| format!("did:quorate:x#{}", key.id())).collect();
        assert_eq!(document.assertion_method, ids);
        let json = serde_json::to_value(&document).expect("writes");
        assert_eq!(json["verificationMethod"][0]["type"], "JsonWebKey");
        assert_eq!(json["verificationMethod"][1]["publicKeyJwk"]["kty"], "AKP");
        assert_eq!(json["@context"][0], DID);
        assert_eq!(serde_json::from_value::<DidDocument>(json).expect("reads"), document);
    }

    #[test]
    fn a_did_key_is_resolved_by_its_text() {
        let did = "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK";
        let document = DidDocument::of_did_key(did).expect("a key");
        let json = serde_json::to_value(&document).expect("writes");
        let multibase = "z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK";
        assert_eq!(json["verificationMethod"][0]["publicKeyMultibase"], multibase);
        assert_eq!(json["verificationMethod"][0]["id"], format!("{did}#{multibase}"));
        assert!(DidDocument::of_did_key("did:key:zzz").is_err());
        let post_quantum = DidKey::of(&key(Scheme::MlDsa65)).expect("has a code");
        assert!(DidDocument::of_did_key(post_quantum.did()).is_ok());
    }

    #[test]
    fn the_network_speaks_for_nobody() {
        let keys = [key(Scheme::Ed25519)];
        let document = DidDocument::of_network("ledger.example/log", keys.iter());
        assert_eq!(document.id, "did:web:ledger.example:log");
        assert!(document.authentication.is_empty());
        assert_eq!(document.service[0].service_endpoint, "https://ledger.example/log");
    }
}
