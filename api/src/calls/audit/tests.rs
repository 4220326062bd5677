//! Two lists become one: no item twice, none left out, whatever was read of each.

use super::*;

fn question(limit: usize, place: Option<Place>) -> Question {
    Question {
        list: List::new("audit", &proto::id::NetworkId::new(crypto::Digest::ZERO), None),
        node: "n1".to_owned(),
        params: AuditParams::default(),
        from: None,
        to: None,
        limit,
        prove: None,
        place,
    }
}

fn note(number: u64, time_ms: u64) -> KeptNote {
    let noted = crate::Noted {
        request: format!("r{number}"),
        method: "GET".to_owned(),
        target: "/v1/caller?x=y".to_owned(),
        status: 401,
        code: "credential_unknown".to_owned(),
        tenant: None,
        subject: None,
    };
    KeptNote { number, time_ms, hash: crypto::Digest::ZERO, noted, text: None, behind: Vec::new() }
}

fn deed(index: u64, time_ms: u64) -> Deed {
    let key = crypto::SecretKey::from_seed(crypto::Scheme::Ed25519, &[1; 32]).expect("a scheme that signs");
    let operation = proto::operation::Operation::BatchAnchor {
        root: crypto::sha256(b"root"),
        count: index + 1,
        tree: String::new(),
    };
    let body = proto::submission::Body {
        network: proto::id::NetworkId::new(crypto::Digest::ZERO),
        tenant: Tenant::default_tenant(),
        author: proto::id::Did::of(key.public()),
        key: key.public().clone(),
        nonce: index,
        expires_at: None,
        operation,
    };
    Deed {
        index: LeafIndex::new(index),
        height: proto::counter::Height::new(1),
        time: TimeMs::new(time_ms),
        submission: body.sign(&key),
    }
}

/// What a source gives: at most `limit` below a place, and not more than `looked` at once.
fn part<T: Clone>(all: &[(u64, T)], below: Option<u64>, limit: usize, looked: usize) -> Part<T> {
    let rest: Vec<_> = all.iter().filter(|(at, _)| below.is_none_or(|below| *at < below)).collect();
    let taken = limit.min(looked);
    let items = rest.iter().take(taken).map(|(_, item)| item.clone()).collect();
    Part { items, rest: rest.get(taken).map(|(at, _)| at + 1) }
}

#[test]
fn pages_of_both_lists_are_one_list() {
    let deeds = [90, 80, 80, 50, 50, 20, 10].iter().enumerate();
    let deeds: Vec<_> = deeds.map(|(n, time)| (100 - n as u64, deed(100 - n as u64, *time))).collect();
    let notes = [95, 80, 60, 55, 50, 5, 1].iter().enumerate();
    let notes: Vec<_> = notes.map(|(n, time)| (70 - n as u64, note(70 - n as u64, *time))).collect();
    let mut whole: Vec<(u64, u8, u64)> = deeds.iter().map(|(at, deed)| (deed.time.get(), 1, *at)).collect();
    whole.extend(notes.iter().map(|(at, note)| (note.time_ms, 0, *at)));
    whole.sort();
    whole.reverse();
    for limit in [1, 2, 3, 5, 50] {
        for looked in [1, 2, 4, 100] {
            let (mut found, mut place) = (Vec::new(), None);
            for _ in 0..100 {
                let question = question(limit, place);
                let below = |pick: fn(Place) -> u64| place.map(pick);
                let merged = question.merge(
                    part(&deeds, below(|it| it.leaf), limit + 1, looked),
                    part(&notes, below(|it| it.note), limit + 1, looked),
                );
                assert!(merged.items.len() <= limit);
                found.extend(merged.items.iter().map(|taken| match taken {
                    Taken::Deed(deed) => (deed.time.get(), 1, deed.index.get()),
                    Taken::Refusal(note) => (note.time_ms, 0, note.number),
                }));
                place = merged.next;
                if place.is_none() {
                    break;
                }
            }
            assert_eq!(found, whole, "limit {limit}, {looked} looked at");
        }
    }
}

#[test]
fn a_place_is_read_as_it_was_written() {
    let place = Place { leaf: 7, note: 0, time_ms: 1 << 40, node: tag("n2") };
    assert_eq!(Place::read(&place.write()), Ok(place));
    for bad in [&place.write()[1..], &[], &[0; 40]] {
        assert!(Place::read(bad).is_err());
    }
}

#[test]
fn a_node_of_another_name_goes_on_by_time() {
    let mut question = question(5, Some(Place { leaf: 9, note: 3, time_ms: 77, node: tag("n1") }));
    let here = question.notes_query();
    assert_eq!((here.before, here.to_ms), (Some(3), None));
    question.node = "n2".to_owned();
    let there = question.notes_query();
    assert_eq!((there.before, there.to_ms), (None, Some(77)));
}
