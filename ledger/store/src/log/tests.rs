//! Segments as bytes, and what is no record.

use super::segment::{ALIGNMENT, Head, take_in};
use super::*;
use crate::waiting::Writes;

/// A segment without records, for tests of crashes.
pub(crate) fn empty_segment(first: u64) -> Vec<u8> {
    Header::new(first).expect("the system has random bytes").encode()
}

fn record(writes: &[(&str, Option<&str>)]) -> Record {
    Record::of(writes.iter().map(|(key, value)| (key.as_bytes(), value.map(str::as_bytes))))
}

#[test]
fn a_record_is_what_was_put_into_it() {
    let header = Header::new(5).expect("random bytes");
    assert_eq!(Header::decode(&header.encode()), Ok(header.clone()));
    let writes = [("", Some("empty key")), ("deleted", None), ("key", Some("")), ("key2", Some("value"))];
    let bytes = record(&writes).seal(&header, 7);
    assert_eq!(bytes.len() as u64, record(&writes).bytes());
    assert_eq!(bytes.len() % ALIGNMENT, 0);
    let head = Head::read(&header, &bytes).expect("whole");
    assert_eq!(head.number, 7);
    let (payload, length) = head.payload(&header, &bytes).expect("whole");
    assert_eq!(length, bytes.len());
    let mut found = Writes::new();
    assert_eq!(take_in(payload, &mut found), Ok(()));
    let expected: Writes = writes
        .iter()
        .map(|(key, value)| (key.as_bytes().to_vec(), value.map(|value| value.as_bytes().to_vec())))
        .collect();
    assert_eq!(found, expected);
    assert_eq!(take_in(&[0xff; 4], &mut Writes::new()), Err("a key longer than its record"));
    assert_eq!(
        take_in(&[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9], &mut Writes::new()),
        Err("a value longer than its record")
    );
}

#[test]
fn every_bit_of_a_record_is_checked() {
    let header = Header::new(1).expect("random bytes");
    let sound = record(&[("key", Some("value")), ("other", None)]).seal(&header, 1);
    let used = 24 + (4 + 3 + 8 + 5) + (4 + 5 + 8) + 16;
    for bit in 0..used * 8 {
        let mut spoiled = sound.clone();
        spoiled[bit / 8] ^= 1 << (bit % 8);
        let read = Head::read(&header, &spoiled);
        let payload = read.and_then(|head| head.payload(&header, &spoiled));
        assert!(payload.is_none(), "bit {bit}");
    }
}

#[test]
fn a_record_counts_only_in_its_own_segment() {
    let (old, new) = (Header::new(1).expect("random bytes"), Header::new(1).expect("random bytes"));
    let record = record(&[("key", Some("value"))]).seal(&old, 9);
    assert!(Head::follows(&old, &record, 9) && Head::follows(&old, &record, 8));
    assert!(!Head::follows(&old, &record, 10), "an earlier one");
    assert!(!Head::follows(&new, &record, 9), "what a segment held before it was used again");
    let head = Head::read(&old, &record).expect("whole");
    assert!(head.payload(&new, &record).is_none());
}

#[test]
fn names_that_are_not_the_logs_are_left_alone() {
    let dir = tempfile::tempdir().expect("a directory");
    let place = dir.path().join(DIRECTORY);
    std::fs::create_dir(&place).expect("creates");
    for name in ["notes", "segment-", "segment-x", "segment-00000000000000000000"] {
        std::fs::write(place.join(name), b"mine").expect("writes");
    }
    for n in 0..5 {
        std::fs::write(place.join(format!("spare-{n}")), b"").expect("writes");
    }
    let log = Log::begin(dir.path(), 1, 10_000).expect("begins");
    assert_eq!(log.last(), 0);
    assert_eq!(names(&place).expect("lists").len(), 1 + SPARES_MAX - 1);
    assert_eq!(std::fs::read(place.join("notes")).expect("reads"), b"mine");
}
