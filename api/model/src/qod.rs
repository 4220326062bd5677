//! Records of the QoD proof service: read from any of its answers, judged by whoever has the keys.
//!
//! Four checks, none of which asks another's outcome: the seal under the key its `kid` names, the hash of the link, the
//! place in the chain where it is known, the artifact's hash. Floats are kept as their text, so what is hashed is what
//! was sent. Node and command line judge by the same function. Source: `ledger/SESSIONS.md`.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use crypto::{PublicKey, Scheme, Signature, sha256};
use proto::canon::{Value, py_utf8};

/// A proof with its place in the chain, its seal, and perhaps its artifact: as it was told, true or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Seconds since 1970, or null.
    pub created_at: Value,
    /// The hash before, or `GENESIS`.
    pub prev_hash: String,
    /// Its own.
    pub this_hash: String,
    /// Over the text of its own hash, in base64url without padding.
    pub signature: String,
    /// By which key.
    pub kid: String,
    /// The proof.
    pub proof: Value,
    /// The artifact, if it came with it.
    pub artifact: Option<Value>,
}

impl Record {
    /// The answer of its finalization.
    pub fn answer(&self) -> Value {
        let Self { created_at: _, prev_hash, this_hash, signature, kid, proof, artifact: _ } = self;
        Value::object([
            ("prev_hash", prev_hash.as_str().into()),
            ("this_hash", this_hash.as_str().into()),
            ("signature", signature.as_str().into()),
            ("kid", kid.as_str().into()),
            ("proof", proof.clone()),
        ])
    }

    /// Reads a bundle, a stored record, or the answer of a finalization.
    ///
    /// # Errors
    /// Which member is missing or of another kind, in words.
    pub fn read(json: &Value) -> Result<Self, String> {
        let ledger = json.get("ledger").unwrap_or(json);
        let text = |name: &str| match ledger.get(name).and_then(Value::as_text) {
            Some(text) => Ok(text.to_owned()),
            None => Err(format!("{name}: a text is needed")),
        };
        let proof = json.get("proof").filter(|proof| matches!(proof, Value::Object(_)));
        Ok(Self {
            created_at: ledger.get("created_at").cloned().unwrap_or(Value::Null),
            prev_hash: text("prev_hash")?,
            this_hash: text("this_hash")?,
            signature: text("signature")?,
            kid: text("kid")?,
            proof: proof.cloned().ok_or_else(|| "proof: an object is needed".to_owned())?,
            artifact: json.get("runtime_artifact").filter(|it| **it != Value::Null).cloned(),
        })
    }

    /// The hash that the artifact has, as the proof claims.
    pub fn claimed_artifact(&self) -> Option<&str> {
        self.proof.get("artifacts").and_then(|it| it.get("runtime_artifact_sha256")).and_then(Value::as_text)
    }

    fn computed_hash(&self) -> String {
        let canonical = py_utf8::encode(&self.proof);
        sha256(&[self.prev_hash.as_bytes(), b"|", &canonical].concat()).to_string()
    }

    fn is_sealed_by(&self, key: &PublicKey) -> bool {
        let signature = URL_SAFE_NO_PAD.decode(&self.signature).ok();
        let signature = signature.and_then(|bytes| Signature::parse(Scheme::Ed25519, &bytes).ok());
        signature.is_some_and(|signature| key.verify(self.this_hash.as_bytes(), &signature).is_ok())
    }
}

/// A seal's text over a hash.
pub fn seal_text(signature: &Signature) -> String {
    URL_SAFE_NO_PAD.encode(signature.as_bytes())
}

/// What should stand before a proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Before {
    /// Nothing: it is the first.
    Nothing,
    /// A proof with this hash.
    Proof(String),
    /// That cannot be known from what is here.
    Unknown,
}

/// What is found of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Whether a key was found for its `kid`.
    pub key_found: bool,
    /// Whether its seal holds under that key.
    pub signature_verified: bool,
    /// Whether its hash is that of the proof and the hash before.
    pub ledger_hash_verified: bool,
    /// Whether the hash before is the one before it; true too where that cannot be known.
    pub chain_continuity_verified: bool,
    /// Whether the artifact has the hash that the proof claims.
    pub runtime_artifact_verified: bool,
    /// The hash before, as it is known.
    pub before: Before,
    /// The hash of the link, computed anew.
    pub computed_hash: String,
    /// The artifact's hash, computed anew.
    pub computed_artifact: Option<String>,
}

impl Verdict {
    /// Judges a record; `key` is the key that its `kid` names, if there is one.
    pub fn of(record: &Record, key: Option<&PublicKey>, before: Before) -> Self {
        let computed_hash = record.computed_hash();
        let computed_artifact =
            record.artifact.as_ref().map(|artifact| sha256(&py_utf8::encode(artifact)).to_string());
        let claimed = record.claimed_artifact();
        Self {
            key_found: key.is_some(),
            signature_verified: key.is_some_and(|key| record.is_sealed_by(key)),
            ledger_hash_verified: computed_hash == record.this_hash,
            chain_continuity_verified: match &before {
                Before::Nothing => record.prev_hash == "GENESIS",
                Before::Proof(hash) => record.prev_hash == *hash,
                Before::Unknown => true,
            },
            runtime_artifact_verified: claimed.is_some() && claimed == computed_artifact.as_deref(),
            before,
            computed_hash,
            computed_artifact,
        }
    }

    /// Whether every check holds.
    pub const fn verified(&self) -> bool {
        self.signature_verified
            && self.ledger_hash_verified
            && self.chain_continuity_verified
            && self.runtime_artifact_verified
    }

    /// What is said of the seal.
    pub const fn signature_reason(&self) -> &'static str {
        match (self.key_found, self.signature_verified) {
            (false, _) => "public_key_missing",
            (true, false) => "signature_mismatch",
            (true, true) => "ok",
        }
    }

    /// The first reason that speaks against it: the seal's, then the hash, the chain, the artifact.
    pub const fn reason(&self) -> &'static str {
        if !self.signature_verified {
            return self.signature_reason();
        }
        if !self.ledger_hash_verified {
            return "ledger_hash_mismatch";
        }
        if !self.chain_continuity_verified {
            return "ledger_chain_broken";
        }
        if !self.runtime_artifact_verified {
            return "runtime_hash_mismatch";
        }
        "ok"
    }

    /// The verdict on a record as the service tells it.
    pub fn answer(&self, session: &str, record: &Record) -> Value {
        let before = match &self.before {
            Before::Proof(hash) => Some(hash.as_str()),
            Before::Nothing | Before::Unknown => None,
        };
        Value::object([
            ("session_id", session.into()),
            ("verified", self.verified().into()),
            ("reason", self.reason().into()),
            ("runtime_artifact_verified", self.runtime_artifact_verified.into()),
            ("ledger_hash_verified", self.ledger_hash_verified.into()),
            ("chain_continuity_verified", self.chain_continuity_verified.into()),
            ("signature_verified", self.signature_verified.into()),
            ("signature_reason", self.signature_reason().into()),
            ("kid", record.kid.as_str().into()),
            ("proof_prev_hash", record.prev_hash.as_str().into()),
            ("expected_prev_this_hash", before.into()),
            ("proof_this_hash_stored", record.this_hash.as_str().into()),
            ("proof_this_hash_computed", self.computed_hash.as_str().into()),
            ("proof_signature_stored", record.signature.as_str().into()),
            ("proof_created_at", record.created_at.clone()),
            ("claimed_runtime_sha256", record.claimed_artifact().into()),
            ("computed_runtime_sha256", self.computed_artifact.as_deref().into()),
        ])
    }
}

#[cfg(test)]
mod tests {
    use crypto::SecretKey;
    use proto::canon::read;

    use super::*;

    fn secret() -> SecretKey {
        SecretKey::from_seed(Scheme::Ed25519, &[7; 32]).expect("signs")
    }

    /// A record that holds, of an artifact and a proof with floats and letters that are not ASCII.
    fn record(prev_hash: &str) -> Record {
        let artifact = read(r#"{"latency_ms": 100.0, "n": "é"}"#).expect("JSON");
        let hash = sha256(&py_utf8::encode(&artifact)).to_string();
        let proof = format!(r#"{{"artifacts": {{"runtime_artifact_sha256": "{hash}"}}, "text": "é"}}"#);
        let mut record = Record {
            created_at: Value::Null,
            prev_hash: prev_hash.to_owned(),
            this_hash: String::new(),
            signature: String::new(),
            kid: "k".to_owned(),
            proof: read(&proof).expect("JSON"),
            artifact: Some(artifact),
        };
        seal(&mut record);
        record
    }

    fn seal(record: &mut Record) {
        record.this_hash = record.computed_hash();
        record.signature = seal_text(&secret().sign(record.this_hash.as_bytes()));
    }

    fn verdict(record: &Record) -> &'static str {
        let secret = secret();
        let found = Verdict::of(record, Some(secret.public()), Before::Proof("p".to_owned()));
        assert_eq!(found.verified(), found.reason() == "ok");
        found.reason()
    }

    #[test]
    fn every_way_of_tampering_has_its_reason() {
        let good = record("p");
        assert_eq!(verdict(&good), "ok");
        let edited = |edit: fn(&mut Record)| {
            let mut record = good.clone();
            edit(&mut record);
            verdict(&record)
        };
        let proof = |record: &mut Record| record.proof = read(r#"{"text": "e"}"#).expect("JSON");
        assert_eq!(edited(|it| it.artifact = Some(Value::Null)), "runtime_hash_mismatch");
        assert_eq!(edited(|it| it.artifact = None), "runtime_hash_mismatch");
        assert_eq!(edited(|it| it.prev_hash = "q".to_owned()), "ledger_hash_mismatch");
        assert_eq!(edited(|it| it.signature.clear()), "signature_mismatch");
        assert_eq!(edited(|it| it.signature.push('=')), "signature_mismatch");
        let mut spoilt = good.clone();
        proof(&mut spoilt);
        assert_eq!(verdict(&spoilt), "ledger_hash_mismatch");
        spoilt.this_hash = spoilt.computed_hash();
        assert_eq!(verdict(&spoilt), "signature_mismatch");
        seal(&mut spoilt);
        assert_eq!(verdict(&spoilt), "runtime_hash_mismatch", "a proof without a claim proves no artifact");
        assert_eq!(verdict(&record("q")), "ledger_chain_broken");
    }

    #[test]
    fn a_key_that_is_not_there_comes_first() {
        let mut record = record("p");
        record.this_hash.clear();
        let found = Verdict::of(&record, None, Before::Nothing);
        assert_eq!((found.reason(), found.signature_reason()), ("public_key_missing", "public_key_missing"));
        assert!(!found.chain_continuity_verified && !found.ledger_hash_verified);
    }

    #[test]
    fn a_record_is_read_from_every_answer_that_holds_one() {
        let members =
            r#""created_at": 1.5, "prev_hash": "p", "this_hash": "t", "signature": "s", "kid": "k""#;
        let flat = read(&format!(r#"{{{members}, "proof": {{}}}}"#)).expect("JSON");
        let nested = format!(r#"{{"ledger": {{{members}}}, "proof": {{}}, "runtime_artifact": {{}}}}"#);
        let nested = read(&nested).expect("JSON");
        let (flat, nested) = (Record::read(&flat).expect("reads"), Record::read(&nested).expect("reads"));
        assert_eq!(Record { artifact: None, ..nested.clone() }, flat);
        assert!(nested.artifact.is_some());
        for missing in ["{}", r#"{"prev_hash": 1}"#, r#"{"proof": {}}"#, "[]", "null"] {
            assert!(Record::read(&read(missing).expect("JSON")).is_err());
        }
    }
}
