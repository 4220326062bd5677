//! Receipts in COSE: true ones by each algorithm, and every way to spoil the CBOR, what is said and who says it.

use crypto::{Digest, sha256};
use proto::canonical::Canonical as _;
use proto::cbor::Writer;
use proto::cose_key::thumbprint;
use proto::counter::{LeafIndex, TreeSize};
use proto::entry::Entry;
use proto::note::SignatureType;
use proto::operation::BATCH_TREE;
use proto::receipt::{CoseAlgorithm, Issued, Receipt, Unissued};

use crate::keys::NoteSigner;
use crate::log::{ITEMS, Log, ORIGIN, anchor, asked, epoch, genesis, item, item_digest, proof_submit};
use crate::trust::{
    both, both_signers, log as log_key, other_log, plain, plain_signers, pq_witness, second_log,
};
use crate::vector::{Asked, FORMAT, Text, Vector};

const SIGNATURES: &str = "checkpoint_signatures";

pub fn vectors() -> Vec<Vector> {
    [positive(), cbor(), headers(), private(), issuers(), leaves()].concat()
}

/// The log around the usual submission, whose heads three keys sign.
fn log() -> Log {
    Log::around(&both_signers(), asked(proof_submit()))
}

/// What an issuer says of a receipt's leaf.
pub fn said(log: &Log, receipt: &Receipt, algorithm: CoseAlgorithm) -> Unissued {
    let key = issuer(algorithm);
    let (_, public) = key.key.known().expect("a type of ours");
    Unissued {
        algorithm,
        kid: thumbprint(public).expect("COSE knows the scheme"),
        issuer: ORIGIN.to_owned(),
        subject: subject(receipt),
        size: TreeSize::new(log.entries.len() as u64),
        index: receipt.index,
        path: receipt.proof.clone(),
    }
}

fn subject(receipt: &Receipt) -> String {
    match Entry::decode(&receipt.entry) {
        Ok(entry) => proto::receipt::subject(&entry, receipt.index),
        // What stands in the log and is no entry has a place in it all the same.
        Err(_) => format!("urn:quorate:leaf:{}", receipt.index),
    }
}

fn issuer(algorithm: CoseAlgorithm) -> NoteSigner {
    match algorithm {
        CoseAlgorithm::EdDsa | CoseAlgorithm::Ed25519 => log_key(),
        CoseAlgorithm::MlDsa65 => pq_witness(1),
    }
}

/// Signs by this key, whatever is said.
pub fn issued(said: Unissued, log: &Log, key: &NoteSigner) -> Issued {
    let message = said.signed_bytes(&log.text().head.root);
    said.seal(key.signature(&message))
}

/// The receipt in COSE, by the usual issuer.
pub fn cose(log: &Log, receipt: &Receipt, algorithm: CoseAlgorithm) -> Vec<u8> {
    receipt.to_cose(&issued(said(log, receipt, algorithm), log, &issuer(algorithm)))
}

fn true_one(name: impl Into<String>, policy: &str, bytes: Vec<u8>) -> Vector {
    Vector::text(name, policy, bytes, None)
}

fn one(name: impl Into<String>, bytes: impl Into<Text>, failed: &'static str) -> Vector {
    Vector::text(name, &both(), bytes, Some(failed))
}

fn positive() -> Vec<Vector> {
    let log = log();
    let receipt = log.receipt(1);
    let mut found: Vec<Vector> = CoseAlgorithm::ALL
        .into_iter()
        .map(|algorithm| {
            let name = format!("by algorithm {}", algorithm.id());
            true_one(name, &both(), cose(&log, &receipt, algorithm))
        })
        .collect();
    for (name, index) in [("the genesis", 0), ("a block", 2)] {
        found.push(true_one(name, &both(), cose(&log, &log.receipt(index), CoseAlgorithm::EdDsa)));
    }
    let anchored = Log::around(&plain_signers(), asked(anchor(ITEMS, BATCH_TREE)));
    let of_item = Receipt { item: Some(item(6)), ..anchored.receipt(1) };
    let artifact = Asked { artifact: Some(item_digest(6)), ..Asked::default() };
    found.push(
        true_one("an item", &plain(), cose(&anchored, &of_item, CoseAlgorithm::EdDsa)).asking(artifact),
    );
    for index in [0, 8, 16] {
        let whole = Log::of_size(&plain_signers(), 17);
        let receipt = whole.receipt(index);
        let name = format!("leaf {index} of 17");
        found.push(true_one(name, &plain(), cose(&whole, &receipt, CoseAlgorithm::Ed25519)));
    }
    found
}

/// The parts of a receipt, each in CBOR.
struct Parts {
    protected: Vec<u8>,
    proof: Vec<u8>,
    private: Vec<u8>,
    payload: Vec<u8>,
    signature: Vec<u8>,
}

pub fn written(write: impl FnOnce(&mut Writer) -> &mut Writer) -> Vec<u8> {
    let mut to = Writer::new();
    write(&mut to);
    to.finish()
}

const LABEL: i64 = -1 - 0x5155_4f52;

/// The map of headers that are signed: pairs, each written.
fn protected(pairs: &[Vec<u8>]) -> Vec<u8> {
    let map = written(|to| to.map(pairs.len()));
    let whole = [map, pairs.concat()].concat();
    written(|to| to.bytes(&whole))
}

fn pairs(said: &Unissued) -> Vec<Vec<u8>> {
    vec![
        written(|to| to.int(1).int(said.algorithm.id())),
        written(|to| to.int(4).bytes(said.kid.as_bytes())),
        written(|to| to.int(15).map(2).int(1).text(&said.issuer).int(2).text(&said.subject)),
        written(|to| to.int(395).int(1)),
    ]
}

fn proof(size: u64, index: u64, path: &[Digest]) -> Vec<u8> {
    written(|to| {
        to.array(3).unsigned(size).unsigned(index).array(path.len());
        path.iter().fold(to, |to, hash| to.bytes(hash.as_bytes()))
    })
}

fn proofs(proof: &[u8]) -> Vec<u8> {
    written(|to| to.int(396).map(1).int(-1).array(1).bytes(proof))
}

fn parts(log: &Log, receipt: &Receipt) -> Parts {
    let said = said(log, receipt, CoseAlgorithm::EdDsa);
    let signature = issued(said.clone(), log, &log_key()).signature().as_bytes().to_vec();
    Parts {
        protected: protected(&pairs(&said)),
        proof: proofs(&proof(said.size.get(), said.index.get(), &said.path)),
        private: written(|to| {
            to.int(LABEL).map(2).unsigned(1).text(&receipt.checkpoint).unsigned(2).bytes(&receipt.entry)
        }),
        payload: vec![0xf6],
        signature: written(|to| to.bytes(&signature)),
    }
}

fn joined(change: impl Fn(&mut Parts)) -> Vec<u8> {
    let log = log();
    let mut parts = parts(&log, &log.receipt(1));
    change(&mut parts);
    whole(&parts, 2)
}

fn whole(parts: &Parts, headers: usize) -> Vec<u8> {
    let Parts { protected, proof, private, payload, signature } = parts;
    let begin = written(|to| to.tag(18).array(4));
    let map = written(|to| to.map(headers));
    [&begin, protected, &map, proof, private, payload, signature].map(Vec::as_slice).concat()
}

/// What is no CBOR of the one form.
fn cbor() -> Vec<Vector> {
    let good = joined(|_| {});
    let receipt = log().receipt(1);
    assert_eq!(good, cose(&log(), &receipt, CoseAlgorithm::EdDsa), "what is spoilt was well formed");
    let with = |name: &str, bytes: Vec<u8>| one(name, bytes, FORMAT);
    let long = Text::from(good.clone()).and(Text::repeated(&[("\0", Receipt::COSE_BYTES_MAX)]));
    vec![
        with("the tag alone", good[..1].to_vec()),
        with("cut off", good[..good.len() - 1].to_vec()),
        with("cut off in its header", good[..40].to_vec()),
        with("a byte more", [&good[..], &[0]].concat()),
        with("twice", [&good[..], &good].concat()),
        one("more than 1.25 MiB", long, FORMAT),
        with("without its tag", good[1..].to_vec()),
        with("the tag 17", [&[0xd1], &good[1..]].concat()),
        with("the tag in two bytes", [&[0xd8, 18], &good[1..]].concat()),
        with("three parts", [&[0xd2, 0x83], &good[2..]].concat()),
        with("five parts", [&[0xd2, 0x85], &good[2..], &[0xf6]].concat()),
        with("an array without end", [&[0xd2, 0x9f], &good[2..], &[0xff]].concat()),
        with("a text for the protected header", joined(|parts| parts.protected[0] |= 0x20)),
        with("an empty protected header", joined(|parts| parts.protected = vec![0x40])),
        with(
            "a protected header as a map",
            joined(|parts| {
                parts.protected.drain(..2);
            }),
        ),
        with(
            "a length in more bytes than it needs",
            joined(|parts| {
                assert_eq!(parts.signature[..2], [0x58, 64]);
                parts.signature.splice(..2, [0x59, 0, 64]);
            }),
        ),
        with(
            "a length of 2^64 - 1",
            joined(|parts| {
                parts.signature = [&[0x5b][..], &[0xff; 8]].concat();
            }),
        ),
        with(
            "a byte string without end",
            joined(|parts| {
                parts.signature = [&[0x5f][..], &parts.signature, &[0xff]].concat();
            }),
        ),
        with("a payload that is there", joined(|parts| parts.payload = vec![0x41, 7])),
        with("an empty payload", joined(|parts| parts.payload = vec![0x40])),
        with(
            "the root as payload",
            joined(|parts| {
                let root = log().text().head.root;
                parts.payload = written(|to| to.bytes(root.as_bytes()));
            }),
        ),
        with("undefined for the payload", joined(|parts| parts.payload = vec![0xf7])),
        with("a float for the payload", joined(|parts| parts.payload = vec![0xf9, 0, 0])),
        with("a signature of 63 bytes", joined(|parts| parts.signature = written(|to| to.bytes(&[7; 63])))),
        with("a signature of 65 bytes", joined(|parts| parts.signature = written(|to| to.bytes(&[7; 65])))),
        with(
            "a signature of 4,628 bytes",
            joined(|parts| parts.signature = written(|to| to.bytes(&[7; 4_628]))),
        ),
        with(
            "a signature of ML-DSA-65 for an Ed25519 key",
            joined(|parts| parts.signature = written(|to| to.bytes(&[7; 3_309]))),
        ),
        with("null for the signature", joined(|parts| parts.signature = vec![0xf6])),
    ]
}

/// Headers that say too little, too much, or something else.
fn headers() -> Vec<Vector> {
    let log = log();
    let receipt = log.receipt(1);
    let said = said(&log, &receipt, CoseAlgorithm::EdDsa);
    let good = pairs(&said);
    let with = |name: &str, pairs: &[Vec<u8>]| {
        let header = protected(pairs);
        one(name, joined(|parts| parts.protected.clone_from(&header)), FORMAT)
    };
    let set = |name: &str, at: usize, pair: Vec<u8>| {
        let mut pairs = good.clone();
        pairs[at] = pair;
        with(name, &pairs)
    };
    let pair = |write: fn(&mut Writer) -> &mut Writer| written(write);
    let claims = |write: &dyn Fn(&mut Writer) -> &mut Writer| {
        written(|to| {
            to.int(15);
            write(to)
        })
    };
    let swapped = |a: usize, b: usize| {
        let mut pairs = good.clone();
        pairs.swap(a, b);
        pairs
    };
    let twice = |at: usize| [&good[..=at], &good[at..]].concat();
    let more = |write: fn(&mut Writer) -> &mut Writer| [good.clone(), vec![written(write)]].concat();
    let mut found = vec![
        with("without algorithm", &good[1..]),
        with("without the key's name", &[&good[..1], &good[2..]].concat()),
        with("without claims", &[&good[..2], &good[3..]].concat()),
        with("without data structure", &good[..3]),
        with("the algorithm behind the key's name", &swapped(0, 1)),
        with("the data structure before the claims", &swapped(2, 3)),
        with("the algorithm twice", &twice(0)),
        with("the claims twice", &twice(2)),
        with("a header more", &more(|to| to.int(396 + 1).int(1))),
        with("a header more, of text", &more(|to| to.text("x").int(1))),
        with(
            "a critical header",
            &[&good[..1], &[pair(|to| to.int(2).array(1).int(395))], &good[1..]].concat(),
        ),
        with("a content type", &[&good[..1], &[pair(|to| to.int(3).text("x"))], &good[1..]].concat()),
        set("the algorithm ES256", 0, pair(|to| to.int(1).int(-7))),
        set("the algorithm ML-DSA-44", 0, pair(|to| to.int(1).int(-48))),
        set("the algorithm as text", 0, pair(|to| to.int(1).text("EdDSA"))),
        set("the algorithm in more bytes than it needs", 0, vec![1, 0x38, 7]),
        set("a key's name of 31 bytes", 1, pair(|to| to.int(4).bytes(&[7; 31]))),
        set("a key's name of 33 bytes", 1, pair(|to| to.int(4).bytes(&[7; 33]))),
        set("a key's name as text", 1, pair(|to| to.int(4).text("0123456789abcdef0123456789abcdef"))),
        set("the data structure 2", 3, pair(|to| to.int(395).int(2))),
        set("the data structure as text", 3, pair(|to| to.int(395).text("RFC9162_SHA256"))),
        set("claims without issuer", 2, claims(&|to| to.map(1).int(2).text(&said.subject))),
        set("claims without subject", 2, claims(&|to| to.map(1).int(1).text(&said.issuer))),
        set(
            "claims in another order",
            2,
            claims(&|to| to.map(2).int(2).text(&said.subject).int(1).text(&said.issuer)),
        ),
        set(
            "the issuer twice",
            2,
            claims(&|to| {
                to.map(3).int(1).text(&said.issuer).int(1).text(&said.issuer).int(2).text(&said.subject)
            }),
        ),
        set(
            "a time of issue",
            2,
            claims(&|to| to.map(3).int(1).text(&said.issuer).int(2).text(&said.subject).int(6).unsigned(1)),
        ),
        set(
            "an issuer of more than 1 KiB",
            2,
            claims(&|to| to.map(2).int(1).text(&"a".repeat(1_025)).int(2).text(&said.subject)),
        ),
        set("an issuer that is no UTF-8", 2, [&[0x0f, 0xa2, 1, 0x61, 0xff, 2, 0x61, b'a'][..]].concat()),
        set("claims as an array", 2, claims(&|to| to.array(2).text(&said.issuer).text(&said.subject))),
    ];
    let hash = |count: usize| vec![sha256(b"hash"); count];
    let raw = |name: &str, proof: Vec<u8>| one(name, joined(|parts| parts.proof.clone_from(&proof)), FORMAT);
    let (size, index, path) = (said.size.get(), said.index.get(), said.path.clone());
    found.extend([
        raw(
            "a proof of consistency",
            written(|to| to.int(396).map(1).int(-2).array(1).bytes(&proof(1, 3, &path))),
        ),
        raw("no proof", written(|to| to.int(396).map(0))),
        raw(
            "two proofs",
            written(|to| {
                let proof = proof(size, index, &path);
                to.int(396).map(1).int(-1).array(2).bytes(&proof).bytes(&proof)
            }),
        ),
        raw(
            "two kinds of proofs",
            written(|to| {
                let proof = proof(size, index, &path);
                to.int(396).map(2).int(-1).array(1).bytes(&proof).int(-2).array(1).bytes(&proof)
            }),
        ),
        raw("a proof that is no byte string", written(|to| to.int(396).map(1).int(-1).array(1).array(0))),
        raw("a proof of two parts", proofs(&written(|to| to.array(2).unsigned(size).unsigned(index)))),
        raw("a proof of four parts", proofs(&[&[0x84][..], &proof(size, index, &path)[1..], &[0]].concat())),
        raw("a proof with a byte more", proofs(&[&proof(size, index, &path)[..], &[0]].concat())),
        raw(
            "a proof with a hash of 31 bytes",
            proofs(&written(|to| to.array(3).unsigned(size).unsigned(index).array(1).bytes(&[7; 31]))),
        ),
        raw("a proof of 65 hashes", proofs(&proof(size, index, &hash(65)))),
        raw("a proof of the size 2^53", proofs(&proof(1 << 53, index, &path))),
        raw("a proof of the index 2^53", proofs(&proof(size, 1 << 53, &path))),
        raw("a proof of the index -1", proofs(&written(|to| to.array(3).unsigned(size).int(-1).array(0)))),
        raw(
            "a proof whose label is 395",
            written(|to| to.int(395).map(1).int(-1).array(1).bytes(&proof(size, index, &path))),
        ),
    ]);
    found
}

/// What stands under our own label.
fn private() -> Vec<Vector> {
    let log = log();
    let receipt = log.receipt(1);
    let (note, entry) = (&receipt.checkpoint, &receipt.entry);
    let with = |name: &str, write: &dyn Fn(&mut Writer) -> &mut Writer| {
        let private = written(|to| {
            to.int(LABEL);
            write(to)
        });
        one(name, joined(|parts| parts.private.clone_from(&private)), FORMAT)
    };
    let mut bare = parts(&log, &receipt);
    bare.private = Vec::new();
    let mut swapped = parts(&log, &receipt);
    std::mem::swap(&mut swapped.proof, &mut swapped.private);
    let mut twice = parts(&log, &receipt);
    twice.private = [twice.private.clone(), twice.private].concat();
    let mut more = parts(&log, &receipt);
    more.private.extend(written(|to| to.int(397).int(1)));
    vec![
        one("no header of ours: one validator's word", whole(&bare, 1), FORMAT),
        one("the header of ours before the proof", whole(&swapped, 2), FORMAT),
        one("the header of ours twice", whole(&twice, 3), FORMAT),
        one("a header that nobody signed", whole(&more, 3), FORMAT),
        with("no entry", &|to| to.map(1).unsigned(1).text(note)),
        with("no checkpoint", &|to| to.map(1).unsigned(2).bytes(entry)),
        with("the entry before the checkpoint", &|to| {
            to.map(2).unsigned(2).bytes(entry).unsigned(1).text(note)
        }),
        with("the checkpoint twice", &|to| {
            to.map(3).unsigned(1).text(note).unsigned(1).text(note).unsigned(2).bytes(entry)
        }),
        with("a label more", &|to| {
            to.map(3).unsigned(1).text(note).unsigned(2).bytes(entry).unsigned(4).text("policy")
        }),
        with("the checkpoint as bytes", &|to| {
            to.map(2).unsigned(1).bytes(note.as_bytes()).unsigned(2).bytes(entry)
        }),
        with("the entry as text", &|to| to.map(2).unsigned(1).text(note).unsigned(2).text("entry")),
        with("an entry of 65,536 bytes", &|to| {
            to.map(2).unsigned(1).text(note).unsigned(2).bytes(&vec![0; 65_536])
        }),
        with("an item of two parts", &|to| {
            to.map(3)
                .unsigned(1)
                .text(note)
                .unsigned(2)
                .bytes(entry)
                .unsigned(3)
                .array(2)
                .bytes(&[7; 32])
                .unsigned(1)
        }),
        with("an item with a digest of 31 bytes", &|to| {
            to.map(3).unsigned(1).text(note).unsigned(2).bytes(entry);
            to.unsigned(3).array(3).bytes(&[7; 31]).unsigned(1).array(0)
        }),
        with("an item of the index 2^53", &|to| {
            to.map(3).unsigned(1).text(note).unsigned(2).bytes(entry);
            to.unsigned(3).array(3).bytes(&[7; 32]).unsigned(1 << 53).array(0)
        }),
        with("an item that is null", &|to| {
            to.map(3).unsigned(1).text(note).unsigned(2).bytes(entry).unsigned(3).null()
        }),
    ]
}

/// Well written, and by nobody who may.
fn issuers() -> Vec<Vector> {
    let log = log();
    let receipt = log.receipt(1);
    let good = said(&log, &receipt, CoseAlgorithm::EdDsa);
    let by = |name: &str, said: Unissued, key: &NoteSigner| {
        one(name, receipt.to_cose(&issued(said, &log, key)), SIGNATURES)
    };
    let kid =
        |key: &NoteSigner| thumbprint(key.key.known().expect("a type of ours").1).expect("known to COSE");
    let cosigner = crate::trust::witness(1);
    let moved = {
        let other = Log::around(&both_signers(), epoch());
        let message = good.signed_bytes(&other.text().head.root);
        good.clone().seal(log_key().signature(&message))
    };
    let of_json = |policy: String, cose: Vec<u8>, failed| Vector { failed, ..true_one("", &policy, cose) };
    let named = |name: &str, vector: Vector| Vector { name: name.to_owned(), ..vector };
    let ml_dsa = cose(&log, &receipt, CoseAlgorithm::MlDsa65);
    let with_other_log = format!("log {}\n{}", other_log().key, both());
    let elsewhere = NoteSigner::new("witness.example/pq", SignatureType::CosignatureMlDsa65, "outside/pq");
    let with_outsider = both().replace("quorum", &format!("witness outside {}\nquorum", elsewhere.key));
    let outside = Unissued { algorithm: CoseAlgorithm::MlDsa65, kid: kid(&elsewhere), ..good.clone() };
    vec![
        by("another issuer", Unissued { issuer: "example.com/other".into(), ..good.clone() }, &log_key()),
        by("an empty issuer", Unissued { issuer: String::new(), ..good.clone() }, &log_key()),
        by(
            "a key that the policy does not name",
            Unissued { kid: kid(&second_log()), ..good.clone() },
            &second_log(),
        ),
        by("a key's name of nobody", Unissued { kid: Digest::ZERO, ..good.clone() }, &log_key()),
        by("a cosigner's Ed25519 key", Unissued { kid: kid(&cosigner), ..good.clone() }, &cosigner),
        by("another key's name than the signer's", good.clone(), &second_log()),
        by(
            "the log's key for ML-DSA-65",
            Unissued { algorithm: CoseAlgorithm::MlDsa65, ..good.clone() },
            &pq_witness(1),
        ),
        by(
            "the ML-DSA-65 key's name for Ed25519",
            Unissued { kid: kid(&pq_witness(1)), ..good.clone() },
            &log_key(),
        ),
        one("signed over another root", receipt.to_cose(&moved), SIGNATURES),
        one(
            "a bit of the signature turned",
            {
                let mut bytes = cose(&log, &receipt, CoseAlgorithm::EdDsa);
                *bytes.last_mut().expect("not empty") ^= 1;
                bytes
            },
            SIGNATURES,
        ),
        one(
            "a bit of the ML-DSA-65 signature turned",
            {
                let mut bytes = ml_dsa.clone();
                let at = bytes.len() - 1_000;
                bytes[at] ^= 1;
                bytes
            },
            SIGNATURES,
        ),
        one(
            "the algorithm -19 in the place of -8, which was signed",
            {
                let other = Unissued { algorithm: CoseAlgorithm::Ed25519, ..good.clone() };
                let signature = issued(good.clone(), &log, &log_key()).signature().clone();
                receipt.to_cose(&other.seal(signature))
            },
            SIGNATURES,
        ),
        one(
            "R that is the neutral point, the equation being right",
            {
                let message = good.signed_bytes(&log.text().head.root);
                let bytes = log_key().sign_neutrally(&message);
                let signature = crypto::Signature::parse(crypto::Scheme::Ed25519, &bytes).expect("64 bytes");
                receipt.to_cose(&good.clone().seal(signature))
            },
            SIGNATURES,
        ),
        named(
            "by the key of another log of the policy",
            of_json(
                with_other_log,
                receipt.to_cose(&issued(
                    Unissued { kid: kid(&other_log()), ..good.clone() },
                    &log,
                    &other_log(),
                )),
                Some(SIGNATURES),
            ),
        ),
        named(
            "by a witness of the policy that is none of the log's own",
            of_json(with_outsider, receipt.to_cose(&issued(outside, &log, &elsewhere)), Some(SIGNATURES)),
        ),
        named(
            "by a validator whose ML-DSA-65 key the policy does not name",
            of_json(
                plain(),
                {
                    let plainly = Log::around(&plain_signers(), asked(proof_submit()));
                    cose(&plainly, &plainly.receipt(1), CoseAlgorithm::MlDsa65)
                },
                Some(SIGNATURES),
            ),
        ),
        named(
            "by an issuer, and no quorum",
            of_json(
                both(),
                {
                    let alone = Log::around(&[(log_key(), 0)], asked(proof_submit()));
                    cose(&alone, &alone.receipt(1), CoseAlgorithm::EdDsa)
                },
                Some("quorum"),
            ),
        ),
    ]
}

/// The issuer speaks of another leaf, another tree, another entry.
fn leaves() -> Vec<Vector> {
    let log = log();
    let receipt = log.receipt(1);
    let good = said(&log, &receipt, CoseAlgorithm::EdDsa);
    // What stands in the COSE proof is the receipt's own.
    let with = |name: &str, said: Unissued, failed| {
        one(name, receipt.to_cose(&issued(said, &log, &log_key())), failed)
    };
    let own = |index: u64, subject: &str| {
        let receipt = log.receipt(index);
        let said = Unissued { subject: subject.to_owned(), ..said(&log, &receipt, CoseAlgorithm::EdDsa) };
        receipt.to_cose(&issued(said, &log, &log_key()))
    };
    let turned = {
        let mut path = good.path.clone();
        path.reverse();
        path
    };
    let other_entry = Receipt { entry: genesis(), ..receipt.clone() };
    vec![
        with("another size", Unissued { size: TreeSize::new(4), ..good.clone() }, "index"),
        with("the size 0", Unissued { size: TreeSize::ZERO, ..good.clone() }, "index"),
        with("an index beyond the log", Unissued { index: LeafIndex::new(3), ..good.clone() }, "index"),
        with("no path", Unissued { path: Vec::new(), ..good.clone() }, "proof_length"),
        with(
            "a hash more",
            Unissued { path: [&good.path[..], &[Digest::ZERO]].concat(), ..good.clone() },
            "proof_length",
        ),
        with("the path in reverse", Unissued { path: turned, ..good.clone() }, "root"),
        with("the index of a neighbour", Unissued { index: LeafIndex::new(0), ..good.clone() }, "root"),
        one("another entry", other_entry.to_cose(&issued(good.clone(), &log, &log_key())), "root"),
        with(
            "another submission for its subject",
            Unissued { subject: format!("urn:quorate:submission:{}", Digest::ZERO), ..good.clone() },
            "entry",
        ),
        with(
            "the leaf for its subject",
            Unissued { subject: "urn:quorate:leaf:1".into(), ..good.clone() },
            "entry",
        ),
        with("no subject", Unissued { subject: String::new(), ..good.clone() }, "entry"),
        with("a subject in upper case", Unissued { subject: good.subject.to_uppercase(), ..good }, "entry"),
        one("another leaf for the subject of the genesis", own(0, "urn:quorate:leaf:2"), "entry"),
        one("the subject of a block with a zero before", own(2, "urn:quorate:leaf:02"), "entry"),
    ]
}
