//! The main loop: wait, step, perform.
//!
//! One thread owns the engine and does nothing else, so the engine needs no lock and its order of events is one.

use engine::{Command, Engine};

use crate::clock;
use crate::perform::Performer;
use crate::status::Reporter;

/// Heights that may wait for the store before the engine waits too: a slow disk slows the node down instead of
/// filling its memory.
const HEIGHTS_BEHIND_MAX: usize = 256;

/// Does the first commands of an engine and runs it until the inbox is closed or the node must stop.
pub(crate) fn run(mut engine: Engine, first: Vec<Command>, performer: &Performer, reporter: &Reporter) {
    for command in first {
        performer.perform(command);
    }
    reporter.look(&engine);
    while let Some(event) = performer.inbox.next() {
        performer.store.wait_below(HEIGHTS_BEHIND_MAX);
        if performer.failure.is_told() {
            return;
        }
        performer.counters.event(&event);
        for command in engine.step(clock::now(), event) {
            performer.perform(command);
        }
        reporter.look(&engine);
    }
}
