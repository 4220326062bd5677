//! Policies that cannot be read, and policies that do not believe the log.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crypto::sha256;
use proto::note::NoteKey;
use proto::policy::Policy;

use crate::keys::{Cosigner44, NoteSigner};
use crate::log::{ORIGIN, asked, proof_submit, receipt_of};
use crate::trust::{log, other_log, plain, plain_signers, pq_witness, second_log, witness};
use crate::vector::{NO_TRUST, Text, Vector};

pub fn vectors() -> Vec<Vector> {
    [lines(), keys(), groups(), limits(), others()].concat()
}

fn judged(name: impl Into<String>, policy: impl Into<Text>, failed: &'static str) -> Vector {
    let receipt = receipt_of(&plain_signers(), asked(proof_submit()));
    Vector { policy: policy.into(), ..Vector::json(name, "", &receipt, Some(failed)) }
}

fn unread(name: impl Into<String>, policy: impl Into<Text>) -> Vector {
    judged(name, policy, NO_TRUST)
}

fn key(signer: &NoteSigner) -> String {
    signer.key.to_string()
}

fn lines() -> Vec<Vector> {
    let good = plain();
    let (log, w1) = (key(&log()), key(&witness(1)));
    let head = format!("log {log}\nwitness w1 {w1}\n");
    let control = |character: char| format!("{head}quorum w1{character}\n");
    let mut found = vec![
        unread("nothing", ""),
        unread("a comment alone", "# nothing\n"),
        unread("no quorum line", head.clone()),
        unread("no line's end at the end", good.trim_end()),
        unread("a comment without its line's end", format!("{good}# cut")),
        unread("lines that end in two characters", good.replace('\n', "\r\n")),
        unread("a byte order mark before", format!("\u{feff}{good}")),
        unread("an unknown word", format!("{good}threshold 1\n")),
        unread("a word in upper case", good.replace("quorum", "Quorum")),
        unread("words joined by a no-break space", good.replace("quorum ", "quorum\u{a0}")),
        unread("the quorum twice", format!("{good}quorum w1\n")),
        unread("the quorum twice, once none", format!("{good}quorum none\n")),
        unread("a quorum of nobody", format!("{head}quorum\n")),
        unread("a quorum of two", format!("{head}quorum w1 w1\n")),
        unread("a quorum with a comment behind it", format!("{head}quorum w1 # all\n")),
        unread("a quorum of an undefined name", format!("{head}quorum w2\n")),
        unread("a quorum of a log", format!("{head}quorum {ORIGIN}\n")),
        unread("a quorum that is defined after it", format!("log {log}\nquorum w1\nwitness w1 {w1}\n")),
        unread("a log without key", "log\nquorum none\n"),
        unread("a log with a word too many", format!("log {log} https://a https://b\nquorum none\n")),
        unread("a witness without key", format!("log {log}\nwitness w1\nquorum none\n")),
        unread("a witness without name", format!("log {log}\nwitness {w1}\nquorum none\n")),
        unread("a witness with a word too many", format!("log {log}\nwitness w1 {w1} a b\nquorum w1\n")),
        unread("a control character in a comment", format!("#\u{1}\n{good}")),
    ];
    for (name, character) in
        [("NUL", '\0'), ("a vertical tab", '\u{b}'), ("a form feed", '\u{c}'), ("DEL", '\u{7f}')]
    {
        found.push(unread(format!("{name} in a line"), control(character)));
    }
    let mut bytes = good.clone().into_bytes();
    bytes.insert(0, 0xff);
    found.push(unread("bytes that are no UTF-8", bytes));
    found
}

fn keys() -> Vec<Vector> {
    let (log_key, w1) = (key(&log()), key(&witness(1)));
    let with_log = |name: &str, vkey: &str| {
        unread(format!("a log's key {name}"), format!("log {vkey}\nwitness w1 {w1}\nquorum w1\n"))
    };
    let [name, id, material] = {
        let mut parts = log_key.splitn(3, '+');
        [(); 3].map(|()| parts.next().expect("three parts").to_owned())
    };
    let vkey = |name: &str, kind: &[u8], public: &[u8]| {
        let material = [kind, public].concat();
        let id = &sha256(&[name.as_bytes(), b"\n", &material].concat()).to_string()[..8];
        format!("{name}+{id}+{}", STANDARD.encode(material))
    };
    let point = |hex: &str| vkey(ORIGIN, &[1], &hex::decode(hex).expect("hex"));
    let public = log().key.known().expect("a type of ours").1.as_bytes().to_vec();
    let mut found = vec![
        with_log("of another id", &format!("{name}+00000000+{material}")),
        with_log("with its id in upper case", &format!("{name}+{}+{material}", id.to_uppercase())),
        with_log("with an id of 7 digits", &format!("{name}+{}+{material}", &id[1..])),
        with_log("with an id of 9 digits", &format!("{name}+0{id}+{material}")),
        with_log("with an id that is no hex", &format!("{name}+zzzzzzzz+{material}")),
        with_log("without id", &format!("{name}+{material}")),
        with_log("without name", &format!("+{id}+{material}")),
        with_log("of nothing but a name", &name),
        with_log("cut off by a character", &log_key[..log_key.len() - 1]),
        with_log("of an unknown type without padding", &format!("{name}+{id}+CQAAAAE")),
        with_log("with padding too much", &format!("{log_key}=")),
        with_log("in the URL-safe alphabet", &format!("{name}+{id}+-_{}", &material[2..])),
        with_log("of nothing", &format!("{name}+{id}+")),
        with_log("of a type and nothing more", &vkey(ORIGIN, &[1], &[])),
        with_log("of an unknown type and nothing more", &vkey(ORIGIN, &[9], &[])),
        with_log("of 31 bytes", &vkey(ORIGIN, &[1], &public[1..])),
        with_log("of 33 bytes", &vkey(ORIGIN, &[1], &[&public[..], &[0]].concat())),
        with_log("of another name than its id", &log_key.replacen("example.com/log", "example.com/lug", 1)),
        with_log("with a name of 256 bytes", &vkey(&"a".repeat(256), &[1], &public)),
        with_log("with a no-break space in its name", &vkey("example.com/\u{a0}log", &[1], &public)),
        with_log("with an ideographic space in its name", &vkey("example.com/\u{3000}log", &[1], &public)),
        with_log(
            "with a control character beyond ASCII in its name",
            &vkey("example.com/\u{85}log", &[1], &public),
        ),
        with_log("of more than 8 KiB", &vkey(ORIGIN, &[9], &[7; 6_200])),
        // y = 2 is no point; then the small-order points, p + 1 for 1, and 0 with the sign that x = 0 does not have.
        with_log("that is no point", &point(&format!("02{}", "00".repeat(31)))),
        with_log("that is the neutral point", &point(&format!("01{}", "00".repeat(31)))),
        with_log("of order 2", &point(&format!("ec{}7f", "ff".repeat(30)))),
        with_log("of order 4", &point(&"00".repeat(32))),
        with_log("of order 4, the other sign", &point(&format!("{}80", "00".repeat(31)))),
        with_log("of order 8", &point("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05")),
        with_log(
            "of order 8, the other sign",
            &point("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85"),
        ),
        with_log(
            "of order 8, the other y",
            &point("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"),
        ),
        with_log(
            "of order 8, the other y and sign",
            &point("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa"),
        ),
        with_log("that is the neutral point, the other sign", &point(&format!("01{}80", "00".repeat(30)))),
        with_log("that is the neutral point, p added", &point(&format!("ee{}7f", "ff".repeat(30)))),
        with_log("of order 4, p added", &point(&format!("ed{}7f", "ff".repeat(30)))),
        with_log("whose y has p added", &point(&format!("f0{}7f", "ff".repeat(30)))),
        with_log("of the greatest y that can be written", &point(&"ff".repeat(32))),
    ];
    let roles = [
        ("a cosigner's key for a log", format!("log {w1}\nquorum none\n")),
        ("an ML-DSA-65 key for a log", format!("log {}\nquorum none\n", key(&pq_witness(1)))),
        (
            "a log's key for a witness",
            format!("log {}\nwitness w1 {log_key}\nquorum w1\n", key(&second_log())),
        ),
        (
            "an ECDSA key for a witness",
            format!("log {log_key}\nwitness w1 {}\nquorum w1\n", vkey("w", &[2], &[7; 91])),
        ),
        (
            "a key for tree heads of RFC 6962 for a witness",
            format!("log {log_key}\nwitness w1 {}\nquorum w1\n", vkey("w", &[5], &[7; 65])),
        ),
        ("the log twice", format!("log {log_key}\nlog {log_key}\nwitness w1 {w1}\nquorum w1\n")),
        ("one key of two witnesses", format!("log {log_key}\nwitness w1 {w1}\nwitness w2 {w1}\nquorum w1\n")),
        (
            "one key of two witnesses under two names",
            format!(
                "log {log_key}\nwitness w1 {w1}\nwitness w2 {}\nquorum w1\n",
                vkey("example.com/other", &[4], witness(1).key.known().expect("a type of ours").1.as_bytes())
            ),
        ),
        (
            "one key of two logs",
            format!("log {log_key}\nlog {}\nquorum none\n", vkey("example.com/other", &[1], &public)),
        ),
        (
            "an ML-DSA-65 key that is too short",
            format!(
                "log {log_key}\nwitness w1 {}\nquorum w1\n",
                vkey("w", b"\xffquorate/ml-dsa-65/v1", &[5; 1_951])
            ),
        ),
        (
            "an unknown key of the name and id of another",
            format!(
                "log {log_key}\nwitness w1 {w1}\nwitness w2 {}+{}+CgAAAAA=\nquorum w1\n",
                witness(1).key.name(),
                witness(1).key.id()
            ),
        ),
    ];
    found.extend(roles.into_iter().map(|(name, policy)| unread(name, policy)));
    // The key of ML-DSA-44 is read, and its lines cannot be checked: `checkpoint.rs` shows that.
    let other = Cosigner44::new("witness.example/44", "ml-dsa-44");
    assert!(NoteKey::parse(&vkey(other.name().as_str(), &[], &other.material())).is_ok());
    found
}

fn groups() -> Vec<Vector> {
    let witnesses: String =
        (1..=3).map(|number| format!("witness w{number} {}\n", key(&witness(number)))).collect();
    let with = |name: &str, rest: &str| unread(name, format!("log {}\n{witnesses}{rest}", key(&log())));
    vec![
        with("a group without members", "group g all\nquorum g\n"),
        with("a group without threshold", "group g\nquorum g\n"),
        with("a group of an undefined member", "group g all w1 w4\nquorum g\n"),
        with("a group that is a member of itself", "group g any w1 g\nquorum g\n"),
        with("a group of a later group", "group g any w1 h\ngroup h any w2\nquorum g\n"),
        with("a group with a member twice", "group g 2 w1 w1\nquorum g\n"),
        with("a member of two groups", "group g any w1\ngroup h any w1\nquorum h\n"),
        with(
            "a group that is a member of two groups",
            "group g any w1\ngroup h any g\ngroup i any g w2\nquorum i\n",
        ),
        with("a threshold of 0", "group g 0 w1 w2\nquorum g\n"),
        with("a threshold of more than the members", "group g 3 w1 w2\nquorum g\n"),
        with("a threshold with a zero before", "group g 01 w1 w2\nquorum g\n"),
        with("a threshold with a sign", "group g +1 w1 w2\nquorum g\n"),
        with("a threshold below zero", "group g -1 w1 w2\nquorum g\n"),
        with("a threshold in words", "group g most w1 w2\nquorum g\n"),
        with("a threshold in upper case", "group g ALL w1 w2\nquorum g\n"),
        with("a threshold of 2^64 and 1", "group g 18446744073709551617 w1 w2\nquorum g\n"),
        with("a threshold in digits beyond ASCII", "group g \u{661} w1 w2\nquorum g\n"),
        with("a group of a witness's name", "group w1 any w2\nquorum w1\n"),
        with("a group of its own member's name", "group w1 any w1\nquorum w1\n"),
        with("a group of a group's name", "group g any w1\ngroup g any w2\nquorum g\n"),
        with("a group called none", "group none any w1\nquorum w1\n"),
        unread(
            "a witness called none",
            format!("log {}\nwitness none {}\nquorum none\n", key(&log()), key(&witness(1))),
        ),
        unread(
            "two witnesses of one name",
            format!(
                "log {}\nwitness w {}\nwitness w {}\nquorum w\n",
                key(&log()),
                key(&witness(1)),
                key(&witness(2))
            ),
        ),
    ]
}

fn limits() -> Vec<Vector> {
    let good = plain();
    let filled = |more: usize| {
        let room = Policy::BYTES_MAX - good.len() - "#\n".len();
        Text::repeated(&[(&good, 1), ("#", 1), ("a", room + more), ("\n", 1)])
    };
    let wide = Text::repeated(&[(&good, 1), ("#", 1), ("\u{2014}", Policy::BYTES_MAX / 3), ("\n", 1)]);
    // Keys of an unknown type are the shortest; each needs bytes of its own.
    let unknown = |number: u32| {
        let material = [&[9][..], &number.to_be_bytes()].concat();
        format!("example.com/{number}+{number:08x}+{}", STANDARD.encode(material))
    };
    let many = |count: u32, line: &dyn Fn(u32) -> String| (1..=count).map(line).collect::<String>();
    let logs = |count| format!("{}{good}", many(count, &|number| format!("log {}\n", unknown(number))));
    let witnesses = |count| {
        format!("{}{good}", many(count, &|number| format!("witness x{number} {}\n", unknown(number))))
    };
    let groups = |count: u32| {
        let names = many(count, &|number| format!("witness x{number} {}\n", unknown(number)));
        let groups = many(count, &|number| format!("group g{number} any x{number}\n"));
        format!("{names}{groups}{good}")
    };
    let good_one = |name: &str, policy: Text| Vector { failed: None, ..judged(name, policy, NO_TRUST) };
    vec![
        unread("a byte more than 1 MiB", filled(1)),
        good_one("a policy of 1 MiB", filled(0)),
        unread("more than 1 MiB in fewer characters", wide),
        unread("257 logs", logs(256)),
        good_one("256 logs", logs(255).into()),
        unread("513 witnesses", witnesses(512)),
        good_one("512 witnesses", witnesses(511).into()),
        unread("257 groups", groups(257)),
        good_one("256 groups", groups(256).into()),
    ]
}

fn others() -> Vec<Vector> {
    let w1 = key(&witness(1));
    let other = key(&other_log());
    vec![
        judged("a policy without a log", format!("witness w1 {w1}\nquorum w1\n"), "policy"),
        judged("a policy without anything", "quorum none\n", "policy"),
        judged("a policy of another log", format!("log {other}\nwitness w1 {w1}\nquorum w1\n"), "policy"),
        judged(
            "a policy of a log whose name begins like this one's",
            format!(
                "log {}\nwitness w1 {w1}\nquorum w1\n",
                NoteSigner::new("example.com/log/", proto::note::SignatureType::Ed25519, "log").key
            ),
            "policy",
        ),
        judged(
            "a policy of a log whose name differs in case",
            format!(
                "log {}\nwitness w1 {w1}\nquorum w1\n",
                NoteSigner::new("Example.com/log", proto::note::SignatureType::Ed25519, "log").key
            ),
            "policy",
        ),
    ]
}
