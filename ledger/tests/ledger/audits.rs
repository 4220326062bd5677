//! The audit log: what is found by tenant, actor, action, resource and time; pages that do not shift; an index that follows
//! from the leaves, whoever wrote them; and a store that somebody has changed.

use ledger::LedgerReader;
use ledger::audit::query::{LEAPS_MAX, Query};
use ledger::audit::{check, rebuild};
use ledger::change::{ChangeSet, Table};
use ledger::read::ReadError;
use proto::counter::{LeafIndex, TimeMs};
use proto::id::Tenant;
use proto::operation::Operation;
use proto::submission::{Body, Submission};

use crate::sessions::{endorse, finalize, id, open, sample};
use crate::statements::one_of_each;
use crate::world::{Content, Memory, Person, World, proof};

impl World {
    fn say_for(&mut self, tenant: &str, person: &Person, operation: Operation) -> Submission {
        let said = self.say(person, operation);
        let body = Body { tenant: Tenant::parse(tenant).expect("a name"), ..said.body().clone() };
        body.sign(&person.secret)
    }
}

/// Tenants, actors, actions and blocks of all sizes, some of them with refusals, some with nothing accepted.
fn with_history() -> World {
    let mut world = World::open();
    let (alice, bob, service) = (Person::new(1), Person::new(2), Person::new(50));
    let create = world.create(&alice, &alice.did.clone(), &[&alice]);
    let endorsed = endorse(&mut world, &service, 0, "v0");
    world.run(&[create, endorsed]);
    for round in 0..40 {
        let who = if round % 3 == 0 { &bob } else { &alice };
        let mut said = vec![world.say_for("acme", who, proof(round))];
        if round % 2 == 0 {
            said.push(world.say_for("globex", &alice, proof(1_000 + round)));
            said.push(world.say_for("globex", &bob, proof(2_000 + round)));
        }
        if round % 5 == 0 {
            said.push(world.say_for("acme", who, finalize(9)));
            said.push(world.say_for("acme", who, proof(3_000 + round)));
        }
        world.run(&said);
        let refused = world.say_for("acme", &service, finalize(200));
        world.run(&[refused]);
    }
    let opened = [open(1, 10), sample(1, 1, 2, 3), finalize(1)].map(|it| world.say_for("acme", &service, it));
    world.run(&opened);
    world.run(&one_of_each());
    let attest = Operation::AttestationIssue {
        subject: "s".to_owned(),
        predicate_type: "https://example.org/p".to_owned(),
        predicate: b"{}".to_vec(),
        content: None,
        expires_at_ms: None,
    };
    let issued = world.say_for("acme", &alice, attest);
    world.run(std::slice::from_ref(&issued));
    let reason = "typo".to_owned();
    let revoke =
        world.say_for("acme", &alice, Operation::AttestationRevoke { attestation: issued.id(), reason });
    world.run(&[revoke]);
    world
}

/// What the definition says: every leaf is looked at.
fn expected(reader: &LedgerReader, query: &Query<'_>) -> Vec<LeafIndex> {
    let size = reader.tip().expect("readable").expect("begun").head.size.get();
    let all: Vec<_> = (0..size).rev().map(LeafIndex::new).collect();
    let deeds = reader.deeds(&all).expect("readable");
    let wanted = deeds.into_iter().filter(|deed| {
        let body = deed.submission.body();
        let resource = body.operation.resource().id(&deed.submission.id());
        let own = deed.submission.id().to_string();
        query.tenant.is_none_or(|it| it == body.tenant.as_str())
            && query.actor.is_none_or(|it| it == body.author.as_str())
            && query.action.is_none_or(|it| it == body.operation.name())
            && query.resource.is_none_or(|it| it == resource || it == own)
            && query.from.is_none_or(|from| deed.time >= from)
            && query.to.is_none_or(|to| deed.time < to)
            && query.before.is_none_or(|before| deed.index < before)
    });
    wanted.map(|deed| deed.index).collect()
}

/// All pages of a question.
fn pages(reader: &LedgerReader, query: &Query<'_>, limit: usize) -> Vec<LeafIndex> {
    let (mut all, mut before) = (Vec::new(), query.before);
    for _ in 0..10_000 {
        let found = reader.audit(&Query { before, limit, ..query.clone() }).expect("readable");
        assert!(found.leaves.len() <= limit);
        all.extend(found.leaves);
        match found.next {
            Some(next) => before = Some(next),
            None => return all,
        }
    }
    panic!("pages without end");
}

#[test]
fn what_is_found_is_what_looking_at_every_leaf_finds() {
    let world = with_history();
    let reader = world.reader();
    let (alice, bob) = (Person::new(1).did, Person::new(2).did);
    let session = id(1).to_string();
    let issued = expected(&reader, &Query { action: Some("attestation.issue"), ..Query::default() });
    let attestation = reader.deeds(&issued).expect("readable")[0].submission.id().to_string();
    let somewhere = reader.deeds(&[LeafIndex::new(40)]).expect("readable");
    let middle = somewhere.first().map_or(TimeMs::new(1_050_000), |deed| deed.time);
    let mut asked = Vec::new();
    for tenant in [None, Some("acme"), Some("globex"), Some("nobody")] {
        for actor in [None, Some(alice.as_str()), Some(bob.as_str())] {
            for action in [None, Some("proof.submit"), Some("session.finalize"), Some("no.such")] {
                for (from, to) in [(None, None), (Some(middle), None), (None, Some(middle))] {
                    asked.push(Query { tenant, actor, action, from, to, ..Query::default() });
                }
            }
        }
        for resource in [session.as_str(), attestation.as_str(), "nothing"] {
            asked.push(Query { tenant, resource: Some(resource), ..Query::default() });
        }
    }
    let mut found_any = 0;
    for query in &asked {
        let expected = expected(&reader, query);
        found_any += usize::from(!expected.is_empty());
        for limit in [1, 7, 200] {
            assert_eq!(pages(&reader, query, limit), expected, "{query:?} {limit}");
        }
    }
    assert!(found_any > 60, "{found_any} of {}", asked.len());
    // What makes a thing and what ends it are both found by its name.
    let both = expected(&reader, &Query { resource: Some(&attestation), ..Query::default() });
    assert_eq!(both.len(), 2);
    assert_eq!(expected(&reader, &Query { resource: Some(&session), ..Query::default() }).len(), 3);
}

#[test]
fn pages_do_not_shift_when_the_log_grows() {
    let mut world = with_history();
    let query = Query { tenant: Some("acme"), limit: 5, ..Query::default() };
    let first = world.reader().audit(&query).expect("readable");
    let next = Query { before: first.next, ..query.clone() };
    let second = world.reader().audit(&next).expect("readable");
    for n in 0..20 {
        let more = world.say_for("acme", &Person::new(1), proof(9_000 + n));
        world.run(&[more]);
    }
    assert_eq!(world.reader().audit(&next).expect("readable"), second);
    assert_ne!(world.reader().audit(&query).expect("readable"), first);
}

/// Two terms that never meet, side by side over the whole log.
#[test]
fn a_page_costs_a_bounded_number_of_leaps() {
    let mut world = World::open();
    let (alice, bob) = (Person::new(1), Person::new(2));
    for n in 0..LEAPS_MAX as u64 / 2 + 10 {
        let one = world.say_for("acme", &alice, proof(n));
        let other = world.say_for("globex", &bob, proof(n));
        world.run(&[one, other]);
    }
    let query = Query { tenant: Some("acme"), actor: Some(bob.did.as_str()), limit: 9, ..Query::default() };
    let found = world.reader().audit(&query).expect("readable");
    assert!(found.leaves.is_empty() && found.next.is_some(), "{found:?}");
    assert_eq!(pages(&world.reader(), &query, 9), []);
}

fn audit_values(world: &World) -> Content {
    let of_it = |table: Table, key: &[u8]| {
        matches!(table, Table::AuditTerms | Table::AuditTimes) || (table == Table::Meta && key == b"audit")
    };
    world.store.content().into_iter().filter(|((table, key), _)| of_it(*table, key)).collect()
}

#[test]
fn a_store_of_an_older_program_gets_its_index() {
    let mut world = with_history();
    // So many blocks that it takes several steps; then as the older program left it.
    for n in 0..60 {
        let many: Vec<_> =
            (0..400).map(|m| world.say_for("acme", &Person::new(1), proof(n * 1_000 + m))).collect();
        world.run(&many);
    }
    let whole = audit_values(&world);
    assert!(whole.len() > 400);
    let mut forgotten = ChangeSet::new();
    whole.iter().for_each(|((table, key), _)| forgotten.delete(*table, key));
    world.store.commit(&forgotten);
    assert!(check(&*world.store, LeafIndex::ZERO, &mut |_, _| {}).is_err());
    let mut steps = 0;
    while let Some((change, done)) = rebuild(&*world.store).expect("readable") {
        world.store.commit(&change);
        steps += 1;
        assert!(done.get() <= world.ledger.head().size.get());
        if steps == 1 {
            // It grows meanwhile.
            let more = world.say_for("globex", &Person::new(2), proof(77));
            world.run(&[more]);
        }
    }
    assert!(steps > 1, "{steps}");
    let again = audit_values(&world);
    assert!(whole.iter().all(|(key, value)| again.get(key) == Some(value)) && again.len() > whole.len());
    assert!(check(&*world.store, LeafIndex::ZERO, &mut |_, _| {}).is_ok());
    assert_eq!(rebuild(&*world.store), Ok(None));
}

/// Every kind of change that somebody can make in the store, checksums being no hindrance to him.
#[test]
fn a_store_that_was_changed_is_noticed() {
    let mut world = with_history();
    world.finalize(world.ledger.head());
    let tail = LeafIndex::new(world.ledger.head().size.get() - 30);
    let whole = check(&*world.store, LeafIndex::ZERO, &mut |_, _| {}).expect("nobody changed it");
    assert_eq!((whole.size, whole.certified), (world.ledger.head().size, Some(world.ledger.head().size)));
    assert!(whole.terms > 200);
    assert!(check(&*world.store, tail, &mut |_, _| {}).expect("nor its end").terms < whole.terms);
    let content = world.store.content();
    let size = world.ledger.head().size.get();
    let mut found_at_the_end = 0;
    for (key, value) in &content {
        let (table, _) = key;
        if !matches!(table, Table::Leaves | Table::AuditTerms | Table::AuditTimes) {
            continue;
        }
        let mut changed = content.clone();
        let mut other = value.clone();
        *other.last_mut().expect("no value is empty") ^= 1;
        changed.insert(key.clone(), other);
        let mut without = content.clone();
        without.remove(key);
        for content in [changed, without] {
            let store = Memory::of(content);
            let found = check(&*store, LeafIndex::ZERO, &mut |_, _| {});
            assert!(matches!(found, Err(ReadError::Damaged { .. })), "{table:?}: {found:?}");
            found_at_the_end += usize::from(check(&*store, tail, &mut |_, _| {}).is_err());
        }
    }
    assert!(found_at_the_end > 20 && size > 100, "{found_at_the_end}");
    let mut more = content.clone();
    more.insert((Table::AuditTerms, vec![0xff; 24]), vec![1, 0, 0, 0, 0]);
    assert!(check(&*Memory::of(more), LeafIndex::ZERO, &mut |_, _| {}).is_err());
}

/// What a submission costs in the store: little beside others of its kind, and a few short values when it is alone.
#[test]
fn a_submission_costs_few_bytes() {
    let mut world = World::open();
    let alice = Person::new(1);
    let mut cost = |count: u64, from: u64| {
        let many: Vec<_> = (0..count).map(|n| world.say_for("acme", &alice, proof(from + n))).collect();
        let change = world.run(&many).change;
        let of_it = |table| matches!(table, Table::AuditTerms | Table::AuditTimes);
        let values = change.iter().filter(|(table, _, _)| of_it(*table));
        values.fold((0, 0), |(count, bytes), (_, key, value)| {
            (count + 1, bytes + 1 + key.len() + value.map_or(0, <[u8]>::len))
        })
    };
    assert_eq!(cost(1, 0), (5, 4 * (25 + 13) + 17));
    assert_eq!(cost(400, 1_000), (5, 4 * (25 + 13) + 17));
}
