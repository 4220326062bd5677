use crypto::{Digest, sha256};
use proptest::prelude::*;

use super::*;

const PENDING: [u8; 8] = [0x83, 0xdf, 0xe3, 0x0d, 0x2e, 0xf9, 0x0c, 0x8e];
const BITCOIN: [u8; 8] = [0x05, 0x88, 0x96, 0x0d, 0x73, 0xd7, 0x19, 0x01];

fn digest() -> Digest {
    sha256(b"origin\n5\nroot\n")
}

/// A detached file of `digest` with these bytes behind it.
fn file(rest: &[u8]) -> Vec<u8> {
    [MAGIC.as_slice(), &[1, 8], digest().as_bytes(), rest].concat()
}

fn pending() -> Vec<u8> {
    [&[0][..], &PENDING, &[9, 8], b"http://c"].concat()
}

/// Of block 500.
fn bitcoin() -> Vec<u8> {
    [&[0][..], &BITCOIN, &[2, 0xf4, 0x03]].concat()
}

/// Appends a byte and hashes; then what stands behind.
fn step(rest: &[u8]) -> Vec<u8> {
    [&[0xf0, 1, 0x61, 8][..], rest].concat()
}

fn root() -> Vec<u8> {
    sha256(&[digest().as_bytes().as_slice(), b"a"].concat()).as_bytes().to_vec()
}

/// A header with this root, made at second 1,000,000,000.
fn header(root: &[u8]) -> Header {
    let mut bytes = [7_u8; HEADER_BYTES];
    bytes[36..68].copy_from_slice(root);
    bytes[68..72].copy_from_slice(&1_000_000_000_u32.to_le_bytes());
    hex::encode(bytes).parse().unwrap()
}

fn headers(height: u64, root: &[u8]) -> Headers {
    let mut bytes = [7_u8; HEADER_BYTES];
    bytes[36..68].copy_from_slice(root);
    bytes[68..72].copy_from_slice(&1_000_000_000_u32.to_le_bytes());
    format!("# given\n\n{height} {}\n", hex::encode(bytes)).parse().unwrap()
}

fn judged(bytes: &[u8], headers: &Headers) -> Result<Judged, OtsError> {
    judge(&Proof::read(bytes)?, &digest(), headers)
}

#[test]
fn a_promise_is_pending_and_no_more() {
    let judged = judged(&file(&pending()), &headers(500, &root())).unwrap();
    assert_eq!(judged, Judged::Pending { calendars: vec!["http://c".to_owned()] });
}

#[test]
fn a_block_is_confirmed_by_a_header_alone() {
    let bytes = file(&step(&bitcoin()));
    assert_eq!(judged(&bytes, &Headers::default()), Ok(Judged::Attested { height: 500 }));
    assert_eq!(judged(&bytes, &headers(501, &root())), Ok(Judged::Attested { height: 500 }));
    let confirmed = Judged::Confirmed { height: 500, header: header(&root()) };
    assert_eq!(judged(&bytes, &headers(500, &root())), Ok(confirmed));
    assert_eq!(header(&root()).time_s(), 1_000_000_000);
    let refused = judged(&bytes, &headers(500, &[9; 32]));
    assert!(matches!(refused, Err(OtsError::Header { height: 500, .. })), "{refused:?}");
}

#[test]
fn a_header_that_contradicts_is_not_outvoted() {
    // Block 500 twice: once where the header says, once elsewhere.
    let both = file(&[&[0xff][..], &bitcoin(), &step(&bitcoin())].concat());
    assert!(matches!(judged(&both, &headers(500, &root())), Err(OtsError::Header { .. })));
}

#[test]
fn a_proof_of_something_else_is_refused() {
    let proof = Proof::read(&file(&step(&bitcoin()))).unwrap();
    let other = Digest::new([3; 32]);
    assert!(matches!(judge(&proof, &other, &Headers::default()), Err(OtsError::Digest { .. })));
    let unknown = file(&[&[0][..], &[1; 8], &[2, 5, 5]].concat());
    assert_eq!(judged(&unknown, &Headers::default()), Err(OtsError::Nothing));
}

#[test]
fn what_is_no_proof_is_refused() {
    let good = file(&step(&bitcoin()));
    let refused = |bytes: &[u8]| Proof::read(bytes).unwrap_err();
    let spoilt = |at: usize, byte: u8| {
        let mut bytes = good.clone();
        bytes[at] = byte;
        bytes
    };
    let at = MAGIC.len();
    assert_eq!(refused(&spoilt(3, 0)), ProofError::Magic);
    assert_eq!(refused(&spoilt(at, 2)), ProofError::Version { found: 2 });
    assert_eq!(refused(&spoilt(at + 1, 2)), ProofError::FileHash { found: 2 });
    assert_eq!(refused(&spoilt(at + 34, 0xf2)), ProofError::UnknownOp { found: 0xf2 });
    assert_eq!(refused(&file(&[0x67])), ProofError::UnknownOp { found: 0x67 });
    assert_eq!(refused(&file(&[0xff, 0xff])), ProofError::UnknownOp { found: 0xff });
    for cut in 0..good.len() {
        assert!(Proof::read(&good[..cut]).is_err(), "{cut} bytes");
    }
    assert_eq!(refused(&[&good[..], &[0]].concat()), ProofError::Trailing { found: 1 });
    let inner = file(&[&[0][..], &BITCOIN, &[3, 0xf4, 0x03, 0]].concat());
    assert_eq!(refused(&inner), ProofError::Trailing { found: 1 });
    let uri = file(&[&[0][..], &PENDING, &[9, 8], b"http c//"].concat());
    assert_eq!(refused(&uri), ProofError::Uri);
}

#[test]
fn lengths_are_looked_at_before_anything_is_kept() {
    let refused = |rest: &[u8]| Proof::read(&file(rest)).unwrap_err();
    let length = |found, min, max| ProofError::Bytes(Fault::Length { found, min, max });
    assert_eq!(refused(&[0xf0, 0]), length(0, 1, 4_096));
    assert_eq!(refused(&[0xf0, 0x81, 0x20]), length(4_097, 1, 4_096));
    let huge = [&[0xf1][..], &[0xff; 9], &[1]].concat();
    assert_eq!(refused(&huge), length(u64::MAX, 1, 4_096));
    assert_eq!(refused(&[&[0xf1][..], &[0xff; 9], &[2]].concat()), ProofError::Bytes(Fault::Number));
    assert_eq!(refused(&[&[0xf1][..], &[0x80; 10], &[0]].concat()), ProofError::Bytes(Fault::Number));
    assert_eq!(refused(&[0xf0, 0x81, 0x00]), ProofError::Bytes(Fault::Number), "longer than it needs to be");
    assert_eq!(refused(&[0xf0, 5, 1]), ProofError::Bytes(Fault::Short { wanted: 5, left: 1 }));
    let payload = [&[0][..], &[1; 8], &[0x81, 0x40]].concat();
    assert_eq!(refused(&payload), length(8_193, 0, 8_192));
    // Three arguments of 2,000 bytes: each may be, all together may not.
    let argument = [&[0xf0, 0xd0, 0x0f][..], &[1; 2_000]].concat();
    let messages = [&argument[..], &argument, &argument, &pending()].concat();
    assert_eq!(refused(&messages), ProofError::Message { found: 6_032 - 2_000 + 2_000 });
    let found = BYTES_MAX + 1;
    assert_eq!(Proof::read(&vec![0; found]), Err(ProofError::TooLong { found }));
}

#[test]
fn nesting_and_number_are_bounded() {
    let deep = |depth: usize| file(&[vec![8; depth], pending()].concat());
    assert!(Proof::read(&deep(255)).is_ok());
    assert_eq!(Proof::read(&deep(256)), Err(ProofError::TooDeep));
    assert_eq!(Proof::read(&file(&vec![8; 60_000])), Err(ProofError::TooDeep));
    let one = [&[0xff, 0][..], &[1; 8], &[0]].concat();
    let wide = |count: usize| file(&[one.repeat(count), pending()].concat());
    assert!(Proof::read(&wide(4_095)).is_ok());
    assert_eq!(Proof::read(&wide(4_096)), Err(ProofError::TooMany));
}

#[test]
fn what_a_calendar_says_later_is_joined_where_it_was_promised() {
    let proof = Proof::read(&file(&step(&pending()))).unwrap();
    assert_eq!(promises(&proof).unwrap(), vec![root()]);
    let more = Timestamp::read(&root(), &bitcoin()).unwrap();
    let joined = proof.joined(&root(), &more).unwrap();
    assert_eq!(judge(&joined, &digest(), &Headers::default()), Ok(Judged::Attested { height: 500 }));
    assert_eq!(joined.joined(&root(), &more), Ok(joined.clone()), "said twice is said once");
    assert_eq!(Proof::read(&joined.to_bytes()), Ok(joined.clone()));
    assert_eq!(promises(&joined).unwrap(), vec![root()], "the promise stays, as other programs leave it");
    assert_eq!(proof.joined(&[1; 32], &more), Err(ProofError::NotPromised));
    let done = Proof::read(&file(&step(&bitcoin()))).unwrap();
    assert_eq!(done.joined(&root(), &more), Err(ProofError::NotPromised));
    assert!(matches!(Timestamp::read(&root(), &[0]), Err(ProofError::Bytes(_))));
}

/// Made by python-opentimestamps 0.4.5: two calendars, one of which leads to a made-up block.
#[test]
fn files_of_other_programs_hold() {
    let digest = sha256(include_bytes!("../../facts/checkpoint.txt"));
    let headers: Headers = include_str!("../../facts/headers.txt").parse().unwrap();
    let promised = include_bytes!("../../facts/promised.ots").as_slice();
    let mined = include_bytes!("../../facts/mined.ots").as_slice();
    let proof = Proof::read(promised).unwrap();
    assert_eq!(promises(&proof).unwrap().len(), 2);
    assert!(
        matches!(judge(&proof, &digest, &headers), Ok(Judged::Pending { calendars }) if calendars.len() == 2)
    );
    let proof = Proof::read(mined).unwrap();
    assert_eq!(judge(&proof, &digest, &Headers::default()), Ok(Judged::Attested { height: 812_345 }));
    assert!(matches!(judge(&proof, &digest, &headers), Ok(Judged::Confirmed { height: 812_345, .. })));
    for bytes in [promised, mined] {
        assert_eq!(Proof::read(bytes).unwrap().to_bytes(), bytes, "byte for byte");
    }
}

#[test]
fn headers_are_read_strictly() {
    let hex = "00".repeat(80);
    assert!(hex.parse::<Header>().is_ok());
    assert_eq!(hex[2..].parse::<Header>(), Err(HeaderError::Header { found: 158 }));
    assert_eq!("x".repeat(160).parse::<Header>(), Err(HeaderError::Header { found: 160 }));
    for bad in [hex.as_str(), "5", &format!("-5 {hex}"), "5 00", &format!("# yes\n5 {hex} 5")] {
        assert!(matches!(bad.parse::<Headers>(), Err(HeaderError::Line { .. })), "{bad}");
    }
    assert_eq!(format!("# yes\n\n5 {hex}\n").parse::<Headers>().unwrap().len(), 1);
    // The first block there is.
    let genesis = "0100000000000000000000000000000000000000000000000000000000000000000000003ba3edfd7a7b12b27ac72c3e\
        67768f617fc81bc3888a51323a9fb8aa4b1e5e4a29ab5f49ffff001d1dac2b7c";
    let genesis: Header = genesis.parse().unwrap();
    assert_eq!(genesis.hash(), "000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f");
    assert_eq!(genesis.time_s(), 1_231_006_505);
}

proptest! {
    #[test]
    fn what_is_read_is_written_again(rest in proptest::collection::vec(any::<u8>(), 0..60)) {
        let bytes = file(&rest);
        if let Ok(proof) = Proof::read(&bytes) {
            prop_assert_eq!(Proof::read(&proof.to_bytes()).unwrap(), proof);
        }
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300), framed: bool) {
        let bytes = if framed { file(&bytes) } else { bytes };
        if let Ok(proof) = Proof::read(&bytes) {
            let _ = judge(&proof, &digest(), &Headers::default());
        }
    }
}
