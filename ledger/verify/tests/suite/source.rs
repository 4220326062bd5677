//! Trust comes from the policy alone: a forger with a whole network of its own puts its keys everywhere else.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proto::canonical::Canonical as _;
use proto::entry::{Entry, EpochEntry};
use proto::note::{Note, NoteSignature};
use proto::policy::Policy;
use proto::receipt::Receipt;
use proto::validators::ValidatorSet;
use verify::{Options, verify_receipt};

use crate::fixture::{Network, SUBMITTED, TIME_S};

const ORIGIN: &str = "example.com/log";

/// A network that says it is another: its origin and id, other keys, and a log that says so too.
fn forged(real: &Network) -> Network {
    let mut forger = Network::new("example.com/forger");
    let validators = forger.set.iter().map(|(_, validator)| validator.clone()).collect();
    forger.set = ValidatorSet::new(
        *real.set.network(),
        ORIGIN.to_owned(),
        real.set.epoch(),
        real.set.opening(),
        validators,
    )
    .expect("well formed");
    forger.policy = Policy::of(&forger.set).expect("equal powers");
    forger.entries.clone_from(&real.entries);
    // Its log names its validators where the real one names the real ones.
    let Ok(Entry::Epoch(entry)) = Entry::decode(&real.entries[1]) else { panic!("the epoch stands there") };
    let entry = EpochEntry {
        validators: forger.set.digest(),
        policy: crypto::sha256(forger.policy.to_string().as_bytes()),
        ..entry
    };
    forger.entries[1] = Entry::Epoch(entry).encode();
    forger
}

fn failure(policy: &Policy, receipt: &Receipt) -> Option<&'static str> {
    verify_receipt(policy, receipt, Options::default()).failure().map(|(code, _)| code.as_str())
}

#[test]
fn keys_anywhere_but_in_the_policy_are_nobodys() {
    let real = Network::new(ORIGIN);
    let forger = forged(&real);
    let lie = forger.receipt(SUBMITTED);
    assert_eq!(failure(&forger.policy, &lie), None, "who trusts the forger believes it");
    let refused = |name: &str, receipt: &Receipt| {
        let failed = failure(&real.policy, receipt);
        assert!(matches!(failed, Some("checkpoint_signatures" | "quorum")), "{name}: {failed:?}");
    };
    refused("as it is", &lie);
    for index in 0..forger.entries.len() as u64 {
        refused("every entry, the epoch's too", &forger.receipt(index));
    }

    // Beside as many of the real ones as a forger could bribe, in front and behind.
    let head = forger.head(forger.entries.len());
    let lines = |network: &Network, signers: &[(u16, u64)]| -> Vec<NoteSignature> {
        Note::parse(&network.checkpoint(head, signers)).expect("a note").signatures().to_vec()
    };
    let bribed = lines(&real, &[(0, TIME_S), (1, TIME_S)]);
    let own = lines(&forger, &[(0, TIME_S), (1, TIME_S), (2, TIME_S), (3, TIME_S)]);
    let text = Note::parse(&lie.checkpoint).expect("a note").text().to_owned();
    let with = |lines: Vec<NoteSignature>| {
        let checkpoint = Note::new(text.clone(), lines).expect("a note").to_string();
        Receipt { checkpoint, ..lie.clone() }
    };
    refused("behind", &with([bribed.clone(), own.clone()].concat()));
    refused("in front", &with([own.clone(), bribed.clone()].concat()));
    refused("bribed alone", &with(bribed));

    // Under the names and ids of the real ones.
    let names = lines(&real, &[(0, TIME_S), (1, TIME_S), (2, TIME_S), (3, TIME_S)]);
    let posed = names
        .iter()
        .zip(&own)
        .map(|(name, own)| NoteSignature { signature: own.signature.clone(), ..name.clone() });
    refused("posing", &with(posed.collect()));
}

#[test]
fn a_receipt_has_no_room_for_keys() {
    let real = Network::new(ORIGIN);
    let forger = forged(&real);
    let lie = forger.receipt(SUBMITTED);
    let policy = forger.policy.to_string();
    let json = lie.to_json();
    for member in
        ["policy", "logs", "keys", "validators", "trust", "witnesses", "jwks", "genesis", "validatorSet"]
    {
        let escaped = policy.replace('\n', "\\n");
        let text = json.replacen('{', &format!("{{\"{member}\":\"{escaped}\","), 1);
        assert!(Receipt::from_json(&text).is_err(), "{member}");
    }
    let proof = lie.to_tlog_proof();
    let (first, rest) = proof.split_once('\n').expect("lines");
    let extra = format!("{first}\nextra {}\n{rest}", STANDARD.encode(&policy));
    // What C2SP calls extra data is not authenticated: read or not, it says nothing.
    if let Ok(receipt) = Receipt::from_tlog_proof(&extra, lie.entry.clone()) {
        assert_eq!(failure(&real.policy, &receipt), Some("checkpoint_signatures"));
    }
    // In front of the note, behind it, and in its text.
    for checkpoint in [
        format!("{policy}\n{}", lie.checkpoint),
        format!("{}{policy}", lie.checkpoint),
        lie.checkpoint.replacen("\n\n", &format!("\n{policy}\n"), 1),
    ] {
        let receipt = Receipt { checkpoint, ..lie.clone() };
        assert_eq!(failure(&real.policy, &receipt), Some("checkpoint_signatures"));
    }
}
