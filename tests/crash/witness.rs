//! What a witness cosigned, with every deed of its record failing in every way: nothing was said that is not remembered.

use std::path::Path;
use std::sync::Arc;

use ::witness::{AddCheckpoint, Record, Submitted, Watched};
use api::witnessing::CosignReply;
use crypto::{Digest, MlDsa44Secret, Scheme, SecretKey};
use merkle::{LeafHashes, consistency, leaf_hash, root_at};
use node::witness::book::Book;
use node::witness::keys::WitnessKeys;
use node::witness::server::Server;
use proto::checkpoint::{CheckpointText, Head};
use proto::counter::TreeSize;
use proto::note::{KeyName, Note, NoteKey, NoteSignature, SignatureType};

use crate::ram::{Fault, Lie, Ram};

fn secret(scheme: Scheme, number: u8) -> SecretKey {
    SecretKey::from_seed(scheme, &[number; 32]).expect("a scheme that signs")
}

fn origin() -> KeyName {
    KeyName::parse("log.example/a").expect("a name")
}

fn log_key() -> NoteKey {
    let key = secret(Scheme::Ed25519, 1).public().clone();
    NoteKey::new(origin(), SignatureType::Ed25519, key).expect("ed25519")
}

/// A request of a log whose leaves from 5 on say `word` too.
fn request(old: u64, new: u64, word: &str) -> Vec<u8> {
    let leaf = |at: u64| leaf_hash(format!("{at}{}", if at < 5 { "" } else { word }).as_bytes());
    let leaves: Vec<Digest> = (0..new).map(leaf).collect();
    let nodes = LeafHashes::new(&leaves);
    let head = Head { size: TreeSize::new(new), root: root_at(&nodes, new).expect("all leaves") };
    let text = CheckpointText { origin: origin(), head };
    let signature = secret(Scheme::Ed25519, 1).sign(text.to_string().as_bytes()).as_bytes().to_vec();
    let line = NoteSignature { name: origin(), key_id: log_key().id(), signature };
    let checkpoint = Submitted { note: Note::new(text.to_string(), vec![line]).expect("a note"), text };
    let proof = consistency::prove(&nodes, old, new).expect("grows");
    AddCheckpoint { old: TreeSize::new(old), proof, checkpoint }.to_string().into_bytes()
}

fn watched() -> Watched {
    Watched::new(&[log_key().to_string()], Vec::new()).expect("one log")
}

fn opened(ram: &Ram) -> Book {
    Book::open(Arc::new(ram.clone()), Path::new("witness"), &watched())
        .expect("a crash leaves a book that opens")
}

fn witness(ram: &Ram) -> Server {
    let name = KeyName::parse("w.example").expect("a name");
    let keys = WitnessKeys::new(&name, secret(Scheme::Ed25519, 2), secret(Scheme::MlDsa65, 3), {
        MlDsa44Secret::from_seed(&[4; 32]).expect("every seed is a key")
    });
    Server::new(watched(), keys.expect("of these schemes"), opened(ram))
}

fn is_cosigned(reply: &CosignReply) -> bool {
    matches!(reply, CosignReply::Cosigned(_))
}

/// A witness that has cosigned size 5, and is asked for size 8 while `fault` strikes.
fn struck(fault: Option<(usize, Fault)>) -> (Ram, Server, CosignReply) {
    let ram = Ram::default();
    let mut server = witness(&ram);
    assert!(is_cosigned(&server.add_checkpoint(&request(0, 5, ""), 1).reply));
    ram.arm(fault);
    let reply = server.add_checkpoint(&request(5, 8, ""), 2).reply;
    (ram, server, reply)
}

#[test]
fn what_was_cosigned_is_remembered_whatever_deed_fails() {
    ram_counts_deeds();
    let deeds = {
        let ram = Ram::default();
        let mut server = witness(&ram);
        server.add_checkpoint(&request(0, 5, ""), 1);
        ram.arm(None);
        server.add_checkpoint(&request(5, 8, ""), 2);
        ram.deeds()
    };
    let (mut tried, mut forgotten, mut others) = (0, 0, 0);
    for (at, deed) in deeds.iter().enumerate() {
        for fault in Fault::of(*deed) {
            let case = format!("deed {at} ({deed:?}), {fault:?}");
            let (ram, mut server, reply) = struck(Some((at, fault)));
            assert_eq!(ram.struck(), Some(fault), "{case}");
            let said = is_cosigned(&reply);
            // Where the process goes on the head before is in force: either history may follow it, once.
            let mut other = false;
            if matches!(fault, Fault::Eio | Fault::EioLost | Fault::Full) {
                ram.restart();
                ram.arm(None);
                other = is_cosigned(&server.add_checkpoint(&request(5, 8, "'"), 3).reply);
                assert!(!(said && other), "{case}: two histories");
                let again = server.add_checkpoint(&request(5, 8, ""), 4).reply;
                assert!(!(other && is_cosigned(&again)), "{case}: two histories");
            }
            ram.restart();
            let head = opened(&ram).last(&origin()).map(Record::head);
            let size = head.map(|head| head.size.get());
            match said || other {
                true => assert_eq!(size, Some(8), "{case}: said and not remembered"),
                false => assert!(matches!(size, Some(5 | 8)), "{case}: {size:?}"),
            }
            // What was said is never contradicted by the next process.
            let mut server = witness(&ram);
            let old = size.unwrap_or_default();
            let (word, contrary) = if other { ("'", "") } else { ("", "'") };
            if said || other {
                let reply = server.add_checkpoint(&request(old, 8, contrary), 5).reply;
                assert!(!is_cosigned(&reply), "{case}: {reply:?}");
            }
            assert!(is_cosigned(&server.add_checkpoint(&request(old, 9, word), 6).reply), "{case}");
            tried += 1;
            forgotten += usize::from(size == Some(5));
            others += usize::from(other);
        }
    }
    // All ends were seen: as it was before, remembered though nobody was told, and gone on from there.
    assert!(tried > 30 && forgotten > 0 && forgotten < tried && others > 0, "{tried} {forgotten} {others}");
}

/// Without a fault it is said and remembered.
fn ram_counts_deeds() {
    let (ram, _, reply) = struck(None);
    assert!(is_cosigned(&reply), "{reply:?}");
    ram.restart();
    assert_eq!(opened(&ram).last(&origin()).map(|record| record.head().size), Some(TreeSize::new(8)));
}

/// What would be seen of a witness that speaks before its record is durable: a disk that promises and forgets.
#[test]
fn a_cosignature_before_its_record_is_noticed() {
    for (lie, remembered) in [(Lie::None, Some(8)), (Lie::SyncNames, Some(5))] {
        let ram = Ram::lying(lie);
        let mut server = witness(&ram);
        for (old, new) in [(0, 5), (5, 8)] {
            assert!(is_cosigned(&server.add_checkpoint(&request(old, new, ""), 1).reply), "{lie:?}");
        }
        // Nothing went wrong, so the power is cut.
        ram.restart();
        let size = opened(&ram).last(&origin()).map(|record| record.head().size.get());
        assert_eq!(size, remembered, "{lie:?}");
        let fork = witness(&ram).add_checkpoint(&request(remembered.unwrap_or_default(), 8, "'"), 2).reply;
        assert_eq!(is_cosigned(&fork), lie == Lie::SyncNames, "{lie:?}: a second history");
    }
}

#[test]
fn a_damaged_record_stops_the_start() {
    let (ram, _, _) = struck(None);
    let path = Path::new("witness").join(::witness::origin_digest(&origin()).to_string());
    let bytes = ram.bytes(&path);
    for at in 0..bytes.len() {
        let mut spoiled = bytes.clone();
        spoiled[at] ^= 1;
        ram.put(&path, &spoiled);
        let found = Book::open(Arc::new(ram.clone()), Path::new("witness"), &watched());
        assert!(found.is_err(), "byte {at}");
    }
}
