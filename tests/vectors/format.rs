//! Texts that are no receipt in JSON.

use std::iter;

use proto::note::Note;
use proto::receipt::Receipt;

use crate::log::{ITEMS, anchor, asked, item, proof_submit, receipt_of};
use crate::trust::{plain, plain_signers};
use crate::vector::{FORMAT, Text, Vector};

pub fn vectors() -> Vec<Vector> {
    [json(), members(), entry_text(), indices(), hashes(), lengths(), item_member()].concat()
}

fn one(name: impl Into<String>, text: impl Into<Text>) -> Vector {
    Vector::text(name, &plain(), text, Some(FORMAT))
}

fn good() -> String {
    receipt_of(&plain_signers(), asked(proof_submit())).to_json()
}

/// The text with its first `from` replaced; a spoiling that changes nothing would show nothing.
fn swap(text: &str, from: &str, to: &str) -> String {
    let spoilt = text.replacen(from, to, 1);
    assert_ne!(spoilt, text, "{from:?} stands in the receipt");
    spoilt
}

/// The member with its comma, as it stands in the text.
fn member<'a>(text: &'a str, name: &str) -> &'a str {
    let from = text.find(&format!("\"{name}\":")).expect("a member");
    let rest = &text[from..];
    let ends = ["\",\"", "],\"", ",\""];
    let end = match rest.as_bytes()[name.len() + 3] {
        b'"' => rest.find(ends[0]).map(|at| at + 1),
        b'[' => rest.find(ends[1]).map(|at| at + 1),
        _ => rest.find(ends[2]),
    };
    &rest[..end.unwrap_or(rest.len() - 1)]
}

const MEMBERS: [&str; 5] = ["format", "entry", "index", "proof", "checkpoint"];

fn json() -> Vec<Vector> {
    let good = good();
    let value: serde_json::Value = serde_json::from_str(&good).expect("JSON");
    let list: Vec<_> = MEMBERS.iter().map(|name| value[name].clone()).collect();
    let utf16: Vec<u8> = iter::once(0xfeff).chain(good.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let spliced = |bytes: &[u8]| {
        let at = good.find("\\u").or_else(|| good.find(" example")).expect("inside the checkpoint");
        [&good.as_bytes()[..at], bytes, &good.as_bytes()[at..]].concat()
    };
    let in_note = |insert: &str| swap(&good, "example.com/log\\n", &format!("example.com/log{insert}\\n"));
    let mut found = vec![
        one("nothing", ""),
        one("white space", " \n"),
        one("null", "null"),
        one("true", "true"),
        one("a number", "1"),
        one("a string", serde_json::Value::from(good.as_str()).to_string()),
        one("an empty object", "{}"),
        one("an empty list", "[]"),
        one("the values as a list", serde_json::Value::from(list).to_string()),
        one("a list around it", format!("[{good}]")),
        one("cut off at the end", &good[..good.len() - 1]),
        one("cut off in the middle", &good[..good.len() / 2]),
        one("a brace more", format!("{good}}}")),
        one("twice", format!("{good}{good}")),
        one("a word after it", format!("{good} x")),
        one("a NUL after it", format!("{good}\0")),
        one("a comma at the end", swap(&good, "\"}", "\",}")),
        one("two commas", swap(&good, ",\"index\"", ",,\"index\"")),
        one("no comma", swap(&good, ",\"index\"", "\"index\"")),
        one("no colon", swap(&good, "\"index\":", "\"index\" ")),
        one("an equals sign", swap(&good, "\"index\":", "\"index\"=")),
        one("a comment", swap(&good, ",\"index\"", ",/**/\"index\"")),
        one("a comment line before", format!("// receipt\n{good}")),
        one("single quotes", good.replace('"', "'")),
        one("a name without quotes", swap(&good, "\"index\"", "index")),
        one("a byte order mark before", format!("\u{feff}{good}")),
        one("a no-break space before", format!("\u{a0}{good}")),
        one("a form feed before", format!("\u{c}{good}")),
        one("a vertical tab after", format!("{good}\u{b}")),
        one("a line separator between", swap(&good, ",\"index\"", ",\u{2028}\"index\"")),
        one("UTF-16", utf16),
        one("a byte that is no UTF-8", spliced(b"\xff")),
        one("UTF-8 with a byte too many", spliced(b"\xc0\xaf")),
        one("half a character as UTF-8", spliced(b"\xed\xa0\x80")),
        one("UTF-8 cut off", [good.as_bytes(), b"\xe2\x80"].concat()),
        one("the first half of a character in escapes", in_note("\\ud83d")),
        one("the second half of a character in escapes", in_note("\\ude00")),
        one("the halves of a character the wrong way round", in_note("\\ude00\\ud83d")),
        one("half a character and another escape", in_note("\\ud83d\\u0041")),
        one("an escape cut off", in_note("\\u12")),
        one("an escape that is no hex", in_note("\\u12g4")),
        one("an escape that JSON does not have", in_note("\\x41")),
        one("a backslash before an apostrophe", in_note("\\'")),
        one("a newline in a string", swap(&good, "\\n", "\n")),
        one("a tab in a string", in_note("\t")),
        one("a NUL in a string", in_note("\0")),
        one("upper-case True", swap(&good, "\"index\":1", "\"index\":True")),
    ];
    found.push(one("a hundred thousand brackets", Text::repeated(&[("[", 100_000)])));
    let nested = Text::repeated(&[("{\"x\":", 1), ("[", 100_000)]);
    found.push(one("an unknown member a hundred thousand deep", nested));
    found
}

fn members() -> Vec<Vector> {
    let good = good();
    let mut found = Vec::new();
    for name in MEMBERS {
        let member = member(&good, name);
        let alone = good.replacen(&format!("{member},"), "", 1).replacen(&format!(",{member}"), "", 1);
        found.push(one(format!("without {name}"), alone));
        found.push(one(format!("{name} twice"), swap(&good, "{", &format!("{{{member},"))));
        let escaped = member.replacen(&name[..1], &format!("\\u00{:02x}", name.as_bytes()[0]), 1);
        found.push(one(format!("{name} twice, once in escapes"), swap(&good, "{", &format!("{{{escaped},"))));
        for (what, other) in [("null", "null"), ("an object", "{}"), ("true", "true")] {
            let replaced = swap(&good, member, &format!("\"{name}\":{other}"));
            found.push(one(format!("{name} is {what}"), replaced));
        }
    }
    for (name, extra) in [
        ("an unknown member", "\"root\":\"00\""),
        ("an unknown member that is null", "\"extra\":null"),
        ("a member without a name", "\"\":1"),
        ("a policy of its own", "\"policy\":\"log x\\nquorum none\\n\""),
        ("item, which is null", "\"item\":null"),
        ("a name in upper case", "\"Item\":{}"),
        ("__proto__", "\"__proto__\":{\"item\":null}"),
    ] {
        found.push(one(name, swap(&good, "{", &format!("{{{extra},"))));
    }
    for format in
        ["", "quorate/receipt/v2", "quorate/receipt/v1 ", "Quorate/receipt/v1", "quorate/receipt/v1\\u0000"]
    {
        found.push(one(format!("the format {format:?}"), swap(&good, "quorate/receipt/v1", format)));
    }
    found.push(one("a format that is a number", swap(&good, "\"quorate/receipt/v1\"", "1")));
    found
}

fn entry_text() -> Vec<Vector> {
    // An entry of a length that needs padding: two bytes more than a multiple of three.
    let receipt = receipt_of(&plain_signers(), crate::log::genesis());
    let good = receipt.to_json();
    let entry = {
        let member = member(&good, "entry");
        member["\"entry\":\"".len()..member.len() - 1].to_owned()
    };
    assert!(entry.ends_with('='), "{entry}");
    let bare = entry.trim_end_matches('=');
    let stray = {
        let (head, last) = bare.split_at(bare.len() - 1);
        let next = match last {
            "A" => "B",
            "9" => "+",
            other => {
                assert_eq!(other.len(), 1);
                &char::from(other.as_bytes()[0] + 1).to_string()
            }
        };
        format!("{head}{next}{}", &entry[bare.len()..])
    };
    let cases = [
        ("an entry without padding", bare.to_owned()),
        ("an entry with padding too much", format!("{entry}====")),
        ("an entry with one sign of padding too much", format!("{entry}=")),
        ("an entry with bits to spare that are set", stray),
        ("an entry with a space", format!("{} {}", &entry[..8], &entry[8..])),
        ("an entry with a line's end", format!("{}\\n{}", &entry[..8], &entry[8..])),
        ("an entry that ends in a line's end", format!("{entry}\\n")),
        ("an entry in the URL-safe alphabet", format!("-_{}", &entry[2..])),
        ("an entry with padding in its middle", format!("{}===={}", &entry[..8], &entry[8..])),
        ("an entry in hex with a letter beyond base64", format!("!{}", &entry[1..])),
        ("an entry with a letter beyond ASCII", format!("\u{e9}{}", &entry[1..])),
        ("an entry of one character", "A".to_owned()),
    ];
    let mut found: Vec<Vector> =
        cases.into_iter().map(|(name, text)| one(name, swap(&good, &entry, &text))).collect();
    let (before, after) = good.split_once(&entry).expect("it stands there");
    let long = Text::repeated(&[(before, 1), ("AAAA", 21_846), (after, 1)]);
    found.push(one("an entry of 65,538 bytes", long));
    found
}

fn indices() -> Vec<Vector> {
    let good = good();
    let spellings = [
        "\"1\"",
        "1.0",
        "1e0",
        "1E0",
        "10e-1",
        "-0",
        "-1",
        "01",
        "+1",
        "1.",
        ".1",
        "0x1",
        "1_0",
        "9007199254740992",
        "9007199254740993",
        "18446744073709551615",
        "18446744073709551616",
        "18446744073709551617",
        "340282366920938463463374607431768211457",
        "1e400",
        "NaN",
        "Infinity",
        "-Infinity",
        "[1]",
        "\u{661}",
    ];
    let cases = spellings.into_iter();
    cases
        .map(|text| {
            one(format!("the index {text}"), swap(&good, "\"index\":1", &format!("\"index\":{text}")))
        })
        .collect()
}

fn hashes() -> Vec<Vector> {
    let good = good();
    let proof = member(&good, "proof").to_owned();
    let hash = proof["\"proof\":[\"".len()..][..64].to_owned();
    let with = |name: &str, text: String| one(name, swap(&good, &format!("\"{hash}\""), &text));
    let letter = hash.find(|c: char| c.is_ascii_lowercase()).expect("a digest with a letter");
    let mixed = format!("{}{}{}", &hash[..letter], hash[letter..=letter].to_uppercase(), &hash[letter + 1..]);
    let mut found = vec![
        with("a hash in upper case", format!("\"{}\"", hash.to_uppercase())),
        with("a hash with one letter in upper case", format!("\"{mixed}\"")),
        with("a hash of 63 digits", format!("\"{}\"", &hash[1..])),
        with("a hash of 65 digits", format!("\"{hash}0\"")),
        with("a hash of 66 digits", format!("\"{hash}00\"")),
        with("a hash with 0x", format!("\"0x{}\"", &hash[2..])),
        with("a hash with a letter that is no digit", format!("\"g{}\"", &hash[1..])),
        with("a hash with a space", format!("\" {}\"", &hash[1..])),
        with("a hash with a line's end", format!("\"{}\\n\"", &hash[1..])),
        with("a hash behind a line's end", format!("\"{hash}\\n\"")),
        with("a hash with a digit beyond ASCII", format!("\"\u{ff11}{}\"", &hash[1..])),
        with("an empty hash", "\"\"".into()),
        with("a hash that is null", "null".into()),
        with("a hash that is a number", "1".into()),
        with("a hash in a list of its own", format!("[\"{hash}\"]")),
        one("a proof that is one string", swap(&good, &proof, &format!("\"proof\":\"{hash}\""))),
        one("a proof that is an object", swap(&good, &proof, &format!("\"proof\":{{\"0\":\"{hash}\"}}"))),
    ];
    let (before, after) = good.split_once(&proof).expect("it stands there");
    let (before, after) = (format!("{before}\"proof\":["), format!("\"{hash}\"]{after}"));
    let list = |times| Text::repeated(&[(&before, 1), (&format!("\"{hash}\","), times), (&after, 1)]);
    found.push(one("a proof of 65 hashes", list(64)));
    found.push(one("a proof of 10,000 hashes", list(9_999)));
    found
}

fn lengths() -> Vec<Vector> {
    let good = good();
    let (before, after) = good.split_once("example.com/log").expect("the origin");
    let note = Text::repeated(&[(before, 1), ("a", Note::BYTES_MAX + 1), (after, 1)]);
    // Three bytes a character: within the limit when characters are counted.
    let wide = Text::repeated(&[(before, 1), ("\u{2014}", Note::BYTES_MAX / 3 + 1), (after, 1)]);
    let blanks = |more: usize| Text::repeated(&[(&good, 1), (" ", Receipt::BYTES_MAX - good.len() + more)]);
    vec![
        one("a checkpoint of more than 1 MiB", note),
        one("a checkpoint of more than 1 MiB in fewer characters", wide),
        one("a receipt of a byte more than 1.5 MiB", blanks(1)),
        Vector::text("a receipt of 1.5 MiB", &plain(), blanks(0), None),
    ]
}

fn item_member() -> Vec<Vector> {
    let anchored = receipt_of(&plain_signers(), asked(anchor(ITEMS, proto::operation::BATCH_TREE)));
    let good = Receipt { item: Some(item(6)), ..anchored }.to_json();
    let whole = {
        let from = good.find("\"item\":").expect("the item") + "\"item\":".len();
        good[from..good.len() - 1].to_owned()
    };
    let value: serde_json::Value = serde_json::from_str(&whole).expect("JSON");
    let list = format!("[{},{},{}]", value["digest"], value["index"], value["path"]);
    let with = |name: &str, text: String| one(format!("an item that is {name}"), swap(&good, &whole, &text));
    let mut found = vec![
        with("a list of its values", list),
        with("null", "null".into()),
        with("true", "true".into()),
        with("a string", "\"item\"".into()),
        with("empty", "{}".into()),
        one("the item twice", swap(&good, "{", &format!("{{\"item\":{whole},"))),
        one("an item with a member more", swap(&good, "\"digest\"", "\"count\":11,\"digest\"")),
        one("an item with the index twice", swap(&good, "\"index\":6", "\"index\":6,\"index\":6")),
        one("an item with the index 6.0", swap(&good, "\"index\":6", "\"index\":6.0")),
        one("an item with the index 2^53", swap(&good, "\"index\":6", "\"index\":9007199254740992")),
        one("an item with the index -1", swap(&good, "\"index\":6", "\"index\":-1")),
        one("an item with the index \"6\"", swap(&good, "\"index\":6", "\"index\":\"6\"")),
    ];
    for name in ["digest", "index", "path"] {
        let mut less = value.clone();
        less.as_object_mut().expect("an object").remove(name);
        found.push(one(format!("an item without {name}"), swap(&good, &whole, &less.to_string())));
    }
    let digest = value["digest"].as_str().expect("a digest");
    found.push(one("an item's digest in upper case", swap(&good, digest, &digest.to_uppercase())));
    let path = format!("\"path\":[{}\"{digest}\"]", format!("\"{digest}\",").repeat(64));
    let from = good.rfind("\"path\":").expect("a path");
    found.push(one("an item's path of 65 hashes", format!("{}{path}}}}}", &good[..from])));
    found
}
