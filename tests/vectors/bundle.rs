//! Bundles: a receipt with all that belongs to it, and every way in which something else was put beside it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crypto::Digest;
use proto::counter::{LeafIndex, TimeMs, TreeSize};
use proto::id::Did;
use proto::operation::{BATCH_TREE, Operation, RevokedFrom};
use proto::receipt::{Bundle, CoseAlgorithm, KeyProof, ProvenLeaf, Receipt};
use proto::submission::Body;

use crate::cose::{issued, said};
use crate::keys::Secret;
use crate::log::{
    BLOCK_TIME, ITEMS, Log, addition, anchor, asked, author, block, body, creation, genesis, item,
    item_digest, proof_submit, revocation, rotation, signed, submitted,
};
use crate::trust::{both, both_signers, log as log_key, plain, plain_signers, pq_witness};
use crate::vector::{Asked, FORMAT, Text, Vector};

const STANDING: &str = "key_standing";

pub fn vectors() -> Vec<Vector> {
    [positive(), format(), beside(), standing()].concat()
}

fn vector(name: impl Into<String>, policy: &str, bundle: &Bundle, failed: Option<&'static str>) -> Vector {
    Vector::text(name, policy, bundle.to_json(), failed)
}

/// A key that the identity lists later than its first.
fn second() -> Secret {
    Secret::ed25519("second")
}

fn identity() -> Did {
    Did::of(&author().public())
}

/// A proof by this key of the identity.
fn by(secret: &Secret) -> Vec<u8> {
    submitted(signed(secret, Body { author: identity(), ..body(secret, proof_submit()) }))
}

fn created(keys: &[Secret]) -> Vec<u8> {
    asked(creation(&identity(), keys, &[]))
}

fn added(secret: &Secret) -> Vec<u8> {
    asked(addition(&identity(), secret, Some(secret)))
}

fn revoked(secret: &Secret) -> Vec<u8> {
    asked(revocation(&identity(), secret, RevokedFrom::Here))
}

/// Genesis, the leaf that lists the second key, a proof by it, the leaf that ends it, a block.
fn life(listing: Vec<u8>, ending: Vec<u8>) -> Log {
    let entries = vec![genesis(), listing, by(&second()), ending, block()];
    Log { entries, signers: plain_signers() }
}

fn leaf(log: &Log, index: u64) -> ProvenLeaf {
    let Receipt { entry, index, proof, .. } = log.receipt(index);
    ProvenLeaf { index, entry, proof }
}

/// The bundle of leaf 2, with leaf 1 and perhaps leaf 3 beside it.
fn of_life(log: &Log, ended: bool) -> Bundle {
    let standing = KeyProof { listed: leaf(log, 1), ended: ended.then(|| leaf(log, 3)) };
    Bundle { standing: Some(standing), ..whole(log, 2) }
}

/// The bundle of a leaf: the envelope, if there is one, and a COSE receipt.
fn whole(log: &Log, index: u64) -> Bundle {
    let receipt = log.receipt(index);
    let said = said(log, &receipt, CoseAlgorithm::EdDsa);
    Bundle {
        submission: envelope(&receipt.entry),
        cose: vec![issued(said, log, &log_key())],
        ..Bundle::of(receipt)
    }
}

fn envelope(entry: &[u8]) -> Option<Vec<u8>> {
    use proto::canonical::Canonical as _;
    match proto::entry::Entry::decode(entry) {
        Ok(proto::entry::Entry::Submission(entry)) => Some(entry.submission.bytes().to_vec()),
        Ok(_) | Err(_) => None,
    }
}

fn log() -> Log {
    Log::around(&both_signers(), asked(proof_submit()))
}

fn positive() -> Vec<Vector> {
    let log = log();
    let full = whole(&log, 1);
    let ml_dsa = issued(said(&log, &full.receipt, CoseAlgorithm::MlDsa65), &log, &pq_witness(1));
    let four = vec![full.cose[0].clone(), full.cose[0].clone(), full.cose[0].clone(), ml_dsa.clone()];
    let anchored = Log::around(&plain_signers(), asked(anchor(ITEMS, BATCH_TREE)));
    let of_item = {
        let mut bundle = whole(&anchored, 1);
        bundle.receipt.item = Some(item(6));
        bundle
    };
    let artifact = Asked { artifact: Some(item_digest(6)), ..Asked::default() };
    let listed = life(added(&second()), revoked(&second()));
    let rotated = life(created(&[author(), second()]), {
        let third = Secret::ed25519("third");
        let Operation::KeyRotate { identity, key, possession, .. } = rotation_of(&second(), &third) else {
            panic!("a rotation")
        };
        asked(Operation::KeyRotate { identity, retires: second().public().id(), key, possession })
    });
    let first = life(asked(rotation(&second(), &second())), revoked(&second()));
    vec![
        vector("nothing beside", &both(), &Bundle::of(log.receipt(1)), None),
        vector("an envelope and a COSE receipt", &both(), &full, None),
        vector(
            "an envelope and no COSE receipt",
            &both(),
            &Bundle { cose: Vec::new(), ..full.clone() },
            None,
        ),
        vector(
            "two COSE receipts",
            &both(),
            &Bundle { cose: vec![full.cose[0].clone(), ml_dsa], ..full.clone() },
            None,
        ),
        vector("four COSE receipts", &both(), &Bundle { cose: four, ..full }, None),
        vector("the genesis", &both(), &whole(&log, 0), None),
        vector("an item", &plain(), &of_item, None).asking(artifact),
        vector("a key that was added", &plain(), &of_life(&listed, false), None),
        vector("a key that was added, and revoked later", &plain(), &of_life(&listed, true), None),
        vector(
            "a key that an identity began with, and that was replaced later",
            &plain(),
            &of_life(&rotated, true),
            None,
        ),
        vector(
            "a key that was revoked later from a later size on",
            &plain(),
            &of_life(&late(RevokedFrom::Size(TreeSize::new(3))), true),
            None,
        ),
        vector(
            "a key that was revoked later from a later time on",
            &plain(),
            &of_life(&late(RevokedFrom::Time(BLOCK_TIME.plus(1))), true),
            None,
        ),
        vector(
            "a key that the DID names, listed later",
            &plain(),
            &{
                let log = Log {
                    entries: vec![genesis(), asked(proof_submit()), created(&[author()]), block()],
                    signers: plain_signers(),
                };
                let standing = KeyProof { listed: leaf(&log, 2), ended: None };
                Bundle { standing: Some(standing), ..whole(&log, 1) }
            },
            None,
        ),
        vector("a key that replaced another", &plain(), &of_life(&first, false), None),
        vector(
            "a key whose revocation it signed itself",
            &plain(),
            &{
                let mut bundle = of_life(
                    &life(added(&second()), by_itself(revocation(&identity(), &second(), RevokedFrom::Here))),
                    true,
                );
                let log =
                    life(added(&second()), by_itself(revocation(&identity(), &second(), RevokedFrom::Here)));
                bundle = Bundle {
                    receipt: log.receipt(3),
                    submission: envelope(&log.entries[3]),
                    cose: Vec::new(),
                    ..bundle
                };
                bundle
            },
            None,
        ),
    ]
}

/// The second key's life, with a revocation that says from when on it holds.
fn late(from: RevokedFrom) -> Log {
    life(added(&second()), asked(revocation(&identity(), &second(), from)))
}

/// What the second key asks for itself.
fn by_itself(operation: Operation) -> Vec<u8> {
    submitted(signed(&second(), Body { author: identity(), ..body(&second(), operation) }))
}

/// A rotation to the third key, in which the second retires.
fn rotation_of(retires: &Secret, new: &Secret) -> Operation {
    let (identity, retires, key) = (identity(), retires.public().id(), new.public());
    let message = proto::operation::possession_bytes(&crate::log::network(), &identity, &retires, &key.id());
    Operation::KeyRotate { identity, retires, key, possession: new.sign(&message) }
}

/// Texts that are no bundle.
fn format() -> Vec<Vector> {
    let listed = life(added(&second()), revoked(&second()));
    let good = of_life(&listed, true).to_json();
    let one = |name: &str, text: String| {
        assert_ne!(text, good, "{name}");
        Vector::text(name, &plain(), text, Some(FORMAT))
    };
    let swap = |name: &str, from: &str, to: &str| one(name, good.replacen(from, to, 1));
    let value: serde_json::Value = serde_json::from_str(&good).expect("JSON");
    let without = |path: &[&str]| {
        let mut less = value.clone();
        let (last, parents) = path.split_last().expect("a path");
        let parent = parents.iter().fold(&mut less, |value, name| &mut value[*name]);
        parent.as_object_mut().expect("an object").remove(*last);
        one(&format!("without {}", path.join(".")), less.to_string())
    };
    let with = |path: &[&str], member: serde_json::Value| {
        let name = format!("{} is {:.40}", path.join("."), member.to_string());
        let mut other = value.clone();
        *path.iter().fold(&mut other, |value, name| &mut value[*name]) = member;
        one(&name, other.to_string())
    };
    let cose = value["cose"][0].as_str().expect("base64").to_owned();
    let bytes = STANDARD.decode(&cose).expect("base64");
    let labelled = {
        let log = listed.clone();
        let receipt = log.receipt(2);
        STANDARD.encode(receipt.to_cose(&issued(
            said(&log, &receipt, CoseAlgorithm::EdDsa),
            &log,
            &log_key(),
        )))
    };
    let null = serde_json::Value::Null;
    let list = |items: &[&str]| serde_json::Value::from(items.to_vec());
    let mut found = vec![
        swap("another version", "bundle/v1", "bundle/v2"),
        swap("the format of a receipt", "bundle/v1", "receipt/v1"),
        swap("the receipt's own format is the bundle's", "receipt/v1", "bundle/v1"),
        swap("an unknown member", "{", "{\"policy\":\"\","),
        swap("a member twice", "\"anchors\":[]", "\"anchors\":[],\"anchors\":[]"),
        swap("an unknown member in the standing", "\"listed\":{", "\"by\":1,\"listed\":{"),
        swap("an unknown member in a leaf", "\"listed\":{", "\"listed\":{\"size\":5,"),
        swap("a leaf's index twice", "\"listed\":{\"index\":1", "\"listed\":{\"index\":1,\"index\":1"),
        swap("an item that is null, in the receipt", "\"checkpoint\":", "\"item\":null,\"checkpoint\":"),
        swap("an anchor", "\"anchors\":[]", "\"anchors\":[1]"),
        with(&["receipt"], serde_json::json!([])),
        with(&["receipt"], value["receipt"].to_string().into()),
        with(&["submission"], null.clone()),
        with(&["submission"], 1.into()),
        with(&["submission"], "AA".into()),
        with(&["cose"], null.clone()),
        with(&["cose"], cose.as_str().into()),
        with(&["cose"], serde_json::json!([1])),
        with(&["standing"], null.clone()),
        with(&["standing"], serde_json::json!([])),
        with(&["standing", "ended"], null.clone()),
        with(&["standing", "listed"], serde_json::json!([])),
        with(&["standing", "listed", "index"], "1".into()),
        with(&["standing", "listed", "index"], (1u64 << 53).into()),
        with(&["standing", "listed", "entry"], "A".into()),
        with(&["standing", "listed", "proof"], list(&["00"])),
        with(&["anchors"], null),
        with(&["anchors"], serde_json::json!({})),
        one("five COSE receipts", {
            let mut more = value.clone();
            more["cose"] = list(&[cose.as_str(); 5]);
            more.to_string()
        }),
        one("a COSE receipt with a header of ours", {
            let mut other = value.clone();
            other["cose"] = list(&[labelled.as_str()]);
            other.to_string()
        }),
        one("a COSE receipt that is cut off", {
            let mut other = value.clone();
            other["cose"] = list(&[STANDARD.encode(&bytes[..bytes.len() - 1]).as_str()]);
            other.to_string()
        }),
        one("a COSE receipt that is empty", {
            let mut other = value.clone();
            other["cose"] = list(&[""]);
            other.to_string()
        }),
        one("a COSE receipt of more than 16 KiB", {
            let mut other = value.clone();
            other["cose"] = list(&["AAAA".repeat(5_463).as_str()]);
            other.to_string()
        }),
        one("the values as a list", {
            let names = ["format", "receipt", "submission", "cose", "standing", "anchors"];
            serde_json::Value::from(names.map(|name| value[name].clone()).to_vec()).to_string()
        }),
    ];
    for path in [
        &["format"][..],
        &["receipt"],
        &["receipt", "entry"],
        &["cose"],
        &["standing", "listed"],
        &["standing", "listed", "entry"],
        &["standing", "ended", "proof"],
        &["anchors"],
    ] {
        found.push(without(path));
    }
    let blanks = Text::repeated(&[(&good, 1), (" ", Bundle::BYTES_MAX - good.len() + 1)]);
    found.push(Vector::text("a byte more than 2 MiB", &plain(), blanks, Some(FORMAT)));
    let blanks = Text::repeated(&[(&good, 1), (" ", Bundle::BYTES_MAX - good.len())]);
    found.push(Vector::text("a bundle of 2 MiB", &plain(), blanks, None));
    found
}

/// What stands beside a true receipt is about something else.
fn beside() -> Vec<Vector> {
    let log = log();
    let good = whole(&log, 1);
    let one = |name: &str, bundle: Bundle, failed| vector(name, &both(), &bundle, Some(failed));
    let other = Log::around(&both_signers(), by(&second()));
    let turned = |bytes: &[u8]| {
        let mut bytes = bytes.to_vec();
        *bytes.last_mut().expect("not empty") ^= 1;
        bytes
    };
    let cose = |log: &Log, index: u64| whole(log, index).cose;
    let spoilt = |change: &dyn Fn(&mut proto::receipt::Unissued)| {
        let mut said = said(&log, &good.receipt, CoseAlgorithm::EdDsa);
        change(&mut said);
        Bundle { cose: vec![good.cose[0].clone(), issued(said, &log, &log_key())], ..good.clone() }
    };
    vec![
        one(
            "another envelope",
            Bundle { submission: Some(turned(good.submission.as_ref().expect("one"))), ..good.clone() },
            "entry",
        ),
        one("an empty envelope", Bundle { submission: Some(Vec::new()), ..good.clone() }, "entry"),
        one(
            "the entry for the envelope",
            Bundle { submission: Some(good.receipt.entry.clone()), ..good.clone() },
            "entry",
        ),
        one(
            "an envelope beside the genesis",
            Bundle { submission: good.submission.clone(), ..whole(&log, 0) },
            "entry",
        ),
        one(
            "the COSE receipt of another log's head",
            Bundle { cose: cose(&other, 1), ..good.clone() },
            "checkpoint_signatures",
        ),
        one("the COSE receipt of another leaf", Bundle { cose: cose(&log, 0), ..good.clone() }, "index"),
        one(
            "a true COSE receipt and one of another leaf",
            Bundle { cose: vec![good.cose[0].clone(), cose(&log, 2)[0].clone()], ..good.clone() },
            "index",
        ),
        one(
            "a true COSE receipt and one of another issuer",
            spoilt(&|said| said.issuer.push('x')),
            "checkpoint_signatures",
        ),
        one(
            "a true COSE receipt and one of another size",
            spoilt(&|said| said.size = said.size.next()),
            "index",
        ),
        one(
            "a true COSE receipt and one with a hash more",
            spoilt(&|said| said.path.push(Digest::ZERO)),
            "proof_length",
        ),
        one(
            "a true COSE receipt and one with the path in reverse",
            spoilt(&|said| said.path.reverse()),
            "root",
        ),
        one(
            "a true COSE receipt and one of another subject",
            spoilt(&|said| said.subject.push('0')),
            "entry",
        ),
        one("the receipt of another leaf", Bundle { receipt: log.receipt(0), ..good.clone() }, "index"),
        one(
            "a receipt whose index was changed",
            {
                let receipt = Receipt { index: LeafIndex::new(2), ..good.receipt.clone() };
                Bundle { receipt, cose: Vec::new(), ..good.clone() }
            },
            "proof_length",
        ),
        one(
            "a receipt whose author did not sign",
            {
                let bad = Log::around(&both_signers(), {
                    let good = body(&author(), proof_submit());
                    submitted(good.clone().seal(Secret::ed25519("other").sign(&good.signed_bytes())))
                });
                whole(&bad, 1)
            },
            "author_signature",
        ),
    ]
}

/// Leaves that do not show that the key was the author's.
fn standing() -> Vec<Vector> {
    let listed = life(added(&second()), revoked(&second()));
    let good = of_life(&listed, true);
    let one = |name: &str, bundle: Bundle| vector(name, &plain(), &bundle, Some(STANDING));
    let of = |name: &str, listing: Vec<u8>, ending: Vec<u8>| one(name, of_life(&life(listing, ending), true));
    let with = |name: &str, change: &dyn Fn(&mut KeyProof)| {
        let mut bundle = good.clone();
        change(bundle.standing.as_mut().expect("one"));
        one(name, bundle)
    };
    let other = Did::of(&Secret::ed25519("other").public());
    let third = Secret::ed25519("third");
    let unsigned = |operation: Operation| {
        let good = body(&author(), operation);
        let signature = Secret::ed25519("other").sign(&good.signed_bytes());
        submitted(good.seal(signature))
    };
    let end = || revoked(&second());
    let since = |from| asked(revocation(&identity(), &second(), from));
    let add = || added(&second());
    vec![
        one("leaves beside the genesis", Bundle { standing: good.standing.clone(), ..whole(&listed, 0) }),
        of("a key of another identity", asked(addition(&other, &second(), None)), end()),
        of("another key of the identity", added(&third), end()),
        of("an identity that began with other keys", created(&[author(), third.clone()]), end()),
        of("another identity that began with the key", asked(creation(&other, &[second()], &[])), end()),
        of("a proof where the key should be listed", by(&author()), end()),
        of("a revocation where the key should be listed", end(), end()),
        of("a block where the key should be listed", block(), end()),
        of("a genesis where the key should be listed", genesis(), end()),
        of("a listing that its author did not sign", unsigned(addition(&identity(), &second(), None)), end()),
        of("an end of another key", add(), revoked(&third)),
        of(
            "an end of another identity's key",
            add(),
            asked(revocation(&other, &second(), RevokedFrom::Here)),
        ),
        of("a listing where the key should end", add(), add()),
        of("a rotation in which another key retires", add(), asked(rotation(&third, &third))),
        of("a block where the key should end", add(), block()),
        of(
            "an end that its author did not sign",
            add(),
            unsigned(revocation(&identity(), &second(), RevokedFrom::Here)),
        ),
        of("a leaf that is none of this ledger", b"none".to_vec(), end()),
        with("a listing at another place", &|proof| proof.listed.index = LeafIndex::new(0)),
        with("a listing beyond the log", &|proof| proof.listed.index = LeafIndex::new(5)),
        with("a listing with a hash less", &|proof| proof.listed.proof.truncate(1)),
        with("a listing with a hash of zeros", &|proof| proof.listed.proof[0] = Digest::ZERO),
        with("another entry for the listing", &|proof| proof.listed.entry = listed.entries[2].clone()),
        with("an end at another place", &|proof| {
            proof.ended.as_mut().expect("one").index = LeafIndex::new(2)
        }),
        with("an end with a hash more", &|proof| proof.ended.as_mut().expect("one").proof.push(Digest::ZERO)),
        with("the listing for the end", &|proof| proof.ended = Some(proof.listed.clone())),
        of(
            "a listing to which another key consents",
            asked(addition(&identity(), &second(), Some(&third))),
            end(),
        ),
        of(
            "a key that was revoked from an earlier size on",
            add(),
            since(RevokedFrom::Size(TreeSize::new(2))),
        ),
        of("a key that was revoked from size 1 on", add(), since(RevokedFrom::Size(TreeSize::new(1)))),
        of("a key that was revoked from the entry's time on", add(), since(RevokedFrom::Time(BLOCK_TIME))),
        of(
            "a key that was revoked from the first moment on",
            add(),
            since(RevokedFrom::Time(TimeMs::new(1))),
        ),
        one("a key that was replaced before", {
            let rotated = asked(rotation_of(&second(), &third));
            let log = Log {
                entries: vec![genesis(), add(), rotated, by(&second()), block()],
                signers: plain_signers(),
            };
            let standing = KeyProof { listed: leaf(&log, 1), ended: Some(leaf(&log, 2)) };
            Bundle { standing: Some(standing), ..whole(&log, 3) }
        }),
        one("a key that was listed later", {
            let log = Log {
                entries: vec![genesis(), by(&second()), add(), end(), block()],
                signers: plain_signers(),
            };
            let standing = KeyProof { listed: leaf(&log, 2), ended: None };
            Bundle { standing: Some(standing), ..whole(&log, 1) }
        }),
        one("a key that was ended before", {
            let log = Log {
                entries: vec![genesis(), add(), end(), by(&second()), block()],
                signers: plain_signers(),
            };
            let standing = KeyProof { listed: leaf(&log, 1), ended: Some(leaf(&log, 2)) };
            Bundle { standing: Some(standing), ..whole(&log, 3) }
        }),
    ]
}
