use crypto::{KeyError, SecretKey};

use super::*;
use crate::checkpoint::{CheckpointText, CosignedSubtree, SignatureLineError};
use crate::verified::Strict;

/// The example note of C2SP signed-note.
const EXAMPLE: &str = "Ognuno sta solo sul cuor della terra\ntrafitto da un raggio di sole:\n\ned è subito sera.\n\n\
    \u{2014} quasimodo.example/salvatore NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99\
    ihAQwaqP3ZekRwNtIc=\n";

fn key(signature: SignatureType) -> NoteKey {
    let secret = SecretKey::from_seed(signature.scheme(), &[7; 32]).expect("the scheme signs");
    NoteKey::new(KeyName::parse("example.com/log").expect("a name"), signature, secret.public().clone())
        .expect("scheme fits")
}

#[test]
fn the_example_of_the_specification_is_read_and_printed() {
    let note = Note::parse(EXAMPLE).expect("well formed");
    assert!(note.text().ends_with("sole:\n\ned è subito sera.\n"));
    assert_eq!(note.signatures().len(), 1);
    assert_eq!(note.signatures()[0].name.as_str(), "quasimodo.example/salvatore");
    assert_eq!(note.signatures()[0].key_id.to_string(), "367ba04b");
    assert_eq!(note.signatures()[0].signature.len(), 64);
    assert_eq!(note.to_string(), EXAMPLE);
}

#[test]
fn a_vkey_of_each_type_leads_back_to_its_key() {
    for signature in SignatureType::ALL {
        let key = key(signature);
        let vkey = key.to_string();
        assert_eq!(NoteKey::parse(&vkey), Ok(key.clone()), "{vkey}");
        assert_eq!(key.known().map(|(signature, _)| signature), Some(signature));
    }
}

#[test]
fn a_known_vkey_has_its_known_id() {
    // The vkey of the Go checksum database, which every Go tool is built with.
    let vkey = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8";
    let key = NoteKey::parse(vkey).expect("well formed");
    assert_eq!(key.known().map(|(signature, _)| signature), Some(SignatureType::Ed25519));
    assert_eq!(key.to_string(), vkey);
    let other = vkey.replace("033de0ae", "033de0af");
    assert!(matches!(NoteKey::parse(&other), Err(NoteKeyError::Id { .. })));
}

#[test]
fn a_note_signed_elsewhere_verifies() {
    // The example of the Go package golang.org/x/mod/sumdb/note.
    let key =
        NoteKey::parse("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW").expect("a vkey");
    let note = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n\
        \u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJn\
        AM=\n";
    let note = Note::parse(note).expect("well formed");
    let line = &note.signatures()[0];
    assert_eq!((&line.name, line.key_id), (key.name(), key.id()));
    let (kind, public) = key.known().expect("type 0x01");
    let signature = crypto::Signature::parse(kind.scheme(), &line.signature).expect("64 bytes");
    assert_eq!(public.verify(note.text().as_bytes(), &signature), Ok(()));
}

#[test]
fn an_unknown_type_is_kept_as_it_came() {
    let vkey = format!("w.example+01020304+{}", STANDARD.encode([&[0xfe][..], &[9; 1312]].concat()));
    let key = NoteKey::parse(&vkey).expect("opaque");
    assert!(key.known().is_none() && !key.is_checked());
    assert_eq!(key.to_string(), vkey);
}

/// Witnesses outside sign with it: the `subtree/v1` message behind a time, as our own ML-DSA-65.
#[test]
fn ml_dsa_44_cosignatures_are_checked() {
    let secret = crypto::MlDsa44Secret::from_seed(&[5; 32]).expect("every seed is a key");
    let name = || KeyName::parse("w.example").expect("a name");
    let key = NoteKey::of_ml_dsa_44(name(), secret.public().clone());
    let vkey = key.to_string();
    assert_eq!(NoteKey::parse(&vkey).as_ref(), Ok(&key));
    assert!(key.is_checked() && key.known().is_none() && key.type_byte() == 0x06);
    let text = "log.example\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
    let text = CheckpointText::parse(text).expect("a checkpoint");
    let said = CosignedSubtree {
        cosigner: key.name(),
        time_s: 7,
        origin: &text.origin,
        start: 0,
        end: text.head.size.get(),
        hash: text.head.root,
    };
    let signature = [&7_u64.to_be_bytes()[..], &secret.sign(&said.signed_bytes())].concat();
    assert_eq!(text.verify_line(&key, &signature, &Strict), Ok(Some(7)));
    let other = NoteKey::of_ml_dsa_44(KeyName::parse("x.example").expect("a name"), secret.public().clone());
    for at in [7, 8, 1_000, signature.len() - 1] {
        let mut spoiled = signature.clone();
        spoiled[at] ^= 1;
        let found = text.verify_line(&key, &spoiled, &Strict);
        assert!(matches!(found, Err(SignatureLineError::MlDsa44(_))), "byte {at}: {found:?}");
    }
    assert!(text.verify_line(&other, &signature, &Strict).is_err(), "the name is signed");
    let late = [&u64::MAX.to_be_bytes()[..], &signature[8..]].concat();
    assert_eq!(text.verify_line(&key, &late, &Strict), Err(SignatureLineError::Time { found: u64::MAX }));
    assert_eq!(text.verify_line(&key, &[0; 7], &Strict), Err(SignatureLineError::NoTime { found: 7 }));
    let short = STANDARD.encode([&[0x06][..], &[9; 1311]].concat());
    let short = NoteKey::parse(&format!("{}+{}+{short}", key.name(), key.id()));
    assert!(matches!(short, Err(NoteKeyError::MlDsa44(_))));
    let wrong = vkey.replacen(&key.id().to_string(), "00000000", 1);
    assert!(matches!(NoteKey::parse(&wrong), Err(NoteKeyError::Id { .. })));
}

#[test]
fn what_is_not_a_vkey_is_refused() {
    let good = key(SignatureType::Ed25519).to_string();
    let (head, material) = good.rsplit_once('+').expect("three parts");
    let short = format!("{head}+{}", STANDARD.encode([&[0x01][..], &[1; 31]].concat()));
    assert!(matches!(NoteKey::parse(&short), Err(NoteKeyError::Key(KeyError::Length { .. }))));
    for bad in [
        String::new(),
        "name".to_owned(),
        head.to_owned(),
        format!("{head}+"),
        format!("{head}+AQ=="),
        format!("{head}+{}", material.trim_end_matches('=').to_owned() + "=="),
        format!("x{good}y"),
        good.to_uppercase(),
        "n".repeat(NoteKey::VKEY_BYTES_MAX + 1),
    ] {
        assert!(NoteKey::parse(&bad).is_err(), "{bad:.120}");
    }
    for name in ["", "a b", "a+b", "a\u{a0}b", "a\u{2003}b", "a\nb", &"n".repeat(256)] {
        assert!(matches!(KeyName::parse(name), Err(NoteKeyError::Name { .. })), "{name:?}");
    }
    let ed25519 = SecretKey::from_seed(crypto::Scheme::Ed25519, &[7; 32]).expect("signs");
    let mismatch = NoteKey::new(
        KeyName::parse("n").expect("a name"),
        SignatureType::CosignatureMlDsa65,
        ed25519.public().clone(),
    );
    assert!(matches!(mismatch, Err(NoteKeyError::Scheme { .. })));
}

#[test]
fn notes_with_one_fault_are_refused() {
    let line = "\u{2014} n AQIDBAU=\n";
    let good = format!("text\n\n{line}");
    assert!(Note::parse(&good).is_ok());
    let too_many = Note::SIGNATURES_MAX + 1;
    let cases = [
        ("empty", String::new(), NoteError::NoSeparator),
        ("no text", format!("\n\n{line}").replacen("\n\n", "\n", 1), NoteError::NoSeparator),
        ("no separator", format!("text\n{line}"), NoteError::NoSeparator),
        ("no signature", "text\n\n".into(), NoteError::SignatureCount { found: 0, max: 400 }),
        (
            "too many",
            format!("text\n\n{}", line.repeat(too_many)),
            NoteError::SignatureCount { found: 401, max: 400 },
        ),
        ("carriage return", good.replace("text\n", "text\r\n"), NoteError::Control { found: b'\r' }),
        ("nul", good.replace("text", "te\0xt"), NoteError::Control { found: 0 }),
        ("two-part tail", format!("{good}x\n"), NoteError::SignatureLine { line: 2 }),
        ("unfinished tail", format!("{good}x"), NoteError::SignatureLine { line: 2 }),
        ("hyphen", good.replace('\u{2014}', "-"), NoteError::SignatureLine { line: 1 }),
        ("two spaces", good.replace(" n ", " n  "), NoteError::SignatureLine { line: 1 }),
        ("no name", good.replace(" n ", "  "), NoteError::SignatureLine { line: 1 }),
        ("plus in name", good.replace(" n ", " a+b "), NoteError::SignatureLine { line: 1 }),
        ("no padding", good.replace("AU=", "AU"), NoteError::SignatureLine { line: 1 }),
        ("stray bits", good.replace("AU=", "AV="), NoteError::SignatureLine { line: 1 }),
        ("id only", good.replace("AQIDBAU=", "AQIDBA=="), NoteError::SignatureLine { line: 1 }),
        ("space at end", good.replace("=\n", "= \n"), NoteError::SignatureLine { line: 1 }),
        (
            "too large",
            "x".repeat(Note::BYTES_MAX + 1),
            NoteError::TooLarge { found: (1 << 20) + 1, max: 1 << 20 },
        ),
    ];
    for (name, text, expected) in cases {
        assert_eq!(Note::parse(&text), Err(expected), "{name}");
    }
}

#[test]
fn what_is_put_together_can_be_read() {
    let line = NoteSignature {
        name: KeyName::parse("n").expect("a name"),
        key_id: NoteKeyId::new([1, 2, 3, 4]),
        signature: vec![5],
    };
    let note = Note::new("text\n".into(), vec![line.clone(), line.clone()]).expect("well formed");
    assert_eq!(Note::parse(&note.to_string()), Ok(note));
    assert_eq!(Note::new("text".into(), vec![line.clone()]), Err(NoteError::Unfinished));
    assert_eq!(Note::new(String::new(), vec![line]), Err(NoteError::NoSeparator));
    assert!(matches!(Note::new("text\n".into(), Vec::new()), Err(NoteError::SignatureCount { .. })));
}

proptest::proptest! {
    /// Whatever is read prints as the same bytes: a note has one spelling.
    #[test]
    fn a_note_has_one_spelling(at in 0..EXAMPLE.len(), byte: u8) {
        let mut bytes = EXAMPLE.as_bytes().to_vec();
        bytes[at] = byte;
        if let Ok(text) = String::from_utf8(bytes)
            && let Ok(note) = Note::parse(&text)
        {
            proptest::prop_assert_eq!(note.to_string(), text);
        }
    }
}
