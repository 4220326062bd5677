//! Checkpoints that are not the quorum's.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crypto::Digest;
use proto::checkpoint::{CheckpointText, cosignature_v1_message};
use proto::counter::TreeSize;
use proto::note::{KeyName, NoteKeyId, NoteSignature};
use proto::receipt::Receipt;

use crate::keys::{Cosigner44, NoteSigner, subtree};
use crate::log::{Log, TIME_S, asked, note, proof_submit};
use crate::trust::{
    both, both_signers, log as log_key, nested, other_log, outsider, plain, plain_signers, pq_witness,
    second_log, two_of_three, witness,
};
use crate::vector::{Text, Vector};

const SIGNATURES: &str = "checkpoint_signatures";
const QUORUM: &str = "quorum";

pub fn vectors() -> Vec<Vector> {
    [texts(), heads(), lines(), keys(), schemes(), quorums(), ml_dsa_44()].concat()
}

fn log() -> Log {
    Log::around(&plain_signers(), asked(proof_submit()))
}

fn of(log: &Log, checkpoint: String) -> Receipt {
    Receipt { checkpoint, ..log.receipt(1) }
}

/// A receipt under the plain policy whose checkpoint is this text.
fn one(name: impl Into<String>, checkpoint: impl Into<String>) -> Vector {
    Vector::json(name, &plain(), &of(&log(), checkpoint.into()), Some(SIGNATURES))
}

/// A receipt under the plain policy whose note has these lines.
fn lined(name: impl Into<String>, lines: Vec<NoteSignature>) -> Vector {
    one(name, note(&log().text(), lines))
}

/// The text as it is signed, though it may be no checkpoint: both sign it.
fn signed_text(text: &str) -> String {
    let time = TIME_S.to_be_bytes();
    let first = log_key().spelt(log_key().sign(text.as_bytes()));
    let cosigned = witness(1).sign(&cosignature_v1_message(TIME_S, text));
    let second = witness(1).spelt([&time[..], &cosigned].concat());
    format!("{text}\n{first}{second}")
}

/// Notes that are none.
fn texts() -> Vec<Vector> {
    let good = log().checkpoint();
    let mark = "\u{2014} ";
    let swap = |from: &str, to: &str| {
        let spoilt = good.replacen(from, to, 1);
        assert_ne!(spoilt, good, "{from:?} stands in the note");
        spoilt
    };
    let last = good.lines().last().expect("lines").to_owned();
    let payload = last.rsplit(' ').next().expect("three words").to_owned();
    let id = &STANDARD.decode(&payload).expect("base64")[..4];
    let mut found: Vec<Vector> = [
        ("no note", String::new()),
        ("the text alone", good.split("\n\n").next().expect("a text").to_owned() + "\n"),
        ("the text and an empty line", log().text().to_string() + "\n"),
        ("no empty line", good.replace("\n\n", "\n")),
        ("an empty line too much", good.replace("\n\n", "\n\n\n")),
        (
            "an empty line between the signature lines",
            swap("\n\u{2014} example.com/log/v1", "\n\n\u{2014} example.com/log/v1"),
        ),
        ("an empty line at the end", format!("{good}\n")),
        ("nothing before the empty line", good[good.find("\n\n").expect("the empty line")..].to_owned()),
        ("no line's end at the end", good.trim_end().to_owned()),
        ("a word after the last line", format!("{good}x")),
        ("lines that end in two characters", good.replace('\n', "\r\n")),
        ("a tab in the note", swap(mark, "\u{2014}\t")),
        ("a NUL in the text", swap("example.com/log\n", "example.com/log\0\n")),
        ("a hyphen for the dash", good.replace('\u{2014}', "-")),
        ("an en dash for the dash", good.replace('\u{2014}', "\u{2013}")),
        ("no blank after the dash", swap(mark, "\u{2014}")),
        ("two blanks after the dash", swap(mark, "\u{2014}  ")),
        ("a no-break space after the dash", swap(mark, "\u{2014}\u{a0}")),
        ("a line without signature", swap(&format!(" {payload}"), "")),
        ("a line with a word too many", swap(&payload, &format!("{payload} x"))),
        ("a line with a blank at its end", swap(&payload, &format!("{payload} "))),
        ("a signature without padding", swap(&payload, payload.trim_end_matches('='))),
        ("a signature with padding too much", swap(&payload, &format!("{payload}="))),
        ("a signature in the URL-safe alphabet", swap(&payload, &format!("-_{}", &payload[2..]))),
        ("a signature of a key id alone", swap(&payload, &STANDARD.encode(id))),
        ("a signature of three bytes", swap(&payload, &STANDARD.encode(&id[..3]))),
        ("a signature of nothing", swap(&payload, "")),
        ("a plus sign in a name", swap("\u{2014} example.com/log/v1", "\u{2014} example.com/log+v1")),
        (
            "a name of 256 bytes",
            swap("\u{2014} example.com/log/v1", &format!("\u{2014} {}", "a".repeat(256))),
        ),
        (
            "an ideographic space in a name",
            swap("\u{2014} example.com/log/v1", "\u{2014} example.com/log\u{3000}v1"),
        ),
    ]
    .into_iter()
    .map(|(name, text)| one(name, text))
    .collect();
    let marked = one("a byte order mark before", format!("\u{feff}{good}"));
    found.push(Vector { failed: Some("policy"), ..marked });
    // A payload of 76 bytes ends in two characters of padding: their neighbour has four bits to spare.
    assert!(payload.ends_with("=="), "{payload}");
    let at = payload.len() - 3;
    let spare = if payload.as_bytes()[at] == b'A' { "B" } else { "C" };
    let spoilt = format!("{}{spare}==", &payload[..at]);
    if STANDARD.decode(&spoilt).is_err() {
        found.push(one("a signature with bits to spare that are set", swap(&payload, &spoilt)));
    }
    let receipt = log().receipt(1).to_json();
    let (before, after) = receipt.split_once("\u{2014}").expect("a dash");
    let line = "\u{2014} example.com/x AAAAAAA=\\n";
    let many = |times| Text::repeated(&[(before, 1), (line, times), ("\u{2014}", 1), (after, 1)]);
    found.push(Vector::text("401 signature lines", &plain(), many(399), Some(SIGNATURES)));
    found.push(Vector::text("400 signature lines, most by strangers", &plain(), many(398), Some(SIGNATURES)));
    let proof = log().receipt(1).to_tlog_proof();
    let (before, after) = proof.split_once("\u{2014}").expect("a dash");
    let long = Text::repeated(&[(before, 1), ("\u{2014} ", 1), ("a", 1 << 20), (after, 1)]);
    let entry = log().receipt(1).entry;
    found.push(Vector::tlog_proof("a note of more than 1 MiB", &plain(), long, entry, Some(SIGNATURES)));
    found
}

/// Texts that say no head, signed by all who should.
fn heads() -> Vec<Vector> {
    let text = log().text().to_string();
    let root = text.lines().nth(2).expect("the root").to_owned();
    let swap = |from: &str, to: &str| {
        let spoilt = text.replacen(from, to, 1);
        assert_ne!(spoilt, text, "{from:?} stands in the text");
        signed_text(&spoilt)
    };
    let stray = format!("{}{}=", &root[..42], if root.as_bytes()[42] == b'B' { "C" } else { "B" });
    let cases = [
        ("an extension line", signed_text(&format!("{text}extension\n"))),
        ("two lines", swap(&format!("{root}\n"), "")),
        ("one line", signed_text("example.com/log\n")),
        ("an empty line in the text", swap("log\n", "log\n\n")),
        ("no origin", swap("example.com/log\n", "\n")),
        ("a blank in the origin", swap("example.com/log", "example.com/ log")),
        ("a plus sign in the origin", swap("example.com/log", "example.com/log+1")),
        ("an origin of 256 bytes", swap("example.com/log", &"a".repeat(256))),
        ("a control character beyond ASCII in the origin", swap("example.com/log", "example.com/\u{85}log")),
        ("no size", swap("\n3\n", "\n\n")),
        ("a size with a zero before", swap("\n3\n", "\n03\n")),
        ("a size with a sign", swap("\n3\n", "\n+3\n")),
        ("a size below zero", swap("\n3\n", "\n-3\n")),
        ("a size with a blank", swap("\n3\n", "\n3 \n")),
        ("a size in hex", swap("\n3\n", "\n0x3\n")),
        ("a size with a fraction", swap("\n3\n", "\n3.0\n")),
        ("a size of 2^64", swap("\n3\n", "\n18446744073709551616\n")),
        ("a size of 2^64 and 3", swap("\n3\n", "\n18446744073709551619\n")),
        ("a size in digits beyond ASCII", swap("\n3\n", "\n\u{663}\n")),
        ("no root", swap(&root, "")),
        ("a root in hex", swap(&root, &"00".repeat(32))),
        ("a root without padding", swap(&root, root.trim_end_matches('='))),
        ("a root in the URL-safe alphabet", swap(&root, &format!("-_{}", &root[2..]))),
        ("a root with bits to spare that are set", swap(&root, &stray)),
        ("a root of 31 bytes", swap(&root, &STANDARD.encode([7; 31]))),
        ("a root of 33 bytes", swap(&root, &STANDARD.encode([7; 33]))),
        ("a root with a blank", swap(&root, &format!("{root} "))),
    ];
    let mut found: Vec<Vector> = cases.into_iter().map(|(name, text)| one(name, text)).collect();
    // The head is another one than what was signed.
    let lines = log().lines();
    let text = log().text();
    let other = |change: &dyn Fn(&mut CheckpointText)| {
        let mut text = text.clone();
        change(&mut text);
        note(&text, lines.clone())
    };
    found.push(one("a size that nobody signed", other(&|text| text.head.size = TreeSize::new(4))));
    found.push(one("a root that nobody signed", other(&|text| text.head.root = Digest::ZERO)));
    let moved = other(&|text| text.origin = KeyName::parse("example.com/other").expect("a name"));
    found.push(Vector { failed: Some("policy"), ..one("an origin that nobody signed", moved.clone()) });
    let policy = format!("log {}\n{}", other_log().key, plain());
    let name = "an origin that nobody signed, of a log that the policy names";
    found.push(Vector::json(name, &policy, &of(&log(), moved), Some(SIGNATURES)));
    found
}

/// Signature lines that are missing, too many, or by nobody who counts.
fn lines() -> Vec<Vector> {
    let text = log().text();
    let lines = log().lines();
    let [first, second] = [lines[0].clone(), lines[1].clone()];
    let by = |signer: &NoteSigner| signer.line(&text, TIME_S);
    let renamed = |name: &str, line: &NoteSignature| NoteSignature {
        name: KeyName::parse(name).expect("a name"),
        ..line.clone()
    };
    let other_id =
        |line: &NoteSignature| NoteSignature { key_id: NoteKeyId::new([1, 2, 3, 4]), ..line.clone() };
    let with = |line: NoteSignature| vec![first.clone(), second.clone(), line];
    let mut found = vec![
        lined("no log signature", vec![second.clone()]),
        lined("the log's line twice", vec![first.clone(), first.clone(), second.clone()]),
        lined("a cosigner's line twice", vec![first.clone(), second.clone(), second.clone()]),
        lined("a cosigner twice, at two times", with(witness(1).line(&text, TIME_S + 1))),
        lined("a line by a stranger", with(by(&witness(9)))),
        lined("a line by another key of the log", with(by(&second_log()))),
        lined("a line by another log", with(by(&other_log()))),
        lined(
            "a line by the cosigner's ML-DSA-65 key, which the policy does not name",
            with(by(&pq_witness(1))),
        ),
        lined(
            "the log's line under the cosigner's name",
            vec![renamed("example.com/log/v1", &first), second.clone()],
        ),
        lined(
            "the cosigner's line under the log's name",
            vec![first.clone(), renamed("example.com/log", &second)],
        ),
        lined("the log's line with another key id", vec![other_id(&first), second.clone()]),
        lined("the cosigner's line with another key id", vec![first.clone(), other_id(&second)]),
        lined("a name that differs in case", vec![first.clone(), renamed("example.com/Log/v1", &second)]),
    ];
    // A policy may name another log; its key says nothing of this one.
    let policy = format!("log {}\n{}", other_log().key, plain());
    let noted = |lines| of(&log(), note(&text, lines));
    for (name, lines) in [
        (
            "signed by another log of the policy in the place of its own",
            vec![by(&other_log()), second.clone()],
        ),
        ("signed by another log of the policy, too", with(by(&other_log()))),
    ] {
        found.push(Vector::json(name, &policy, &noted(lines), Some(SIGNATURES)));
    }
    // A cosigner that names itself like the log has a key of its own.
    let same_name =
        NoteSigner::new("example.com/log", proto::note::SignatureType::CosignatureEd25519, "same");
    let policy = format!("log {}\nwitness w1 {}\nquorum w1\n", log_key().key, same_name.key);
    let receipt = noted(vec![by(&same_name)]);
    found.push(Vector::json("a cosigner of the log's name and no log", &policy, &receipt, Some(SIGNATURES)));
    let receipt = noted(vec![by(&log_key()), by(&same_name)]);
    found.push(Vector::json("a cosigner of the log's name and the log", &policy, &receipt, None));
    found
}

/// Signatures that do not hold.
fn keys() -> Vec<Vector> {
    let text = log().text();
    let lines = log().lines();
    let time = TIME_S.to_be_bytes();
    let spoilt = |at: usize, change: &dyn Fn(&mut Vec<u8>)| {
        let mut lines = lines.clone();
        change(&mut lines[at].signature);
        lines
    };
    let order = "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010";
    let order = hex::decode(order).expect("hex");
    // S plus the order of the base point: the equation still holds.
    let unreduced = |signature: &mut [u8]| {
        let mut carry = 0;
        for (byte, more) in signature[32..].iter_mut().zip(&order) {
            let sum = u16::from(*byte) + u16::from(*more) + carry;
            *byte = sum.to_le_bytes()[0];
            carry = sum >> 8;
        }
    };
    let timed = |signature: Vec<u8>, time: &[u8]| [time, &signature].concat();
    let cosigned = |signature: Vec<u8>| vec![lines[0].clone(), witness(1).spelt(timed(signature, &time))];
    let message = cosignature_v1_message(TIME_S, &text.to_string());
    let mut found = vec![
        lined("a log signature of 63 bytes", spoilt(0, &|bytes| bytes.truncate(bytes.len() - 1))),
        lined("a log signature of 65 bytes", spoilt(0, &|bytes| bytes.push(0))),
        lined("a log signature with a time before it", spoilt(0, &|bytes| drop(bytes.splice(0..0, time)))),
        lined("a log signature of zeros", spoilt(0, &|bytes| bytes.fill(0))),
        lined("a log signature with a bit of R turned", spoilt(0, &|bytes| bytes[0] ^= 1)),
        lined("a log signature with a bit of S turned", spoilt(0, &|bytes| bytes[32] ^= 1)),
        lined("a log signature whose S is not reduced", spoilt(0, &|bytes| unreduced(bytes))),
        lined(
            "a log signature whose R is the neutral point",
            spoilt(0, &|bytes| {
                bytes[..32].fill(0);
                bytes[0] = 1;
            }),
        ),
        lined("a log signature whose R is the neutral point and whose equation holds", {
            let signature = log_key().sign_neutrally(text.to_string().as_bytes());
            vec![log_key().spelt(signature), lines[1].clone()]
        }),
        lined("a cosignature whose R is the neutral point and whose equation holds", {
            cosigned(witness(1).sign_neutrally(&message))
        }),
        lined("a log signature of the text without its last line's end", {
            let text = text.to_string();
            vec![log_key().spelt(log_key().sign(text.trim_end().as_bytes())), lines[1].clone()]
        }),
        lined("a cosignature without time", spoilt(1, &|bytes| drop(bytes.drain(..8)))),
        lined("a cosignature of seven bytes", spoilt(1, &|bytes| bytes.truncate(7))),
        lined("a cosignature of one byte", spoilt(1, &|bytes| bytes.truncate(1))),
        lined("a cosignature of a time alone", spoilt(1, &|bytes| bytes.truncate(8))),
        lined("a cosignature of a byte too little", spoilt(1, &|bytes| bytes.truncate(bytes.len() - 1))),
        lined("a cosignature of a byte too much", spoilt(1, &|bytes| bytes.push(0))),
        lined("a cosignature with another time", spoilt(1, &|bytes| bytes[7] ^= 1)),
        lined("a cosignature with a bit of S turned", spoilt(1, &|bytes| bytes[40] ^= 1)),
        lined("a cosignature whose S is not reduced", spoilt(1, &|bytes| unreduced(&mut bytes[8..]))),
        lined(
            "a cosignature that is a log signature",
            cosigned(witness(1).sign(text.to_string().as_bytes())),
        ),
        lined("a cosignature of a message with a zero before the time", {
            let message = format!("cosignature/v1\ntime 0{TIME_S}\n{text}");
            cosigned(witness(1).sign(message.as_bytes()))
        }),
        lined("a cosignature by the log's key", cosigned(log_key().sign(&message))),
        lined("a cosignature of the subtree message", {
            cosigned(witness(1).sign(&subtree(witness(1).key.name(), &text, TIME_S).signed_bytes()))
        }),
    ];
    for (name, late) in [("2^63", 1u64 << 63), ("2^64 - 1", u64::MAX)] {
        let signature = witness(1).sign(&cosignature_v1_message(late, &text.to_string()));
        let lines = vec![lines[0].clone(), witness(1).spelt(timed(signature, &late.to_be_bytes()))];
        found.push(lined(format!("a cosignature at the time {name}"), lines));
    }
    found
}

/// Signatures of ML-DSA-65 that do not hold.
fn schemes() -> Vec<Vector> {
    let log = Log::around(&both_signers(), asked(proof_submit()));
    let text = log.text();
    let lines = log.lines();
    let time = TIME_S.to_be_bytes();
    let noted = |name: &str, lines: Vec<NoteSignature>| {
        Vector::json(name, &both(), &of(&log, note(&text, lines)), Some(SIGNATURES))
    };
    let spoilt = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut lines = lines.clone();
        change(&mut lines[2].signature);
        lines
    };
    let resigned = |message: &[u8]| {
        let mut lines = lines.clone();
        lines[2] = pq_witness(1).spelt([&time[..], &pq_witness(1).sign(message)].concat());
        lines
    };
    let other_name = witness(2).key.name().clone();
    let other_origin =
        CheckpointText { origin: KeyName::parse("example.com/other").expect("a name"), ..text.clone() };
    let name = pq_witness(1).key.name().clone();
    vec![
        noted(
            "an ML-DSA-65 signature of a byte too little",
            spoilt(&|bytes| bytes.truncate(bytes.len() - 1)),
        ),
        noted("an ML-DSA-65 signature of a byte too much", spoilt(&|bytes| bytes.push(0))),
        noted("an ML-DSA-65 signature with a bit of the challenge turned", spoilt(&|bytes| bytes[8] ^= 1)),
        noted("an ML-DSA-65 signature with a bit of the response turned", spoilt(&|bytes| bytes[1_000] ^= 1)),
        noted(
            "an ML-DSA-65 signature with a bit of the last hint turned",
            spoilt(&|bytes| {
                *bytes.last_mut().expect("not empty") ^= 1;
            }),
        ),
        noted(
            "an ML-DSA-65 signature with all hints",
            spoilt(&|bytes| {
                let from = bytes.len() - 61;
                bytes[from..].fill(0xff);
            }),
        ),
        noted("an ML-DSA-65 signature with another time", spoilt(&|bytes| bytes[7] ^= 1)),
        noted("an ML-DSA-65 signature without time", spoilt(&|bytes| drop(bytes.drain(..8)))),
        noted("an ML-DSA-65 signature of the Ed25519 message", {
            resigned(&cosignature_v1_message(TIME_S, &text.to_string()))
        }),
        noted("an ML-DSA-65 signature of the text", resigned(text.to_string().as_bytes())),
        noted("an ML-DSA-65 signature of another cosigner's name", {
            resigned(&subtree(&other_name, &text, TIME_S).signed_bytes())
        }),
        noted("an ML-DSA-65 signature of another log", {
            resigned(&subtree(&name, &other_origin, TIME_S).signed_bytes())
        }),
        noted("an ML-DSA-65 signature of a part of the log", {
            let part = proto::checkpoint::CosignedSubtree { start: 1, ..subtree(&name, &text, TIME_S) };
            resigned(&part.signed_bytes())
        }),
        noted("an ML-DSA-65 signature by another validator's key", {
            let mut lines = lines.clone();
            let message = subtree(&name, &text, TIME_S).signed_bytes();
            lines[2] = pq_witness(1).spelt([&time[..], &pq_witness(2).sign(&message)].concat());
            lines
        }),
        noted("the Ed25519 cosignature in the place of the ML-DSA-65 one", {
            let mut lines = lines.clone();
            lines[2] = pq_witness(1).spelt(lines[1].signature.clone());
            lines
        }),
        noted("the ML-DSA-65 signature under the Ed25519 key's id", {
            let mut lines = lines.clone();
            lines[1] = witness(1).spelt(lines[2].signature.clone());
            lines
        }),
        noted("the ML-DSA-65 line twice", [lines.clone(), vec![lines[2].clone()]].concat()),
    ]
}

/// Heads that too few have cosigned; every line holds.
fn quorums() -> Vec<Vector> {
    let text = log().text();
    let with = |name: &str, policy: &str, signers: &[NoteSigner]| {
        let lines = signers.iter().map(|signer| signer.line(&text, TIME_S)).collect();
        Vector::json(name, policy, &of(&log(), note(&text, lines)), Some(QUORUM))
    };
    let key = log_key();
    let w = |numbers: &[u8]| -> Vec<NoteSigner> {
        [vec![log_key()], numbers.iter().map(|number| witness(*number)).collect()].concat()
    };
    let all = two_of_three().replace("some 2", "some all");
    let any = two_of_three().replace("some 2", "some any");
    let lone = format!("{}witness lone {}\n", two_of_three(), outsider().key).replace("quorum some\n", "")
        + "quorum lone\n";
    vec![
        with("the log alone", &plain(), std::slice::from_ref(&key)),
        with("one cosigner of two that are needed", &two_of_three(), &w(&[2])),
        with("no cosigner of two that are needed", &two_of_three(), &w(&[])),
        with("two cosigners of three that are needed", &all, &w(&[1, 3])),
        with("no cosigner where any is enough", &any, &w(&[])),
        with("all cosigners but the one that is asked for", &lone, &w(&[1, 2, 3])),
        with("Ed25519 without ML-DSA-65", &both(), &[key.clone(), witness(1)]),
        with("ML-DSA-65 without Ed25519", &both(), &[key.clone(), pq_witness(1)]),
        with("neither Ed25519 nor ML-DSA-65", &both(), std::slice::from_ref(&key)),
        with("validators without anybody outside", &nested(), &w(&[1, 2, 3])),
        with(
            "one validator and those outside",
            &nested(),
            &[key.clone(), witness(1), witness(4), outsider()],
        ),
        with("those outside without validators", &nested(), &[key, witness(4), outsider()]),
    ]
}

/// Cosignatures with ML-DSA-44, note type 06, by somebody outside whom the policy names.
fn ml_dsa_44() -> Vec<Vector> {
    let cosigner = Cosigner44::new("witness.example/44", "ml-dsa-44");
    let material = cosigner.material();
    let id = crypto::sha256(&[cosigner.name().as_str().as_bytes(), b"\n", &material].concat());
    let id = NoteKeyId::new(id.as_bytes()[..4].try_into().expect("four bytes"));
    let vkey = format!("{}+{id}+{}", cosigner.name(), STANDARD.encode(&material));
    let policy = format!("{}witness pq {vkey}\n", plain());
    let text = log().text();
    let message = subtree(cosigner.name(), &text, TIME_S).signed_bytes();
    let signature = [&TIME_S.to_be_bytes()[..], &cosigner.sign(&message)].concat();
    let line = NoteSignature { name: cosigner.name().clone(), key_id: id, signature };
    let mut turned = line.clone();
    turned.signature[100] ^= 1;
    let mut short = line.clone();
    short.signature.pop();
    let by = |line: &NoteSignature| of(&log(), note(&text, [log().lines(), vec![line.clone()]].concat()));
    let receipt = by(&line);
    let name = "a true cosignature with ML-DSA-44, of a key that the policy names";
    let stranger = "a true cosignature with ML-DSA-44, of a key that the policy does not name";
    vec![
        Vector::json(name, &policy, &receipt, None),
        Vector::json(
            "a cosignature with ML-DSA-44 with a bit turned",
            &policy,
            &by(&turned),
            Some(SIGNATURES),
        ),
        Vector::json(
            "a cosignature with ML-DSA-44 that is a byte short",
            &policy,
            &by(&short),
            Some(SIGNATURES),
        ),
        Vector::json(stranger, &plain(), &receipt, Some(SIGNATURES)),
        Vector::json(
            "a line by a key of a type that nothing is known of",
            &format!("{}witness u {}+01020304+CgAAAAA=\n", plain(), cosigner.name()),
            &by(&NoteSignature { key_id: NoteKeyId::new([1, 2, 3, 4]), ..line.clone() }),
            Some(SIGNATURES),
        ),
        Vector::json(
            "a policy that names a key of ML-DSA-44, which has not signed",
            &policy,
            &log().receipt(1),
            None,
        ),
    ]
}
