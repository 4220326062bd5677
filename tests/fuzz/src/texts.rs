//! Texts that verifiers and operators read: what is printed again reads as the same value.

use model::jwks::Jwks;
use model::strict;
use proto::checkpoint::{CheckpointText, Head};
use proto::counter::TreeSize;
use proto::note::{KeyName, Note};
use proto::policy::Policy;
use proto::receipt::rfc9942::CoseParts;
use proto::receipt::{Bundle, Dialect, Issued, Receipt};
use proto::verified::Strict;
use verify::{Belief, Memory, Options, verify_checkpoint, verify_receipt};
use witness::{
    AddCheckpoint, Record, SignSubtree, TwoHeads, Watched, judge, judge_subtree, read_answer, read_conflict,
};

use super::fixture::NETWORK;

/// Longest key set read, in bytes.
const JWKS_BYTES_MAX: usize = 256 << 10;

fn text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok()
}

/// A checkpoint as signed note.
pub fn checkpoint_note(bytes: &[u8]) {
    let Some(text) = text(bytes) else { return };
    if let Ok(note) = Note::parse(text) {
        assert_eq!(note.to_string(), text, "a note has one spelling");
        if let Ok(checkpoint) = CheckpointText::parse(note.text()) {
            assert_eq!(CheckpointText::parse(&checkpoint.to_string()), Ok(checkpoint));
        }
    }
    drop(verify_checkpoint(&NETWORK.policy, text));
}

/// A C2SP tlog-policy.
pub fn policy(bytes: &[u8]) {
    let Some(text) = text(bytes) else { return };
    let Ok(policy) = text.parse::<Policy>() else { return };
    let printed = policy.to_string();
    assert_eq!(printed.parse::<Policy>().as_ref(), Ok(&policy), "{printed}");
    policy.satisfied(&policy.witnesses().iter().map(|witness| witness.name.as_str()).collect());
}

/// A receipt in JSON.
pub fn receipt_json(bytes: &[u8]) {
    let Some(text) = text(bytes) else { return };
    let Ok(receipt) = Receipt::from_json(text) else { return };
    assert_eq!(Receipt::from_json(&receipt.to_json()).as_ref(), Ok(&receipt));
    doubt(&receipt);
}

/// A receipt as C2SP tlog-proof: the first line of the input is the entry, in hexadecimal.
pub fn receipt_tlog_proof(bytes: &[u8]) {
    let Some((entry, proof)) = text(bytes).and_then(|text| text.split_once('\n')) else { return };
    let Ok(entry) = hex::decode(entry) else { return };
    let Ok(receipt) = Receipt::from_tlog_proof(proof, entry.clone()) else { return };
    let printed = receipt.to_tlog_proof();
    assert_eq!(Receipt::from_tlog_proof(&printed, entry).as_ref(), Ok(&receipt), "{printed}");
    doubt(&receipt);
}

/// A receipt in COSE, or one of RFC 9942 without what is ours.
pub fn receipt_cose(bytes: &[u8]) {
    // Whoever made it, it is taken apart without a panic.
    let parts = CoseParts::read(bytes);
    if let Ok(issued) = Issued::from_cose(bytes) {
        assert!(parts.is_ok());
        assert_eq!(issued.to_cose(), bytes, "a receipt in COSE has one spelling");
    }
    let Ok((receipt, issued)) = Receipt::from_cose(bytes) else { return };
    assert_eq!(receipt.to_cose(&issued), bytes, "a receipt in COSE has one spelling");
    assert_eq!(Dialect::of(bytes), Dialect::Cose);
    doubt_all(&Bundle { cose: vec![issued], ..Bundle::of(receipt) });
}

/// A bundle, or whatever else a verifier takes for a receipt.
pub fn receipt_bundle(bytes: &[u8]) {
    let Ok(bundle) = Bundle::read(bytes, None) else { return };
    assert_eq!(Bundle::from_json(&bundle.to_json()).as_ref(), Ok(&bundle));
    doubt_all(&bundle);
}

/// Alone and among others: the same verdict.
fn doubt_all(bundle: &Bundle) {
    let belief = Belief::Policy(&NETWORK.policy);
    let report = belief.verify(bundle, Options::default());
    assert_eq!(report.is_true(), report.failure().is_none(), "a report contradicts itself");
    let mut memory = Memory::new();
    for _ in 0..2 {
        assert_eq!(belief.verify_among(bundle, Options::default(), &mut memory), report);
    }
}

/// What a witness is asked, what it answers, and what it keeps: all that the bytes can be read as.
pub fn witness(bytes: &[u8]) {
    let watched = Watched::new(&[], vec![NETWORK.policy.clone()]).expect("a policy with logs");
    let record = Record::decode(bytes).ok();
    if let Some(record) = &record {
        assert_eq!(Record::decode(record.encode().as_bytes()).as_ref(), Ok(record));
    }
    if let Ok(request) = AddCheckpoint::parse(bytes) {
        assert_eq!(request.to_string().as_bytes(), bytes, "a request has one spelling");
        if let Ok(admitted) = judge(&watched, None, &request, &Strict) {
            let record = admitted.record(&[]).expect("a note with the log's lines");
            let again = judge(&watched, Some(&record), &request, &Strict);
            let kept = request.checkpoint.text.head.size == TreeSize::ZERO;
            assert_eq!(again.is_ok(), kept, "the size cosigned last is another now");
        }
    }
    if let Ok(request) = SignSubtree::parse(bytes) {
        drop(judge_subtree(&watched, record.as_ref(), &[], &request, &Strict));
    }
    let Some(text) = text(bytes) else { return };
    if let Ok(heads) = TwoHeads::parse(text) {
        assert_eq!(TwoHeads::parse(&heads.to_text()).as_ref(), Ok(&heads));
        drop(heads.verify(&NETWORK.policy, &Strict));
    }
    let keys: Vec<_> = NETWORK.policy.witnesses().iter().map(|one| one.key.clone()).collect();
    let said = CheckpointText {
        origin: KeyName::parse(NETWORK.set.origin()).expect("a name"),
        head: Head { size: TreeSize::ZERO, root: crypto::Digest::ZERO },
    };
    drop(read_answer(&keys, &said, text, 0, &Strict));
    drop(read_conflict(text));
}

fn doubt(receipt: &Receipt) {
    let report = verify_receipt(&NETWORK.policy, receipt, Options::default());
    assert_eq!(report.is_true(), report.failure().is_none(), "a report contradicts itself");
}

/// A JSON Web Key set.
pub fn jwks(bytes: &[u8]) {
    let Ok(value) = strict::parse(bytes, JWKS_BYTES_MAX) else { return };
    let Ok(keys) = strict::shape::<Jwks>(value) else { return };
    let printed = serde_json::to_value(&keys).expect("strings only");
    assert_eq!(strict::shape::<Jwks>(printed), Ok(keys));
}
