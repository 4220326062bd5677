//! The keys of a witness, and the lines they sign.
//!
//! Keys of their own: an Ed25519 cosignature does not bind its signer's name, so one key for two roles could be made to
//! speak for the other. Both are derived from the node's seed.
//! Source: C2SP tlog-cosignature.

use crypto::{MlDsa44Secret, PublicKey, SecretKey};
use proto::checkpoint::{CheckpointText, CosignedSubtree, cosignature_v1_message};
use proto::note::{KeyName, NoteKey, NoteKeyError, NoteSignature, SignatureType};
use witness::AdmittedSubtree;

/// What a witness signs with.
#[derive(Debug)]
pub struct WitnessKeys {
    ed25519: SecretKey,
    ml_dsa_65: SecretKey,
    ml_dsa_44: MlDsa44Secret,
    notes: [NoteKey; 3],
}

impl WitnessKeys {
    /// These keys under this name.
    ///
    /// # Errors
    /// `Scheme` for keys of other schemes.
    pub fn new(
        name: &KeyName,
        ed25519: SecretKey,
        ml_dsa_65: SecretKey,
        ml_dsa_44: MlDsa44Secret,
    ) -> Result<Self, NoteKeyError> {
        let note = |kind, key: &PublicKey| NoteKey::new(name.clone(), kind, key.clone());
        let notes = [
            note(SignatureType::CosignatureEd25519, ed25519.public())?,
            note(SignatureType::CosignatureMlDsa65, ml_dsa_65.public())?,
            NoteKey::of_ml_dsa_44(name.clone(), ml_dsa_44.public().clone()),
        ];
        Ok(Self { ed25519, ml_dsa_65, ml_dsa_44, notes })
    }

    /// The name they sign under.
    pub const fn name(&self) -> &KeyName {
        self.notes[0].name()
    }

    /// The public keys: Ed25519, ML-DSA-65, ML-DSA-44.
    pub const fn notes(&self) -> &[NoteKey; 3] {
        &self.notes
    }

    /// Cosigns a checkpoint at `time_s`, in seconds since 1970.
    pub fn cosign(&self, text: &CheckpointText, time_s: u64) -> [NoteSignature; 3] {
        let ed25519 = self.ed25519.sign(&cosignature_v1_message(time_s, &text.to_string()));
        let [ml_dsa_65, ml_dsa_44] =
            self.cosign_part(&text.origin, time_s, 0, text.head.size.get(), text.head.root);
        [line(&self.notes[0], time_s, ed25519.as_bytes()), ml_dsa_65, ml_dsa_44]
    }

    /// Cosigns a subtree, which says no time.
    pub fn cosign_subtree(&self, admitted: &AdmittedSubtree) -> [NoteSignature; 2] {
        let AdmittedSubtree { origin, subtree, hash } = admitted;
        self.cosign_part(origin, 0, subtree.start(), subtree.end(), *hash)
    }

    fn cosign_part(
        &self,
        origin: &KeyName,
        time_s: u64,
        start: u64,
        end: u64,
        hash: crypto::Digest,
    ) -> [NoteSignature; 2] {
        let said = CosignedSubtree { cosigner: self.name(), time_s, origin, start, end, hash }.signed_bytes();
        [
            line(&self.notes[1], time_s, self.ml_dsa_65.sign(&said).as_bytes()),
            line(&self.notes[2], time_s, &self.ml_dsa_44.sign(&said)),
        ]
    }
}

fn line(key: &NoteKey, time_s: u64, signature: &[u8]) -> NoteSignature {
    let signature = [&time_s.to_be_bytes(), signature].concat();
    NoteSignature { name: key.name().clone(), key_id: key.id(), signature }
}
