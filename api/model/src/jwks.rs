//! Public keys as JSON Web Keys.
//!
//! Ed25519 is an OKP key without `alg`, because verifiers disagree on its name; ML-DSA-65 is an AKP key, where `alg`
//! is required. `kid` is the RFC 7638 thumbprint. Sources: RFC 8037, RFC 9964.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use crypto::{PublicKey, Scheme};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A set of keys (RFC 7517 §5).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Jwks {
    /// The keys.
    pub keys: Vec<Jwk>,
}

/// One public key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kty", deny_unknown_fields)]
pub enum Jwk {
    /// An Edwards-curve key.
    #[serde(rename = "OKP")]
    Okp {
        /// The key's RFC 7638 thumbprint.
        kid: String,
        /// Always `sig`.
        #[serde(rename = "use")]
        usage: String,
        /// Always `Ed25519`.
        crv: String,
        /// The key in base64url without padding.
        x: String,
    },
    /// An algorithm key pair.
    #[serde(rename = "AKP")]
    Akp {
        /// The key's RFC 7638 thumbprint.
        kid: String,
        /// Always `sig`.
        #[serde(rename = "use")]
        usage: String,
        /// The algorithm.
        alg: String,
        /// The key in base64url without padding.
        #[serde(rename = "pub")]
        public: String,
    },
}

impl Jwk {
    /// The key's RFC 7638 thumbprint.
    pub fn kid(&self) -> &str {
        match self {
            Self::Okp { kid, .. } | Self::Akp { kid, .. } => kid,
        }
    }

    /// The key as JWK; none for schemes that JOSE has no name for.
    pub fn of(key: &PublicKey) -> Option<Self> {
        let (kid, usage) = (key.id().to_string(), "sig".to_owned());
        let bytes = URL_SAFE_NO_PAD.encode(key.as_bytes());
        match key.scheme() {
            Scheme::Ed25519 => Some(Self::Okp { kid, usage, crv: "Ed25519".to_owned(), x: bytes }),
            Scheme::MlDsa65 => Some(Self::Akp { kid, usage, alg: "ML-DSA-65".to_owned(), public: bytes }),
            Scheme::HybridEd25519MlDsa65 | Scheme::Dilithium3R3 => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_of_rfc_8037_has_its_known_thumbprint() {
        let x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
        let bytes = URL_SAFE_NO_PAD.decode(x).expect("base64url");
        let key = PublicKey::parse(Scheme::Ed25519, &bytes).expect("a key");
        let json = serde_json::to_value(Jwk::of(&key)).expect("writes");
        assert_eq!(json["kid"], "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
        assert_eq!((&json["kty"], &json["crv"], &json["x"]), (&"OKP".into(), &"Ed25519".into(), &x.into()));
        assert!(json.get("alg").is_none());
    }

    #[test]
    fn a_post_quantum_key_names_its_algorithm() {
        let secret = crypto::SecretKey::from_seed(Scheme::MlDsa65, &[0; 32]).expect("signs");
        let json = serde_json::to_value(Jwk::of(secret.public())).expect("writes");
        assert_eq!((&json["kty"], &json["alg"]), (&"AKP".into(), &"ML-DSA-65".into()));
        // The thumbprint of the zero-seed key, computed by other libraries.
        assert_eq!(json["kid"], "Suiu29qbfuaBaR4Ats-c6XQBePB_OpAxAwcTR_0KXVM");
    }
}
