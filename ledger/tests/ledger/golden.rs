//! One history whose head and state digest are written down: what other nodes have computed must not change.
//!
//! A change here is a change of the protocol. The new values are those the failing test prints.

use ledger::change::Table;
use proto::domain::Domain;
use proto::operation::Operation;

use crate::world::{Person, World, digest, proof};

#[test]
fn a_known_history_leads_to_known_digests() {
    let mut world = World::open();
    let (alice, mallory) = (Person::new(1), Person::new(2));
    let second = Person::new(3).speaking_as(&alice.did);
    let create = world.create(&alice, &alice.did, &[&alice]);
    let rotate = world.rotate(&alice, alice.key(), &second);
    let issue = world.say(
        &second,
        Operation::AttestationIssue {
            subject: "artifact".to_owned(),
            predicate_type: "https://example.com/built".to_owned(),
            predicate: b"{}".to_vec(),
            content: Some(digest(1)),
            expires_at_ms: Some(9_000_000),
        },
    );
    let of_another = Operation::AttestationRevoke { attestation: issue.id(), reason: "not mine".to_owned() };
    let refused = world.say(&mallory, of_another);
    let late = world.say_until(&mallory, proof(1), Some(crate::world::START));
    world.run(&[create, rotate, issue]);
    world.apply(&[]);
    world.settle();
    let revoke = world.revoke(&second, second.key());
    world.run(&[refused, late, revoke]);

    let tip = world.ledger.tip();
    let found = [tip.block.to_string(), tip.head.root.to_string(), tip.state.to_string()];
    let known = [
        "9d8638f001ac9eef616ff1a60df18bd751890f21d8767a1b9597f182ec92f2b6",
        "0307a7c12409c5cae0cf7b028dfc383fa9e1bce1b3361ab503f73050a7734e9d",
        "1f5a78b30124d4bd0ab9e298e3f0a755c80a0cb996f003e3a94931752e896fa6",
    ];
    assert_eq!((tip.head.size.get(), found.each_ref().map(String::as_str)), (8, known));
}

#[test]
fn the_state_digest_is_the_chain_over_the_writes() {
    let mut world = World::open();
    let alice = Person::new(1);
    let create = world.create(&alice, &alice.did, &[&alice]);
    let refused = world.say(&alice.speaking_as(&Person::new(2).did), proof(1));
    world.run(&[create, refused]);
    // The first block wrote all there is in the replicated tables, by rule D1 of `STATE.md`:
    let mut writes = Vec::new();
    for ((table, key), value) in world.store.content() {
        if matches!(table, Table::Outcomes | Table::Identities | Table::Attestations) {
            writes.push(table as u8);
            writes.extend((key.len() as u32).to_be_bytes());
            writes.extend(key);
            writes.push(1);
            writes.extend((value.len() as u32).to_be_bytes());
            writes.extend(value);
        }
    }
    let first = Domain::State.digest(&[world.network().as_bytes()]);
    let expected = Domain::State.digest(&[first.as_bytes(), &writes]);
    assert_eq!(world.ledger.state_digest(), expected);
    world.apply(&[]);
    assert_eq!(world.ledger.state_digest(), expected);
}
