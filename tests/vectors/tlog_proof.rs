//! Texts that are no tlog-proof.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proto::note::Note;
use proto::operation::BATCH_TREE;
use proto::receipt::Receipt;

use crate::log::{ITEMS, anchor, asked, item, proof_submit, receipt_of};
use crate::trust::{plain, plain_signers};
use crate::vector::{FORMAT, Text, Vector};

pub fn vectors() -> Vec<Vector> {
    let receipt = receipt_of(&plain_signers(), asked(proof_submit()));
    let entry = receipt.entry.clone();
    let good = receipt.to_tlog_proof();
    let one = |name: &str, text: Text| Vector::tlog_proof(name, &plain(), text, entry.clone(), Some(FORMAT));
    let swap = |from: &str, to: &str| {
        let spoilt = good.replacen(from, to, 1);
        assert_ne!(spoilt, good, "{from:?} stands in the proof");
        Text::from(spoilt)
    };
    let header = "c2sp.org/tlog-proof@v1\n";
    let hash = good.lines().nth(2).expect("a hash").to_owned();
    let url_safe = format!("-_{}", &hash[2..]);
    let stray = format!("{}{}=", &hash[..42], if hash.as_bytes()[42] == b'B' { "C" } else { "B" });
    let mut found: Vec<Vector> = [
        ("another version", swap("@v1", "@v2")),
        ("a version that goes on", swap("@v1", "@v10")),
        ("a blank after the header", swap("@v1", "@v1 ")),
        ("lines that end in two characters", good.replace('\n', "\r\n").into()),
        ("the header alone", header.into()),
        ("the header without its line's end", "c2sp.org/tlog-proof@v1".into()),
        ("no index line", swap("index 1\n", "")),
        ("an empty index", swap("index 1", "index ")),
        ("an index with a zero before", swap("index 1", "index 01")),
        ("an index with a sign", swap("index 1", "index +1")),
        ("an index below zero", swap("index 1", "index -1")),
        ("an index in hex", swap("index 1", "index 0x1")),
        ("an index of 2^64", swap("index 1", "index 18446744073709551616")),
        ("an index behind two blanks", swap("index 1", "index  1")),
        ("an index with a blank after it", swap("index 1", "index 1 ")),
        ("an index behind a tab", swap("index 1", "index\t1")),
        ("an index in upper case", swap("index 1", "INDEX 1")),
        ("the index twice", swap("index 1\n", "index 1\nindex 1\n")),
        ("an empty line before the index", swap("index", "\nindex")),
        ("a hash without padding", swap(&hash, hash.trim_end_matches('='))),
        ("a hash in hex", swap(&hash, &"00".repeat(32))),
        ("a hash in the URL-safe alphabet", swap(&hash, &url_safe)),
        ("a hash with bits to spare that are set", swap(&hash, &stray)),
        ("a hash of 31 bytes", swap(&hash, &STANDARD.encode([0; 31]))),
        ("a hash of 33 bytes", swap(&hash, &STANDARD.encode([0; 33]))),
        ("a blank before a hash", swap(&hash, &format!(" {hash}"))),
        ("a blank after a hash", swap(&hash, &format!("{hash} "))),
        ("a line of a blank in the place of the empty one", swap("\n\nexample", "\n \nexample")),
        ("no empty line", swap("\n\nexample", "\nexample")),
        ("nothing after the index", format!("{header}index 1\n").into()),
        ("nothing after the hashes", good[..=good.find("\n\n").expect("the empty line")].into()),
        ("an index without its line's end", format!("{header}index 1").into()),
        ("an extra line that is no base64", swap("index", "extra !\nindex")),
        ("an empty extra line", swap("index", "extra \nindex")),
        ("an extra line of something else", swap("index", "extra AAAA\nindex")),
        ("an extra line after the index", swap("index 1\n", "index 1\nextra AAAA\n")),
        ("an extra line that does not end", format!("{header}extra AAAA").into()),
    ]
    .into_iter()
    .map(|(name, text)| one(name, text))
    .collect();
    let (before, after) = good.split_once(&hash).expect("it stands there");
    let line = format!("{hash}\n");
    let list = |times| Text::repeated(&[(before, 1), (line.as_str(), times), (&after[1..], 1)]);
    found.push(one("65 hashes", list(65)));
    let room = Receipt::TLOG_PROOF_BYTES_MAX - good.len();
    found.push(one("a byte more than a proof may have", Text::repeated(&[(&good, 1), ("a", room + 1)])));
    let long = Text::repeated(&[("\0", 65_536)]);
    found.push(Vector::tlog_proof("an entry of 65,536 bytes", &plain(), good.as_str(), long, Some(FORMAT)));
    let huge = Text::repeated(&[(&good, 1), ("a", Note::BYTES_MAX - good.len())]);
    assert!(huge.bytes().len() < Receipt::TLOG_PROOF_BYTES_MAX);
    [found, extras()].concat()
}

/// The `extra` line of an item, spoilt.
fn extras() -> Vec<Vector> {
    let anchored = receipt_of(&plain_signers(), asked(anchor(ITEMS, BATCH_TREE)));
    let receipt = Receipt { item: Some(item(6)), ..anchored };
    let good = receipt.to_tlog_proof();
    let line = good.lines().nth(1).expect("the extra line").to_owned();
    let bytes = STANDARD.decode(&line["extra ".len()..]).expect("base64");
    let tag = b"quorate/batch-item/v1\0".len();
    let spelt = |bytes: &[u8]| format!("extra {}", STANDARD.encode(bytes));
    let with = |spoil: &dyn Fn(&mut Vec<u8>)| {
        let mut spoilt = bytes.clone();
        spoil(&mut spoilt);
        spelt(&spoilt)
    };
    let cases = [
        ("another tag", with(&|bytes| bytes[tag - 2] = b'2')),
        ("a tag without its zero byte", spelt(&bytes[..tag - 1])),
        ("the tag alone", spelt(&bytes[..tag])),
        ("no index", spelt(&bytes[..tag + 32])),
        ("half an index", spelt(&bytes[..tag + 36])),
        (
            "the index 2^53",
            with(&|bytes| bytes[tag + 32..tag + 40].copy_from_slice(&(1u64 << 53).to_be_bytes())),
        ),
        ("a byte more than a path", with(&|bytes| bytes.push(0))),
        ("a byte less than a path", with(&|bytes| bytes.truncate(bytes.len() - 1))),
        ("a path of 65 hashes", with(&|bytes| bytes.resize(tag + 40 + 65 * 32, 0))),
        ("no padding", line.trim_end_matches('=').to_owned() + "A"),
        ("a blank at its end", format!("{line} ")),
        ("itself once more", format!("{line}\n{line}")),
    ];
    let cases = cases.into_iter().map(|(name, spoilt)| {
        let text = good.replacen(&line, &spoilt, 1);
        assert_ne!(text, good, "{name}");
        let name = format!("an extra line with {name}");
        Vector::tlog_proof(name, &plain(), text, receipt.entry.clone(), Some(FORMAT))
    });
    cases.collect()
}
