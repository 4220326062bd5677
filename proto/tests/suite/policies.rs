//! Policies: what a file may say, which witnesses satisfy it, and what a validator set becomes.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proto::note::{KeyName, NoteKey, SignatureType};
use proto::policy::{Outside, Policy, PolicyError, PolicyFault, PostQuantum, Quorum, Threshold};

use crate::fixture::{Network, index, secret};

fn vkey(name: &str, kind: SignatureType) -> String {
    let key = secret(kind.scheme(), &format!("policy/{name}")).public().clone();
    NoteKey::new(KeyName::parse(name).expect("a name"), kind, key).expect("scheme fits").to_string()
}

fn log(name: &str) -> String {
    vkey(name, SignatureType::Ed25519)
}

fn cosigner(name: &str) -> String {
    vkey(name, SignatureType::CosignatureEd25519)
}

/// The policy of the specification's example, with comments, urls and uneven spacing.
fn example() -> String {
    let mut text = format!("# an example\n\n \t log\t{}  https://log.example/ \n", log("log.example"));
    for name in ["X1", "X2", "X3", "Y1", "Y2", "Y3"] {
        text += &format!("witness {name} {}\n", cosigner(name));
    }
    text + "  # two levels\ngroup X-witnesses 2 X1 X2 X3\ngroup Y-witnesses any Y1 Y2 Y3\n\
            group X-and-Y all X-witnesses Y-witnesses\nquorum X-and-Y\n"
}

fn satisfied(policy: &Policy, names: &[&str]) -> bool {
    policy.satisfied(&names.iter().copied().collect::<BTreeSet<_>>())
}

#[test]
fn the_example_of_the_specification_is_read_and_means_what_it_says() {
    let policy: Policy = example().parse().expect("well formed");
    assert_eq!((policy.logs().len(), policy.witnesses().len(), policy.groups().len()), (1, 6, 3));
    assert_eq!(policy.logs()[0].url.as_deref(), Some("https://log.example/"));
    assert_eq!(policy.to_string().parse(), Ok(policy.clone()));
    assert_eq!(policy.to_string(), policy.to_string().parse::<Policy>().expect("printed").to_string());
    assert!(satisfied(&policy, &["X1", "X3", "Y2"]));
    assert!(satisfied(&policy, &["X1", "X2", "X3", "Y1", "Y2", "Y3"]));
    assert!(!satisfied(&policy, &["X1", "Y1", "Y2", "Y3"]));
    assert!(!satisfied(&policy, &["X1", "X2", "X3"]));
    // A group's own name, or a stranger's, is nobody's cosignature.
    assert!(!satisfied(&policy, &["X-and-Y"]));
    assert!(!satisfied(&policy, &["X-witnesses", "Y1"]));
    assert!(!satisfied(&policy, &[]));
}

#[test]
fn a_quorum_may_be_one_witness_or_none() {
    let one: Policy = format!("witness w {}\nquorum w\n", cosigner("w")).parse().expect("well formed");
    assert!(satisfied(&one, &["w"]) && !satisfied(&one, &[]));
    let none: Policy = "quorum none\n".parse().expect("well formed");
    assert_eq!(*none.quorum(), Quorum::None);
    assert!(satisfied(&none, &[]));
}

#[test]
fn a_line_that_says_something_else_is_refused_by_its_number() {
    let (log, a, b) = (log("l"), cosigner("a"), cosigner("b"));
    let two = format!("witness a {a}\nwitness b {b}\n");
    let form = |form| PolicyFault::Form { form };
    let name = |name: &str| PolicyFault::Name { name: name.into() };
    let undefined = |name: &str| PolicyFault::Undefined { name: name.into() };
    let threshold = |found: &str| PolicyFault::Threshold { found: found.into(), members: 2 };
    let group_form = "group <name> all|any|<number> <name>…";
    let role = |found, role| PolicyFault::Role { found, role };
    let twice = |name: &str| PolicyFault::KeyTwice { name: KeyName::parse(name).expect("a name") };
    let renamed = |key: &str, name: &str| {
        let key = NoteKey::parse(key).expect("a vkey");
        let (kind, public) = key.known().expect("known");
        NoteKey::new(KeyName::parse(name).expect("a name"), kind, public.clone()).expect("fits").to_string()
    };
    let cases = [
        ("an unknown word", "logs x\n".into(), 1, PolicyFault::Keyword { found: "logs".into() }),
        ("case matters", "Quorum none\n".into(), 1, PolicyFault::Keyword { found: "Quorum".into() }),
        ("no key", "log\n".into(), 1, form("log <vkey> [<url>]")),
        ("two urls", format!("log {log} u v\n"), 1, form("log <vkey> [<url>]")),
        ("no vkey", format!("witness {a}\n"), 1, form("witness <name> <vkey> [<url>]")),
        ("no members", format!("{two}group g all\n"), 3, form(group_form)),
        ("no name", "quorum\n".into(), 1, form("quorum <name>|none")),
        ("two quorums in one", format!("{two}quorum a b\n"), 3, form("quorum <name>|none")),
        ("two quorums", "quorum none\nquorum none\n".into(), 2, PolicyFault::QuorumTwice),
        ("no end", format!("{two}quorum a"), 3, PolicyFault::Unfinished),
        ("carriage return", "quorum none\r\n".into(), 1, PolicyFault::Control { found: b'\r' }),
        ("delete", "# \x7f\nquorum none\n".into(), 1, PolicyFault::Control { found: 0x7f }),
        (
            "a witness's key for a log",
            format!("log {a}\n"),
            1,
            role(SignatureType::CosignatureEd25519, "log"),
        ),
        (
            "a log's key for a witness",
            format!("witness l {log}\n"),
            1,
            role(SignatureType::Ed25519, "witness"),
        ),
        ("a log twice", format!("log {log}\nlog {log}\n"), 2, twice("l")),
        ("a log renamed", format!("log {log}\nlog {}\n", renamed(&log, "m")), 2, twice("m")),
        ("a witness renamed", format!("{two}witness c {}\n", renamed(&a, "c")), 3, twice("c")),
        ("a name twice", format!("witness a {a}\nwitness a {b}\n"), 2, name("a")),
        ("a group named as a witness", format!("{two}group a all b\n"), 3, name("a")),
        ("none", format!("witness none {a}\n"), 1, name("none")),
        ("an unknown member", format!("{two}group g all a c\n"), 3, undefined("c")),
        ("itself", format!("{two}group g all a g\n"), 3, undefined("g")),
        ("a later group", format!("{two}group g all h\ngroup h all a\n"), 3, undefined("h")),
        ("none as member", format!("{two}group g any none\n"), 3, undefined("none")),
        ("an unknown quorum", format!("{two}quorum c\n"), 3, undefined("c")),
        ("a later quorum", format!("quorum a\n{two}"), 1, undefined("a")),
        (
            "a member twice",
            format!("{two}group g any a a\n"),
            3,
            PolicyFault::MemberTwice { name: "a".into() },
        ),
        (
            "a member of two",
            format!("{two}group g any a\ngroup h any a\n"),
            4,
            PolicyFault::MemberTwice { name: "a".into() },
        ),
        ("threshold 0", format!("{two}group g 0 a b\n"), 3, threshold("0")),
        ("threshold above", format!("{two}group g 3 a b\n"), 3, threshold("3")),
        ("threshold 02", format!("{two}group g 02 a b\n"), 3, threshold("02")),
        ("threshold +2", format!("{two}group g +2 a b\n"), 3, threshold("+2")),
        ("threshold half", format!("{two}group g half a b\n"), 3, threshold("half")),
    ];
    for (case, text, line, fault) in cases {
        assert_eq!(text.parse::<Policy>(), Err(PolicyError::Line { line, fault }), "{case}");
    }
    let key = "log l+00000000+AQ==\n".parse::<Policy>();
    assert!(matches!(key, Err(PolicyError::Line { line: 1, fault: PolicyFault::Key(_) })));
    assert_eq!("".parse::<Policy>(), Err(PolicyError::NoQuorum));
    assert_eq!(two.parse::<Policy>(), Err(PolicyError::NoQuorum));
}

#[test]
fn what_is_too_much_is_refused() {
    let large = "#".repeat(Policy::BYTES_MAX + 1);
    assert_eq!(
        large.parse::<Policy>(),
        Err(PolicyError::TooLarge { found: large.len(), max: Policy::BYTES_MAX })
    );
    // Keys of a type not understood are cheap to make: 0xfe and any bytes.
    let opaque = |at: usize| STANDARD.encode([&[0xfe][..], &at.to_be_bytes()].concat());
    let many = |keyword: &str, count| -> String {
        (0..count).map(|at| format!("{keyword} k{at}+00000000+{}\n", opaque(at))).collect()
    };
    let logs = many("log", Policy::LOGS_MAX) + "quorum none\n";
    assert!(logs.parse::<Policy>().is_ok());
    let refused = (many("log", Policy::LOGS_MAX + 1) + "quorum none\n").parse::<Policy>();
    let fault = PolicyFault::TooMany { what: "logs", max: Policy::LOGS_MAX };
    assert_eq!(refused, Err(PolicyError::Line { line: Policy::LOGS_MAX + 1, fault }));
}

#[test]
fn two_keys_that_a_line_cannot_tell_apart_are_refused() {
    let text = "log k+00000001+/gk=\nwitness w k+00000001+/gg=\nquorum w\n";
    let fault = text.parse::<Policy>();
    assert!(
        matches!(fault, Err(PolicyError::Line { line: 2, fault: PolicyFault::KeyIdTwice { .. } })),
        "{fault:?}"
    );
}

#[test]
fn a_validator_set_becomes_its_quorum() {
    for count in [1, 2, 3, 4, 5, 6, 7, 10] {
        let network = Network::new(&vec![3; count]);
        let policy = Policy::of(&network.set).expect("equal powers");
        let quorum = (2 * count) / 3 + 1;
        assert_eq!(
            (policy.logs().len(), policy.witnesses().len(), policy.groups().len()),
            (count, 2 * count, count + 1)
        );
        assert!(policy.to_string().ends_with("quorum validators\n"));
        assert!(policy.to_string().contains(&format!("\ngroup validators {quorum} v1")));
        assert_eq!(policy.to_string().parse(), Ok(policy.clone()));
        let halves: Vec<String> =
            (1..=count).flat_map(|v| [format!("v{v}-ed25519"), format!("v{v}-ml-dsa-65")]).collect();
        let first = |number: usize| halves.iter().take(number).map(String::as_str).collect::<Vec<_>>();
        assert!(satisfied(&policy, &first(2 * quorum)));
        assert!(!satisfied(&policy, &first(2 * quorum - 1)), "one half is missing");
        let ed25519: Vec<&str> =
            halves.iter().map(String::as_str).filter(|name| name.ends_with("ed25519")).collect();
        assert!(!satisfied(&policy, &ed25519), "no post-quantum half");
    }
}

#[test]
fn one_half_of_each_validator_is_enough_where_that_is_asked_for() {
    let network = Network::new(&[1; 4]);
    let policy = Policy::template(&network.set, PostQuantum::Accept, None).expect("equal powers");
    assert_eq!(policy.to_string().parse(), Ok(policy.clone()));
    assert!(policy.to_string().contains("\ngroup v1 any v1-ed25519 v1-ml-dsa-65\n"));
    assert!(satisfied(&policy, &["v1-ed25519", "v2-ml-dsa-65", "v4-ed25519"]));
    assert!(!satisfied(&policy, &["v1-ed25519", "v1-ml-dsa-65", "v4-ed25519"]), "two validators");
    let required = Policy::template(&network.set, PostQuantum::Require, None).expect("equal powers");
    assert_eq!(required, Policy::of(&network.set).expect("equal powers"), "the one that is committed to");
}

#[test]
fn outside_witnesses_join_the_validators() {
    let network = Network::new(&[1; 4]);
    let key = |text: String| (NoteKey::parse(&text).expect("a vkey"), Some("http://w.example/".to_owned()));
    let keys = vec![
        key(cosigner("w.example/1")),
        key(vkey("w.example/1", SignatureType::CosignatureMlDsa65)),
        key(cosigner("w.example/2")),
    ];
    let of = |threshold, post_quantum| {
        let outside = Outside { threshold, keys: keys.clone() };
        Policy::template(&network.set, post_quantum, Some(&outside))
    };
    let policy = of(Threshold::Any, PostQuantum::Require).expect("no names collide");
    assert_eq!(policy.to_string().parse(), Ok(policy.clone()));
    assert!(policy.to_string().ends_with(
        "group w.example/1 all w.example/1-ed25519 w.example/1-ml-dsa-65\n\
         group witnesses any w.example/1 w.example/2\ngroup network all validators witnesses\nquorum network\n"
    ));
    let validators: Vec<String> =
        (1..=3).flat_map(|v| [format!("v{v}-ed25519"), format!("v{v}-ml-dsa-65")]).collect();
    let with = |more: &[&'static str]| -> BTreeSet<String> {
        validators.iter().cloned().chain(more.iter().map(|name| (*name).to_owned())).collect()
    };
    let holds = |policy: &Policy, names: &BTreeSet<String>| {
        policy.satisfied(&names.iter().map(String::as_str).collect())
    };
    assert!(!holds(&policy, &with(&[])), "no witness");
    assert!(holds(&policy, &with(&["w.example/2"])));
    assert!(!holds(&policy, &with(&["w.example/1-ed25519"])), "half a witness");
    assert!(holds(&policy, &with(&["w.example/1-ed25519", "w.example/1-ml-dsa-65"])));
    assert!(!satisfied(&policy, &["w.example/2", "w.example/1-ed25519", "w.example/1-ml-dsa-65"]));
    let both = of(Threshold::All, PostQuantum::Accept).expect("no names collide");
    assert!(holds(&both, &with(&["w.example/1-ed25519", "w.example/2"])));
    assert!(!holds(&both, &with(&["w.example/1-ed25519"])));
    let many = of(Threshold::AtLeast(3), PostQuantum::Require);
    assert!(matches!(many, Err(PolicyError::Set(PolicyFault::Threshold { members: 2, .. }))), "{many:?}");
    let outside = Outside { threshold: Threshold::Any, keys: vec![key(log("w.example/3"))] };
    let found = Policy::template(&network.set, PostQuantum::Require, Some(&outside));
    assert!(matches!(found, Err(PolicyError::Set(PolicyFault::Role { .. }))), "{found:?}");
    let same = Outside { threshold: Threshold::Any, keys: vec![key(cosigner("v1"))] };
    let found = Policy::template(&network.set, PostQuantum::Require, Some(&same));
    assert!(matches!(found, Err(PolicyError::Set(PolicyFault::Name { .. }))), "{found:?}");
}

#[test]
fn keys_of_types_that_are_not_understood_keep_their_place() {
    // A type that is not understood may sign for both, ECDSA and tree heads of RFC 6962 for logs alone.
    let of = |kind: u8| STANDARD.encode([&[kind][..], &[7; 40]].concat());
    for (kind, log, witness) in
        [(0xfe, true, true), (0x02, true, false), (0x05, true, false), (0xff, true, true)]
    {
        let key = format!("k+00000001+{}", of(kind));
        let as_log = format!("log {key}\nquorum none\n").parse::<Policy>();
        assert_eq!(as_log.is_ok(), log, "log 0x{kind:02x}");
        let as_witness = format!("witness w {key}\nquorum w\n").parse::<Policy>();
        assert_eq!(as_witness.is_ok(), witness, "witness 0x{kind:02x}");
        if let Err(fault) = as_witness {
            let fault_of = PolicyFault::OpaqueRole { found: kind, role: "witness" };
            assert_eq!(fault, PolicyError::Line { line: 1, fault: fault_of });
        }
    }
}

#[test]
fn what_the_specification_recommends_fits() {
    let mut text = String::new();
    for number in 0..32 {
        text += &format!("log {}\n", log(&format!("log.example/{number}")));
        text += &format!("witness w{number} {}\n", cosigner(&format!("w.example/{number}")));
    }
    // Thirty-two groups, each but the first in the next: as deep as they can be.
    text += "group g0 any w0\n";
    for number in 1..32 {
        text += &format!("group g{number} all g{} w{number}\n", number - 1);
    }
    let policy: Policy = (text + "quorum g31\n").parse().expect("within the limits");
    let all: Vec<String> = (0..32).map(|number| format!("w{number}")).collect();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    assert!(satisfied(&policy, &all));
    assert!(!satisfied(&policy, &all[1..]));
}

#[test]
fn a_policy_finds_the_key_of_a_line() {
    let network = Network::new(&[1; 4]);
    let policy = Policy::of(&network.set).expect("equal powers");
    let keys =
        proto::checkpoint::note_keys(&network.set, network.set.get(index(2)).expect("four")).expect("names");
    for key in &keys {
        assert!(policy.signer(key.name(), key.id()).is_some());
        assert!(policy.signer(&KeyName::parse("other").expect("a name"), key.id()).is_none());
    }
}

#[test]
fn unequal_powers_become_a_count_only_where_a_count_says_the_same() {
    let of = |powers: &[u64]| Policy::of(&Network::new(powers).set);
    // Any three of these hold more than two thirds, and no two do.
    assert!(of(&[10, 10, 10, 9]).expect("a count").to_string().contains("group validators 3 "));
    assert_eq!(of(&[4, 1, 1, 1]), Err(PolicyError::UnequalPowers { fewest: 2 }));
    assert_eq!(of(&[100, 1, 1, 1]), Err(PolicyError::UnequalPowers { fewest: 1 }));
}

#[test]
fn validators_whose_names_collide_have_no_policy() {
    for names in [["a", "a-ed25519", "b", "c"], ["validators", "b", "c", "d"], ["none", "b", "c", "d"]] {
        let network = Network::named(&names.map(|name| (name, 1)));
        assert!(
            matches!(Policy::of(&network.set), Err(PolicyError::Set(PolicyFault::Name { .. }))),
            "{names:?}"
        );
    }
}

#[test]
fn a_hundred_validators_fit() {
    let names: Vec<String> = (0..100).map(|number| format!("{}{number}", "v".repeat(29))).collect();
    let network = Network::named(&names.iter().map(|name| (name.as_str(), 1)).collect::<Vec<_>>());
    let policy = Policy::of(&network.set).expect("equal powers");
    assert_eq!(policy.to_string().parse(), Ok(policy));
}

proptest::proptest! {
    /// Whatever is read can be printed, read again, and says the same.
    #[test]
    fn a_policy_that_was_read_can_be_printed(line in 0..14_usize, at: proptest::sample::Index, byte in 0x20..0x7f_u8) {
        let mut lines: Vec<Vec<u8>> = example().split_inclusive('\n').map(|line| line.as_bytes().to_vec()).collect();
        let line = line % lines.len();
        let at = at.index(lines[line].len());
        lines[line][at] = byte;
        let text = String::from_utf8(lines.concat()).expect("ascii");
        if let Ok(policy) = text.parse::<Policy>() {
            proptest::prop_assert_eq!(policy.to_string().parse(), Ok(policy));
        }
    }
}
