//! Checkpoints on their own: whose lines count, and which time a quorum vouches for.

use proto::note::{Note, NoteSignature};
use proto::policy::Policy;
use verify::{CheckpointFault, verify_checkpoint};

use crate::fixture::{Network, TIME_S};

#[test]
fn a_minority_cannot_move_the_time_forward() {
    let network = Network::new("example.com/log");
    let head = network.head(6);
    let time = |times: [u64; 4]| {
        let signers: Vec<_> = (0..).zip(times).collect();
        let facts =
            verify_checkpoint(&network.policy, &network.checkpoint(head, &signers)).expect("a quorum");
        facts.vouched_time_s.map(|time_s| time_s - TIME_S)
    };
    let t = TIME_S;
    assert_eq!(time([t + 1, t + 2, t + 3, t + 4]), Some(2));
    assert_eq!(time([t + 1, t + 2, t + 3, t + 4_000_000]), Some(2));
    assert_eq!(time([t + 3, t + 2, t, t + 1]), Some(1));
    assert_eq!(time([t, t, t, t]), Some(0));
}

#[test]
fn a_time_beyond_the_allowed_is_refused() {
    let network = Network::new("example.com/log");
    let note = Note::parse(&network.checkpoint(network.head(6), &[(0, 1), (1, 1), (2, 1)])).expect("a note");
    let mut lines: Vec<NoteSignature> = note.signatures().to_vec();
    lines[1].signature[0] |= 0x80;
    let note = Note::new(note.text().to_owned(), lines).expect("a note").to_string();
    let refused = verify_checkpoint(&network.policy, &note);
    assert!(matches!(refused, Err(CheckpointFault::Signature { line: 2, .. })), "{refused:?}");
}

#[test]
fn the_log_key_of_another_origin_does_not_count() {
    let (network, other) = (Network::new("example.com/log"), Network::new("example.com/other"));
    let logs = |network: &Network| -> String {
        let text = network.policy.to_string();
        text.lines().filter(|line| line.starts_with("log ")).map(|line| format!("{line}\n")).collect()
    };
    let both = format!("{}{}quorum none\n", logs(&network), logs(&other));
    let policy: Policy = both.parse().expect("well formed");
    let head = network.head(6);
    let text = network.checkpoint(head, &[(0, TIME_S)]);
    let line = |network: &Network| {
        let note = Note::parse(&network.checkpoint(head, &[(0, TIME_S)])).expect("a note");
        note.signatures()[0].clone()
    };
    let text = Note::parse(&text).expect("a note").text().to_owned();
    let own = Note::new(text.clone(), vec![line(&network)]).expect("a note").to_string();
    assert!(verify_checkpoint(&policy, &own).is_ok());
    let mixed = Note::new(text, vec![line(&network), line(&other)]).expect("a note").to_string();
    let refused = verify_checkpoint(&policy, &mixed);
    assert!(matches!(refused, Err(CheckpointFault::UnknownKey { line: 2, .. })), "{refused:?}");
}

#[test]
fn a_key_of_a_type_not_understood_is_not_believed() {
    let network = Network::new("example.com/log");
    let text = network.policy.to_string();
    let policy: Policy =
        text.replace("quorum", "witness w w.example+01020304+CgkJCQ==\nquorum").parse().expect("well formed");
    let note = network.checkpoint(network.head(6), &[(0, 1), (1, 1), (2, 1)]);
    assert!(verify_checkpoint(&policy, &note).is_ok());
    let refused = verify_checkpoint(&policy, &format!("{note}\u{2014} w.example AQIDBAU=\n"));
    assert!(matches!(refused, Err(CheckpointFault::Signature { line: 10, .. })), "{refused:?}");
}
