//! Every type has one encoding: each other spelling of a value is refused.

use std::fmt::Debug;

use proto::batch::{Batch, BatchRef};
use proto::block::Block;
use proto::canonical::{Canonical, DecodeError};
use proto::id::BatchId;
use proto::message::Kind;
use proto::validators::ValidatorSet;

use crate::dice::Dice;

/// Bits flipped in one value, and places where one is cut off, at most; longer encodings are sampled evenly.
const SAMPLES_MAX: usize = 1_200;

fn check<T: Canonical + PartialEq + Debug>(name: &str, value: &T) {
    let bytes = value.encode();
    assert_eq!(T::decode(&bytes).as_ref(), Ok(value), "{name}");
    let refused = |what: &str, bytes: &[u8]| {
        assert!(T::decode(bytes).is_err(), "{name}: {what} was read");
    };
    let not_the_same = |what: &str, bytes: &[u8]| match T::decode(bytes) {
        Err(_) => {}
        Ok(other) => {
            assert_ne!(other, *value, "{name}: {what} is a second spelling");
            assert_eq!(other.encode(), bytes, "{name}: {what}");
        }
    };

    // Field 127, of each wire type.
    for field in [
        &[0xf8, 0x07, 0x01][..],
        &[0xfa, 0x07, 0x00],
        &[0xfd, 0x07, 0, 0, 0, 0],
        &[0xf9, 0x07, 0, 0, 0, 0, 0, 0, 0, 0],
    ] {
        refused("an unknown field", &[&bytes, field].concat());
    }
    for length in (0..bytes.len()).step_by(bytes.len().div_ceil(SAMPLES_MAX).max(1)) {
        not_the_same("a truncation", &bytes[..length]);
    }
    refused("half a field", &[&bytes, &[0x08][..]].concat());
    refused("more than is allowed", &vec![0; T::BYTES_MAX + 1]);
    assert!(matches!(T::decode(&vec![0; T::BYTES_MAX + 1]), Err(DecodeError::TooLarge { .. })), "{name}");

    let bits = bytes.len() * 8;
    for bit in (0..bits).step_by(bits.div_ceil(SAMPLES_MAX).max(1)) {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        not_the_same("a flipped bit", &flipped);
    }

    let fields = fields(&bytes);
    for at in 1..fields.len() {
        if number(fields[at - 1]) != number(fields[at]) {
            let mut order = fields.clone();
            order.swap(at - 1, at);
            refused("fields out of order", &order.concat());
        }
        let mut twice = fields.clone();
        twice.insert(at, fields[at]);
        not_the_same("a field twice", &twice.concat());
    }
    for absent in (1..=24_u8).filter(|absent| fields.iter().all(|field| number(field) != *absent)) {
        let place = fields.iter().filter(|field| number(field) < absent).count();
        for tag in [0, 2] {
            let tag = (u32::from(absent) << 3) | tag;
            let field =
                if tag < 128 { vec![tag as u8, 0] } else { vec![tag as u8 | 0x80, (tag >> 7) as u8, 0] };
            let mut spelled = fields.clone();
            spelled.insert(place, &field);
            not_the_same("a default spelled out", &spelled.concat());
        }
    }
    if let Some((first, rest)) = fields.split_first()
        && first[0] < 0x80
    {
        // The same tag in two bytes.
        let overlong = [&[first[0] | 0x80, 0x00], &first[1..], &rest.concat()].concat();
        refused("an overlong tag", &overlong);
    }
}

/// The top-level fields, each with its tag.
fn fields(mut bytes: &[u8]) -> Vec<&[u8]> {
    let mut fields = Vec::new();
    while !bytes.is_empty() {
        let tag = varint(bytes).1;
        let end = match bytes[0] & 7 {
            0 => tag + varint(&bytes[tag..]).1,
            2 => {
                let (length, prefix) = varint(&bytes[tag..]);
                tag + prefix + length as usize
            }
            other => panic!("wire type {other} is not used"),
        };
        let (field, rest) = bytes.split_at(end);
        fields.push(field);
        bytes = rest;
    }
    fields
}

fn number(field: &[u8]) -> u8 {
    (varint(field).0 >> 3) as u8
}

/// The number, and how many bytes it takes.
fn varint(bytes: &[u8]) -> (u64, usize) {
    let length = bytes.iter().take_while(|b| **b & 0x80 != 0).count() + 1;
    let value = bytes[..length].iter().rev().fold(0, |value, b| (value << 7) | u64::from(b & 0x7f));
    (value, length)
}

#[test]
fn submissions() {
    for kind in 0..28 {
        check("submission", &Dice(kind).submission(kind));
    }
}

#[test]
fn entries() {
    for kind in 0..4 {
        check("entry", &Dice(10 + kind).entry(kind));
    }
}

#[test]
fn requests() {
    for kind in 0..6 {
        check("request", &Dice(20 + kind).request(kind));
    }
}

#[test]
fn responses() {
    for seed in 0..10 {
        check("response", &Dice(30 + seed).response(seed));
    }
}

#[test]
fn ballots() {
    for seed in 40..43 {
        check("vote", &Dice(seed).vote());
        check("timeout", &Dice(seed).timeout());
        check("sync info", &Dice(seed).sync_info());
    }
}

#[test]
fn certificates() {
    for seed in 50..53 {
        check("quorum certificate", &Dice(seed).qc());
        check("timeout certificate", &Dice(seed).tc());
    }
}

#[test]
fn blocks() {
    for seed in 60..62 {
        check("block", &Dice(seed).block());
        check("batch", &Dice(seed).batch());
        check("proposal", &Dice(seed).proposal());
        check("certified block", &Dice(seed).certified_block());
    }
}

#[test]
fn a_block_states_no_more_than_fits_a_response() {
    let mut block = Dice(63).block();
    block.batches = (0..6).map(|_| Dice(64).batch_ref()).collect();
    for (number, batch) in block.batches.iter_mut().enumerate() {
        batch.id = BatchId::new(crypto::sha256(&[number as u8]));
        batch.bytes = Batch::BYTES_MAX as u32;
    }
    assert_eq!(
        (block.body_bytes(), Block::decode(&block.encode())),
        (Block::BODY_BYTES_MAX, Ok(block.clone()))
    );
    block.batches.push(BatchRef { id: BatchId::new(crypto::sha256(b"more")), count: 1, bytes: 1 });
    let (found, max) = (Block::BODY_BYTES_MAX + 1, Block::BODY_BYTES_MAX);
    assert_eq!(
        Block::decode(&block.encode()),
        DecodeError::at_most("block.body", found, max).map(|()| block)
    );

    // Around the envelopes: a tag and a length each, the block, the parent's certificate.
    let framing = 4 * Block::BATCHES_MAX * Batch::COUNT_MAX;
    let certificate = 128 * ValidatorSet::COUNT_MAX;
    let whole = Block::BODY_BYTES_MAX + framing + Block::BYTES_MAX + certificate;
    assert!(whole <= Kind::Response.bytes_max());
}

#[test]
fn checkpoints() {
    for seed in 70..72 {
        check("cosignature", &Dice(seed).cosignature());
        check("certified checkpoint", &Dice(seed).checkpoint());
    }
}

#[test]
fn genesis_and_record() {
    check("genesis", &Dice(80).genesis());
    for seed in 81..84 {
        check("safety record", &Dice(seed).record());
    }
}

#[test]
fn one_checkpoint_holds_one_head() {
    let mut checkpoint = Dice(90).checkpoint();
    while checkpoint.cosignatures.is_empty() {
        checkpoint = Dice(checkpoint.head.size.get() + 1).checkpoint();
    }
    checkpoint.cosignatures[0].head.size = checkpoint.head.size.next();
    assert!(proto::checkpoint::CertifiedCheckpoint::decode(&checkpoint.encode()).is_err());
}
