//! Rules broken on purpose: points that are clean with the rule kept must not be.

use sim::ShellDefect;

use crate::points::{Breadth, Broken, SCENARIOS, points};
use crate::ram::Lie;
use crate::run::run;

/// Enough to find what is broken, and no more.
const FEW: Breadth = Breadth { single: 7, several: 29, again: 41, again_effects: 6 };
/// Points that notice, after which no more are tried.
const ENOUGH: usize = 8;

/// The points notice what is broken; some of them by the words in `expected`.
fn is_noticed(what: &str, broken: Broken, expected: &str) {
    let cases: Vec<_> =
        SCENARIOS.into_iter().flat_map(|scenario| points(scenario, Broken::default(), FEW)).collect();
    let report = run(&cases, broken, ENOUGH);
    let tried = report.count() + report.failures.len();
    let said = report.failures.iter().find(|(_, violation)| violation.contains(expected));
    let (case, violation) = said.unwrap_or_else(|| panic!("{what}: none of {tried} points says {expected}"));
    let violation: String = violation.chars().take(120).collect();
    println!("{what}: noticed at {} of {tried} points: {case}: {violation}", report.failures.len());
    // The same point with the rule kept is clean.
    let kept = run(&[case.parse().expect("a case is its text")], Broken::default(), 1);
    assert_eq!(kept.failures, [], "{what}: {case} with the rule kept");
}

#[test]
fn words_before_their_record_are_noticed() {
    let broken = Broken { shell: Some(ShellDefect::SpeakBeforeDurable), ..Broken::default() };
    is_noticed("vote before durable", broken, "twice in view");
}

#[test]
fn a_torn_write_that_is_not_cut_off_is_noticed() {
    let broken = Broken { lie: Lie::Cut, ..Broken::default() };
    is_noticed("torn write left in place", broken, "the journal is damaged");
}

#[test]
fn words_after_a_failed_write_are_noticed() {
    let broken = Broken { shell: Some(ShellDefect::FailedWriteIgnored), ..Broken::default() };
    is_noticed("failed write ignored", broken, "twice in view");
}

#[test]
fn a_head_before_its_block_is_noticed() {
    let broken = Broken { shell: Some(ShellDefect::TellBeforeStored), ..Broken::default() };
    is_noticed("told before stored", broken, "before it is durable");
}

#[test]
fn a_lock_that_is_not_restored_is_noticed() {
    let broken = Broken { shell: Some(ShellDefect::LockNotRestored), ..Broken::default() };
    is_noticed("lock not restored", broken, "cannot start");
}

#[test]
fn a_record_that_is_not_restored_is_noticed() {
    let broken = Broken { shell: Some(ShellDefect::Amnesia), ..Broken::default() };
    is_noticed("record not restored", broken, "refused to journal: a ");
}

#[test]
fn a_journal_that_is_not_synced_is_noticed() {
    let broken = Broken { lie: Lie::Sync, ..Broken::default() };
    is_noticed("no sync of the journal", broken, "twice in view");
}

#[test]
fn a_rename_whose_directory_is_not_synced_is_noticed() {
    let broken = Broken { lie: Lie::SyncNames, ..Broken::default() };
    is_noticed("no sync of the directory", broken, "twice in view");
}
