//! Public keys as JSON Web Keys.
//!
//! Ed25519 is an OKP key without `alg`, because verifiers disagree on its name; ML-DSA-65 is an AKP key, where `alg`
//! is required. `kid` is the RFC 7638 thumbprint, or for issuers of attestations ends with it. Sources: RFC 8037, RFC 9964.

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
        /// `EdDSA` where the entry is for clients that need it; left out else.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        alg: Option<String>,
        /// Always `Ed25519`.
        crv: String,
        /// The key in base64url without padding.
        x: String,
    },
    /// A key on a prime curve.
    #[serde(rename = "EC")]
    Ec {
        /// The name by which tokens call the key: of an issuer's, its DID, `#` and the key's RFC 7638 thumbprint.
        kid: String,
        /// Always `sig`.
        #[serde(rename = "use")]
        usage: String,
        /// Always `ES256`.
        alg: String,
        /// Always `P-256`.
        crv: String,
        /// The first coordinate in base64url without padding.
        x: String,
        /// The second coordinate, likewise.
        y: String,
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
            Self::Okp { kid, .. } | Self::Akp { kid, .. } | Self::Ec { kid, .. } => kid,
        }
    }

    /// An Ed25519 key by one more name, with the `alg` that clients of other systems look for; none of another scheme.
    pub fn named(key: &PublicKey, name: String) -> Option<Self> {
        match Self::of(key) {
            Some(Self::Okp { kid: _, usage, alg: _, crv, x }) => {
                Some(Self::Okp { kid: name, usage, alg: Some("EdDSA".to_owned()), crv, x })
            }
            Some(Self::Akp { .. } | Self::Ec { .. }) | None => None,
        }
    }

    /// An ES256 key under a name of its own; none of other schemes.
    pub fn es256(key: &PublicKey, kid: String) -> Option<Self> {
        let (x, y) = key.coordinates()?;
        Some(Self::Ec {
            kid,
            usage: "sig".to_owned(),
            alg: "ES256".to_owned(),
            crv: "P-256".to_owned(),
            x: URL_SAFE_NO_PAD.encode(x),
            y: URL_SAFE_NO_PAD.encode(y),
        })
    }

    /// The key as JWK; none for schemes that JOSE has no name for.
    pub fn of(key: &PublicKey) -> Option<Self> {
        let (kid, usage) = (key.id().to_string(), "sig".to_owned());
        let bytes = URL_SAFE_NO_PAD.encode(key.as_bytes());
        match key.scheme() {
            Scheme::Ed25519 => Some(Self::Okp { kid, usage, alg: None, crv: "Ed25519".to_owned(), x: bytes }),
            Scheme::MlDsa65 => Some(Self::Akp { kid, usage, alg: "ML-DSA-65".to_owned(), public: bytes }),
            Scheme::Es256 => Self::es256(key, kid),
            Scheme::HybridEd25519MlDsa65 | Scheme::Dilithium3R3 | Scheme::HybridDilithium3R3Ed25519 => None,
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
    fn a_key_on_p_256_shows_its_coordinates_under_its_name() {
        let secret = crypto::SecretKey::from_seed(Scheme::Es256, &[7; 32]).expect("signs");
        let json = serde_json::to_value(Jwk::es256(secret.public(), "did:qwed:node:local#k".to_owned()));
        let json = json.expect("writes");
        for (name, value) in [("kty", "EC"), ("crv", "P-256"), ("alg", "ES256"), ("use", "sig")] {
            assert_eq!(json[name], value);
        }
        assert_eq!(
            (json["x"].as_str().map(str::len), json["y"].as_str().map(str::len)),
            (Some(43), Some(43))
        );
        assert_eq!(Jwk::of(secret.public()).expect("has a form").kid(), secret.public().id().to_string());
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
