//! Logs and witnesses to judge: their keys are drawn from a number, so that every run is the same.

use crypto::{Digest, PublicKey, Scheme, SecretKey};
use merkle::subtree::{self, Subtree};
use merkle::{Nodes, consistency, leaf_hash, node_hash, root_at, subtree_hash};
use proto::checkpoint::{CheckpointText, CosignedSubtree, Head, cosignature_v1_message};
use proto::counter::TreeSize;
use proto::note::{KeyName, Note, NoteKey, NoteSignature, SignatureType};

use crate::request::{AddCheckpoint, Submitted};

fn secret(scheme: Scheme, number: u8) -> SecretKey {
    SecretKey::from_seed(scheme, &[number; 32]).expect("signs")
}

fn note_key(name: &str, kind: SignatureType, key: &PublicKey) -> NoteKey {
    NoteKey::new(KeyName::parse(name).expect("a name"), kind, key.clone()).expect("of that scheme")
}

/// A log whose leaf `n` says `n`, or in a fork from leaf 4 on something else.
pub struct Log {
    name: String,
    number: u8,
    fork: bool,
}

impl Log {
    pub fn new(name: &str, number: u8) -> Self {
        Self { name: name.to_owned(), number, fork: false }
    }

    /// The same log with another history.
    pub fn forked(self) -> Self {
        Self { fork: true, ..self }
    }

    pub fn origin(&self) -> KeyName {
        KeyName::parse(&self.name).expect("a name")
    }

    pub fn key(&self) -> NoteKey {
        note_key(&self.name, SignatureType::Ed25519, secret(Scheme::Ed25519, self.number).public())
    }

    pub fn vkey(&self) -> String {
        self.key().to_string()
    }

    pub fn head(&self, size: u64) -> Head {
        let root = root_at(self, size).expect("all leaves are there");
        Head { size: TreeSize::new(size), root }
    }

    pub fn text(&self, size: u64) -> CheckpointText {
        CheckpointText { origin: self.origin(), head: self.head(size) }
    }

    pub fn line(&self, text: &CheckpointText) -> NoteSignature {
        let signature = secret(Scheme::Ed25519, self.number).sign(text.to_string().as_bytes());
        let key = self.key();
        NoteSignature { name: key.name().clone(), key_id: key.id(), signature: signature.as_bytes().to_vec() }
    }

    pub fn note(&self, size: u64) -> Note {
        let text = self.text(size);
        Note::new(text.to_string(), vec![self.line(&text)]).expect("a note")
    }

    /// A checkpoint of a root of the caller's choice.
    pub fn signed(&self, size: u64, root: Digest) -> String {
        let text = CheckpointText { origin: self.origin(), head: Head { size: TreeSize::new(size), root } };
        Note::new(text.to_string(), vec![self.line(&text)]).expect("a note").to_string()
    }

    /// A request from one size to another that is no smaller.
    pub fn request(&self, old: u64, new: u64) -> String {
        let proof = consistency::prove(self, old, new).expect("grows");
        let checkpoint = Submitted { note: self.note(new), text: self.text(new) };
        AddCheckpoint { old: TreeSize::new(old), proof, checkpoint }.to_string()
    }

    /// A request that says an old size without a proof from it.
    pub fn request_saying(&self, old: u64, new: u64) -> String {
        format!("old {old}\n\n{}", self.note(new))
    }

    /// A request for a subtree, up to the empty line.
    pub fn subtree(&self, start: u64, end: u64, size: u64) -> String {
        use base64::Engine as _;
        let encode = |hash: &Digest| base64::engine::general_purpose::STANDARD.encode(hash.as_bytes());
        let subtree = Subtree::new(start, end).expect("a subtree");
        let proof = subtree::prove_consistency(self, subtree, size).expect("all leaves are there");
        let proof: String = proof.iter().map(|hash| format!("{}\n", encode(hash))).collect();
        let hash = subtree_hash(self, start, end).expect("all leaves are there");
        format!("subtree {start} {end}\n{}\n{proof}\n", encode(&hash))
    }
}

impl Nodes for Log {
    type Error = std::convert::Infallible;

    fn node(&self, level: u32, index: u64) -> Result<Digest, Self::Error> {
        if level == 0 {
            let fork = self.fork && index >= 4;
            return Ok(leaf_hash(format!("{index}{}", if fork { "'" } else { "" }).as_bytes()));
        }
        let (left, right) = (self.node(level - 1, index * 2)?, self.node(level - 1, index * 2 + 1)?);
        Ok(node_hash(&left, &right))
    }
}

/// Someone who cosigns.
pub struct Someone {
    name: String,
    number: u8,
}

impl Someone {
    pub fn new(name: &str, number: u8) -> Self {
        Self { name: name.to_owned(), number }
    }

    pub fn keys(&self) -> Vec<NoteKey> {
        let key =
            |kind: SignatureType| note_key(&self.name, kind, secret(kind.scheme(), self.number).public());
        vec![key(SignatureType::CosignatureEd25519), key(SignatureType::CosignatureMlDsa65)]
    }

    pub fn vkey_ed25519(&self) -> String {
        self.keys()[0].to_string()
    }

    pub fn ed25519(&self, text: &CheckpointText, time_s: u64) -> NoteSignature {
        let message = cosignature_v1_message(time_s, &text.to_string());
        self.timed(0, time_s, secret(Scheme::Ed25519, self.number).sign(&message).as_bytes())
    }

    pub fn ml_dsa_65(&self, text: &CheckpointText, time_s: u64) -> NoteSignature {
        let name = KeyName::parse(&self.name).expect("a name");
        let message = CosignedSubtree {
            cosigner: &name,
            time_s,
            origin: &text.origin,
            start: 0,
            end: text.head.size.get(),
            hash: text.head.root,
        }
        .signed_bytes();
        self.timed(1, time_s, secret(Scheme::MlDsa65, self.number).sign(&message).as_bytes())
    }

    fn timed(&self, key: usize, time_s: u64, signature: &[u8]) -> NoteSignature {
        let key = &self.keys()[key];
        let signature = [&time_s.to_be_bytes(), signature].concat();
        NoteSignature { name: key.name().clone(), key_id: key.id(), signature }
    }
}
