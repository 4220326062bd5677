//! Sessions of a quality that was asked for, and endorsed services: true ones at their bounds, spoilt ones beyond.

use proto::canonical::Canonical as _;
use proto::entry::Entry;

use crate::entry::{bytes, number, of_operation as op, one};
use crate::log::receipt_of;
use crate::trust::{plain, plain_signers};
use crate::vector::Vector;

const OPEN: u64 = 40;
const SAMPLE: u64 = 41;
const FINALIZE: u64 = 42;
const DELETE: u64 = 43;
const ENDORSE: u64 = 44;

pub fn vectors() -> Vec<Vector> {
    [truths(), opened(), sampled(), named(), endorsed()].concat()
}

fn truth(name: &str, entry: Vec<u8>) -> Vector {
    Vector::json(name, &plain(), &receipt_of(&plain_signers(), entry), None)
}

fn session() -> Vec<u8> {
    bytes(1, &[7; 16])
}

/// Text, target, jitter, duration, label; what is 0 or empty is not written.
fn open(text: &str, numbers: [u64; 3], label: &str) -> Vec<u8> {
    let [target, jitter, duration] = numbers;
    let text = filled(2, text);
    let label = filled(6, label);
    op(OPEN, &[&session(), &text, &counted(3, target), &counted(4, jitter), &counted(5, duration), &label])
}

/// Packets, median, 95th percentile, jitter; notes.
fn sample(numbers: [u64; 4], notes: &str) -> Vec<u8> {
    let [packets, p50, p95, jitter] = numbers;
    let notes = filled(6, notes);
    let (packets, p50) = (counted(2, packets), counted(3, p50));
    op(SAMPLE, &[&session(), &packets, &p50, &counted(4, p95), &counted(5, jitter), &notes])
}

fn counted(field: u64, value: u64) -> Vec<u8> {
    if value == 0 { Vec::new() } else { number(field, value) }
}

fn filled(field: u64, text: &str) -> Vec<u8> {
    if text.is_empty() { Vec::new() } else { bytes(field, text.as_bytes()) }
}

fn endorse(validator: &[u8], endorsement: &[u8]) -> Vec<u8> {
    op(ENDORSE, &[&bytes(1, validator), &bytes(2, endorsement)])
}

fn truths() -> Vec<Vector> {
    let (longest, label) = ("\u{1f600}".repeat(5_000), "\u{e9}".repeat(200));
    vec![
        truth("a session of the least", open("x", [1, 0, 1], "x")),
        truth("a session of the most", open(&longest, [60_000, 60_000, 86_400], &label)),
        truth("a session whose text holds a NUL and a line's end", open("\0\n", [1, 1, 1], "\n\u{7f}")),
        truth("a sample of the least", sample([1, 0, 0, 0], "")),
        truth(
            "a sample of the most",
            sample([100_000, 60_000_000, 60_000_000, 60_000_000], &"\u{1f600}".repeat(500)),
        ),
        truth("a session with the id of zeros is finalized", op(FINALIZE, &[&bytes(1, &[0; 16])])),
        truth("a session with the id of ones is finalized", op(FINALIZE, &[&bytes(1, &[0xff; 16])])),
        truth("a session with the id of zeros is deleted", op(DELETE, &[&bytes(1, &[0; 16])])),
        truth("a session with the id of ones is deleted", op(DELETE, &[&bytes(1, &[0xff; 16])])),
        truth("a service of a validator of 32 bytes", endorse("\u{e9}".repeat(16).as_bytes(), &[7; 64])),
        truth("a service of a validator without name", op(ENDORSE, &[&bytes(2, &[7; 64])])),
    ]
}

fn opened() -> Vec<Vector> {
    let good = [1, 1, 1];
    assert!(Entry::decode(&open("x", good, "x")).is_ok(), "what is spoilt was well formed");
    let (text, label) = (bytes(2, b"x"), bytes(6, b"x"));
    let numbers = [number(3, 1), number(4, 1), number(5, 1)].concat();
    vec![
        one("a session without text", open("", good, "x")),
        one("a session with a text of 5,001 characters", open(&"x".repeat(5_001), good, "x")),
        one("a session with a text that is no UTF-8", {
            op(OPEN, &[&session(), &bytes(2, b"\xff"), &numbers, &label])
        }),
        one("a session without target", open("x", [0, 1, 1], "x")),
        one("a session with a target of 60,001 ms", open("x", [60_001, 1, 1], "x")),
        one("a session with a target of 2^32 + 1 ms", open("x", [(1 << 32) + 1, 1, 1], "x")),
        one("a session with its jitter 0 spelt out", {
            op(OPEN, &[&session(), &text, &number(3, 1), &number(4, 0), &number(5, 1), &label])
        }),
        one("a session with a jitter of 60,001 ms", open("x", [1, 60_001, 1], "x")),
        one("a session without duration", open("x", [1, 1, 0], "x")),
        one("a session of a day and a second", open("x", [1, 1, 86_401], "x")),
        one("a session without label", open("x", good, "")),
        one("a session with a label of 201 characters", open("x", good, &"x".repeat(201))),
        one("a session without id", op(OPEN, &[&text, &numbers, &label])),
        one("a session with an id of 15 bytes", op(OPEN, &[&bytes(1, &[7; 15]), &text, &numbers, &label])),
        one("a session with an id of 17 bytes", op(OPEN, &[&bytes(1, &[7; 17]), &text, &numbers, &label])),
        one("a session with the label before the numbers", op(OPEN, &[&session(), &text, &label, &numbers])),
        one("a session with a field more", op(OPEN, &[&session(), &text, &numbers, &label, &number(7, 1)])),
    ]
}

fn sampled() -> Vec<Vector> {
    let most = 60_000_000;
    let good = [1, 2, 3, 4];
    assert!(Entry::decode(&sample(good, "x")).is_ok(), "what is spoilt was well formed");
    vec![
        one("a sample of no packet", sample([0, 2, 3, 4], "")),
        one("a sample of 100,001 packets", sample([100_001, 2, 3, 4], "")),
        one("a sample of 2^32 + 1 packets", sample([(1 << 32) + 1, 2, 3, 4], "")),
        one("a sample whose 95th percentile is below its median", sample([1, 3, 2, 4], "")),
        one("a sample with a median and no 95th percentile", sample([1, 3, 0, 4], "")),
        one("a sample with a median beyond a minute", sample([1, most + 1, most + 1, 4], "")),
        one("a sample with a 95th percentile beyond a minute", sample([1, 2, most + 1, 4], "")),
        one("a sample with a 95th percentile of 2^64 - 1", sample([1, 2, u64::MAX, 4], "")),
        one("a sample with a jitter beyond a minute", sample([1, 2, 3, most + 1], "")),
        one("a sample with notes of 501 characters", sample(good, &"x".repeat(501))),
        one("a sample with its median 0 spelt out", {
            op(SAMPLE, &[&session(), &number(2, 1), &number(3, 0), &number(4, 1)])
        }),
        one("a sample of no session", op(SAMPLE, &[&number(2, 1)])),
        one("a sample of a session's id of 32 bytes", op(SAMPLE, &[&bytes(1, &[7; 32]), &number(2, 1)])),
        one("a sample with a field more", op(SAMPLE, &[&session(), &number(2, 1), &number(7, 1)])),
    ]
}

/// What says nothing but a session's id.
fn named() -> Vec<Vector> {
    let mut found = Vec::new();
    for (field, done) in [(FINALIZE, "finalized"), (DELETE, "deleted")] {
        found.extend([
            one(format!("no session is {done}"), op(field, &[])),
            one(format!("a session with an id of 15 bytes is {done}"), op(field, &[&bytes(1, &[7; 15])])),
            one(format!("a session with an id of 17 bytes is {done}"), op(field, &[&bytes(1, &[7; 17])])),
            one(format!("a session is {done}, with a field more"), op(field, &[&session(), &number(2, 1)])),
        ]);
    }
    found
}

fn endorsed() -> Vec<Vector> {
    vec![
        one("a service of a validator of 33 bytes", endorse(&[b'v'; 33], &[7; 64])),
        one("a service of a validator with a line's end", endorse(b"v\n", &[7; 64])),
        one("a service without endorsement", op(ENDORSE, &[&bytes(1, b"v2")])),
        one("a service with an endorsement of 63 bytes", endorse(b"v2", &[7; 63])),
        one("a service with an endorsement of 65 bytes", endorse(b"v2", &[7; 65])),
        one("a service with a field more", {
            op(ENDORSE, &[&bytes(1, b"v2"), &bytes(2, &[7; 64]), &number(3, 1)])
        }),
    ]
}
