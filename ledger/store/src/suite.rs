//! The tests every `Store` must pass, whatever it is made of.
//!
//! Each rule starts from an empty store. A store of another crate runs them through the feature `suite`:
//! `for rule in suite::RULES { rule.check(&empty_store()) }`. What needs a second process or a damaged disk is
//! tested beside the store it belongs to.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use ledger::change::{ChangeSet, Table};
use ledger::read::{Pair, ReadError};

use crate::port::Store;

/// One thing that must hold of every store.
#[derive(Debug)]
pub struct Rule {
    /// What it says.
    pub name: &'static str,
    test: fn(&dyn Store),
}

impl Rule {
    /// Holds an empty store to the rule.
    ///
    /// # Panics
    /// When the store breaks it.
    pub fn check(&self, store: &dyn Store) {
        println!("store rule: {}", self.name);
        (self.test)(store);
    }
}

/// Every rule.
pub const RULES: &[Rule] = &[
    Rule { name: "an empty store has nothing", test: empty_has_nothing },
    Rule { name: "an empty set is a success", test: empty_set_succeeds },
    Rule { name: "a later write wins", test: later_write_wins },
    Rule { name: "what is deleted is gone, and deleting nothing is fine", test: deleted_is_gone },
    Rule { name: "all writes of a set are there", test: a_set_is_whole },
    Rule { name: "tables do not run into one another", test: tables_have_borders },
    Rule { name: "empty, long and extreme keys are keys", test: keys_of_all_kinds },
    Rule { name: "big values come back as they were", test: big_values },
    Rule { name: "readers meet whole sets, in order", test: readers_meet_whole_sets },
    Rule { name: "any history reads as the plain map of it", test: like_a_map },
];

/// Asserts that every read which meets this key reports damage, and names the table.
///
/// # Panics
/// When a read reports anything else.
pub fn is_damaged(store: &dyn Store, table: Table, key: &[u8]) {
    let found = [
        store.get(table, key).map(|_| ()),
        store.at_or_below(table, key).map(|_| ()),
        store.at_or_above(table, key).map(|_| ()),
    ];
    for result in found {
        match result {
            Err(ReadError::Damaged { table: named, .. }) => assert_eq!(named, table),
            Err(ReadError::Engine { fault }) => panic!("damage reported as an engine fault: {fault}"),
            Ok(()) => panic!("damage was not noticed"),
        }
    }
}

fn put(store: &dyn Store, writes: &[(Table, &[u8], &[u8])]) {
    let mut change = ChangeSet::new();
    for (table, key, value) in writes {
        change.put(*table, key, value.to_vec());
    }
    store.commit(&change).expect("commits");
}

fn get(store: &dyn Store, table: Table, key: &[u8]) -> Option<Vec<u8>> {
    store.get(table, key).expect("reads")
}

fn below(store: &dyn Store, table: Table, key: &[u8]) -> Option<Pair> {
    store.at_or_below(table, key).expect("reads")
}

fn above(store: &dyn Store, table: Table, key: &[u8]) -> Option<Pair> {
    store.at_or_above(table, key).expect("reads")
}

fn pair(key: &[u8], value: &[u8]) -> Option<Pair> {
    Some((key.to_vec(), value.to_vec()))
}

fn empty_has_nothing(store: &dyn Store) {
    for table in Table::ALL {
        for key in [b"".as_slice(), b"k", &[0xff; 40]] {
            assert_eq!(get(store, table, key), None);
            assert_eq!(below(store, table, key), None);
            assert_eq!(above(store, table, key), None);
        }
    }
}

fn empty_set_succeeds(store: &dyn Store) {
    assert_eq!(store.commit(&ChangeSet::new()), Ok(()));
    assert_eq!(above(store, Table::Meta, b""), None);
}

fn later_write_wins(store: &dyn Store) {
    put(store, &[(Table::Meta, b"tip", b"first, and longer")]);
    put(store, &[(Table::Meta, b"tip", b"second")]);
    assert_eq!(get(store, Table::Meta, b"tip"), Some(b"second".to_vec()));
    put(store, &[(Table::Meta, b"tip", b"")]);
    assert_eq!(get(store, Table::Meta, b"tip"), Some(Vec::new()), "an empty value is a value");
}

fn deleted_is_gone(store: &dyn Store) {
    put(store, &[(Table::Outcomes, b"a", b"1"), (Table::Outcomes, b"b", b"2")]);
    let mut change = ChangeSet::new();
    change.delete(Table::Outcomes, b"a");
    change.delete(Table::Outcomes, b"never there");
    store.commit(&change).expect("commits");
    assert_eq!(get(store, Table::Outcomes, b"a"), None);
    assert_eq!(below(store, Table::Outcomes, b"a"), None);
    assert_eq!(above(store, Table::Outcomes, b"a"), pair(b"b", b"2"));
}

fn a_set_is_whole(store: &dyn Store) {
    let mut change = ChangeSet::new();
    let keys: Vec<[u8; 8]> = (0..500_u64).map(u64::to_be_bytes).collect();
    for table in Table::ALL {
        for key in &keys {
            change.put(table, key, [&[table as u8], key.as_slice()].concat());
        }
    }
    store.commit(&change).expect("commits");
    for (table, key, value) in change.iter() {
        assert_eq!(get(store, table, key).as_deref(), value);
    }
}

fn tables_have_borders(store: &dyn Store) {
    // Neighbours on both sides, with the keys nearest to the border.
    put(store, &[(Table::Leaves, &[0xff; 9], b"under"), (Table::Tiles, b"", b"over")]);
    assert_eq!(below(store, Table::Outcomes, &[0xff; 60]), None);
    assert_eq!(above(store, Table::Outcomes, b""), None);
    put(store, &[(Table::Outcomes, &[5], b"mine")]);
    for (key, at_or_below, at_or_above) in [
        (&[][..], None, pair(&[5], b"mine")),
        (&[4, 0xff], None, pair(&[5], b"mine")),
        (&[5], pair(&[5], b"mine"), pair(&[5], b"mine")),
        (&[5, 0], pair(&[5], b"mine"), None),
        (&[0xff; 60], pair(&[5], b"mine"), None),
    ] {
        assert_eq!(below(store, Table::Outcomes, key), at_or_below, "below {key:?}");
        assert_eq!(above(store, Table::Outcomes, key), at_or_above, "above {key:?}");
    }
    // The first and the last table have no neighbour to run into, and no end to fall over.
    assert_eq!(below(store, Table::Meta, &[0xff; 60]), None);
    assert_eq!(above(store, Table::Notices, b""), None);
}

fn keys_of_all_kinds(store: &dyn Store) {
    // The longest key of ours is a DID of 2,800 bytes.
    let long = [b'k'; 2_800];
    let keys: [&[u8]; 5] = [b"", &[0], &[0; 9], &long, &[0xff; 33]];
    for key in keys {
        put(store, &[(Table::Identities, key, key)]);
    }
    for key in keys {
        assert_eq!(get(store, Table::Identities, key), Some(key.to_vec()));
        assert_eq!(below(store, Table::Identities, key), pair(key, key));
        assert_eq!(above(store, Table::Identities, key), pair(key, key));
    }
}

fn big_values(store: &dyn Store) {
    // A block of 64 batches may have 32 MiB; one byte repeated would hide a value put together wrongly.
    let big: Vec<u8> = (0..1_u32 << 20).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let mut change = ChangeSet::new();
    for height in 0..4_u64 {
        change.put(Table::Blocks, &height.to_be_bytes(), big.clone());
    }
    change.put(Table::Leaves, &[0; 8], big.repeat(8));
    store.commit(&change).expect("commits");
    put(store, &[(Table::Blocks, &1_u64.to_be_bytes(), b"small now")]);
    assert_eq!(below(store, Table::Blocks, &[0xff; 8]), Some((3_u64.to_be_bytes().to_vec(), big.clone())));
    assert_eq!(get(store, Table::Blocks, &1_u64.to_be_bytes()), Some(b"small now".to_vec()));
    assert_eq!(get(store, Table::Leaves, &[0; 8]), Some(big.repeat(8)));
}

/// Every set writes the same number under two keys far apart. One reader reads them forwards and must never find
/// the second behind the first, one reads backwards and must never find the first behind the second: together
/// that is only possible if a set becomes visible at once.
fn readers_meet_whole_sets(store: &dyn Store) {
    let number = |table| {
        let bytes = get(store, table, b"n").unwrap_or_else(|| vec![0; 8]);
        u64::from_be_bytes(bytes.try_into().expect("eight bytes"))
    };
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for (first, second) in [(Table::Meta, Table::Notices), (Table::Notices, Table::Meta)] {
            let (done, number) = (&done, &number);
            scope.spawn(move || {
                while !done.load(Ordering::Acquire) {
                    let earlier = number(first);
                    let later = number(second);
                    assert!(later >= earlier, "{second:?} has {later}, after {first:?} had {earlier}");
                }
            });
        }
        for n in 1..=100_u64 {
            let n = n.to_be_bytes();
            put(store, &[(Table::Meta, b"n", &n), (Table::Notices, b"n", &n)]);
        }
        done.store(true, Ordering::Release);
    });
    assert_eq!((number(Table::Meta), number(Table::Notices)), (100, 100));
}

/// Sixty sets of up to twelve writes with two-letter keys, and every read compared with a map kept beside.
fn like_a_map(store: &dyn Store) {
    let mut map: BTreeMap<(Table, Vec<u8>), Vec<u8>> = BTreeMap::new();
    let mut state = 1_u32;
    let mut chance = move |below: u32| {
        // xorshift32 (Marsaglia 2003): plain, and the same everywhere.
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state % below
    };
    let tables = [Table::Leaves, Table::Outcomes, Table::Tiles];
    for _ in 0..60 {
        let mut change = ChangeSet::new();
        for _ in 0..chance(12) {
            let table = tables[chance(3) as usize];
            let key: Vec<u8> = (0..chance(3)).map(|_| chance(6) as u8 * 51).collect();
            if chance(4) == 0 {
                change.delete(table, &key);
                map.remove(&(table, key));
            } else {
                let value = vec![chance(256) as u8; chance(300) as usize];
                change.put(table, &key, value.clone());
                map.insert((table, key), value);
            }
        }
        store.commit(&change).expect("commits");
        for table in tables {
            let key: Vec<u8> = (0..chance(4)).map(|_| chance(256) as u8).collect();
            let at = (table, key.clone());
            let own = |((found, key), value): (&(Table, Vec<u8>), &Vec<u8>)| {
                (*found == table).then(|| (key.clone(), value.clone()))
            };
            assert_eq!(get(store, table, &key), map.get(&at).cloned());
            assert_eq!(below(store, table, &key), map.range(..=&at).next_back().and_then(own));
            assert_eq!(above(store, table, &key), map.range(&at..).next().and_then(own));
        }
    }
    for ((table, key), value) in &map {
        assert_eq!(get(store, *table, key).as_ref(), Some(value));
    }
}
