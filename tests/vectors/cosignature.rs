//! `cosignature.json`: cosignatures of a checkpoint of each type, ML-DSA-44 (06) among them, with the messages they sign.
//!
//! For those who write verifiers: every byte is here, the seeds of the keys too.
//! Source: C2SP tlog-cosignature.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crypto::sha256;
use proto::checkpoint::{CheckpointText, CosignedSubtree, cosignature_v1_message};
use proto::note::SignatureType;
use serde_json::{Value, json};

use crate::keys::{Cosigner44, subtree};
use crate::log::{Log, TIME_S, asked, proof_submit};
use crate::trust::{plain_signers, pq_witness, witness};

/// One key with what it signs under the checkpoint.
struct Row {
    kind: &'static str,
    name: String,
    material: Vec<u8>,
    message: Vec<u8>,
    signature: Vec<u8>,
    time_s: u64,
}

impl Row {
    fn json(&self) -> Value {
        let Self { kind, name, material, message, signature, time_s } = self;
        let id = &sha256(&[name.as_bytes(), b"\n", material].concat()).to_string()[..8];
        let payload = [&hex::decode(id).expect("hex")[..], &time_s.to_be_bytes(), signature].concat();
        json!({
            "type": kind,
            "name": name,
            "key_id": id,
            "vkey": format!("{name}+{id}+{}", STANDARD.encode(material)),
            "time_s": time_s,
            "message": STANDARD.encode(message),
            "signature": STANDARD.encode(signature),
            "line": format!("\u{2014} {name} {}", STANDARD.encode(payload)),
        })
    }
}

fn rows(text: &CheckpointText) -> Vec<Row> {
    let other = Cosigner44::new("witness.example/44", "ml-dsa-44");
    let message = subtree(other.name(), text, TIME_S).signed_bytes();
    let part = CosignedSubtree { start: 2, end: 3, time_s: 0, ..subtree(other.name(), text, 0) };
    let whole = Row {
        kind: "06 ML-DSA-44",
        name: other.name().to_string(),
        material: other.material(),
        signature: other.sign(&message),
        message,
        time_s: TIME_S,
    };
    let part = Row {
        kind: "06 ML-DSA-44, of the subtree [2, 3)",
        name: other.name().to_string(),
        material: other.material(),
        signature: other.sign(&part.signed_bytes()),
        message: part.signed_bytes(),
        time_s: 0,
    };
    let ed25519 = witness(1);
    let message = cosignature_v1_message(TIME_S, &text.to_string());
    let first = Row {
        kind: "04 Ed25519",
        name: ed25519.key.name().to_string(),
        material: material(&ed25519.key, SignatureType::CosignatureEd25519),
        signature: ed25519.sign(&message),
        message,
        time_s: TIME_S,
    };
    let ml_dsa = pq_witness(1);
    let message = subtree(ml_dsa.key.name(), text, TIME_S).signed_bytes();
    let second = Row {
        kind: "ff quorate/ml-dsa-65/v1",
        name: ml_dsa.key.name().to_string(),
        material: material(&ml_dsa.key, SignatureType::CosignatureMlDsa65),
        signature: ml_dsa.sign(&message),
        message,
        time_s: TIME_S,
    };
    vec![first, second, whole, part]
}

fn material(key: &proto::note::NoteKey, kind: SignatureType) -> Vec<u8> {
    let (_, public) = key.known().expect("a type of ours");
    [kind.prefix(), public.as_bytes()].concat()
}

/// The file.
pub fn file() -> Value {
    let text = Log::around(&plain_signers(), asked(proof_submit())).text();
    let rows: Vec<Value> = rows(&text).iter().map(Row::json).collect();
    json!({ "format": "quorate/cosignature-vectors/v1", "checkpoint": text.to_string(), "cosignatures": rows })
}
