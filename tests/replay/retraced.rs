//! The chain judged again from its first leaf, by who believes nobody; and what a whole quorum would have to get past it.

use std::sync::Arc;

use ledger::LedgerReader;
use ledger::retrace::{Retrace, RetraceError, TracedBlock};
use proto::counter::LeafIndex;
use proto::entry::Entry;
use proto::operation::Operation;
use proto::session::Act;
use proto::submission::Submission;
use store::memory::Memory;
use store::port::Store as _;

use crate::lives::rounds;
use crate::people::Person;
use crate::story::told;
use crate::world::{Chain, verified};

/// The blocks that left leaves behind, as the log tells of them.
fn traced(chain: &Chain) -> Vec<TracedBlock> {
    let (reader, network) = (chain.reader(), chain.network());
    let (mut blocks, mut open) = (Vec::<TracedBlock>::new(), Vec::new());
    for index in (2..chain.seen.last().expect("blocks").head.size.get()).map(LeafIndex::new) {
        match reader.entry(index).expect("readable").expect("below the head").1 {
            Entry::Submission(it) => open.push((Some((it.height, it.time)), it.submission)),
            Entry::Statement(it) => open.push((None, it.submission().clone())),
            Entry::Block(entry) => {
                let placed = |(at, submission): (Option<_>, Submission)| {
                    let (height, time) = at.unwrap_or((entry.height, entry.time));
                    (height, time, verified(&network, &submission))
                };
                let submissions: Vec<_> = open.drain(..).map(placed).collect();
                let first = LeafIndex::new(index.get() - submissions.len() as u64);
                let beside = reader.beside(entry.height).expect("readable").unwrap_or_default();
                blocks.push(TracedBlock { first, submissions, entry, epoch: None, beside });
            }
            Entry::Epoch(entry) => blocks.last_mut().expect("behind a block").epoch = Some(entry),
            Entry::Genesis(_) => panic!("there is one genesis"),
        }
    }
    blocks
}

fn begun(chain: &Chain, store: &Arc<Memory>) -> Retrace {
    let (mut retrace, _) = Retrace::open(store.clone(), &chain.genesis).expect("an empty store");
    let leaf = |reader: &LedgerReader, index| {
        reader.entry(LeafIndex::new(index)).expect("readable").expect("every log has two").1
    };
    let reader = chain.reader();
    retrace.begin([&leaf(&reader, 0), &leaf(&reader, 1)]).expect("as genesis says");
    retrace
}

#[test]
fn a_retracing_comes_to_the_same_state_at_each_height() {
    let chain = told(rounds());
    for every in [usize::MAX, 1] {
        let store = Arc::new(Memory::new());
        let mut retrace = begun(&chain, &store);
        for (number, block) in (1..).zip(traced(&chain)) {
            retrace.block(&block).expect("a true log");
            let (stand, expected) = (retrace.stand(), &chain.seen[block.entry.height.get() as usize - 1]);
            let found = (stand.height, stand.time, stand.state, stand.size);
            assert_eq!(found, (expected.height, expected.time, expected.state, expected.head.size));
            assert_eq!(block.entry.lookup, expected.lookup);
            if number % every == 0 {
                store.commit(&retrace.take(&expected.head.root)).expect("memory");
                let (again, head) = Retrace::open(store.clone(), &chain.genesis).expect("it goes on");
                assert_eq!(head, Some(expected.head));
                retrace = again;
            }
        }
        assert_eq!(retrace.stand().state, chain.seen.last().expect("blocks").state);
    }
}

/// Retraces the chain with one submission, the first that `is` names, replaced by what `make` makes of it.
fn forged(
    chain: &Chain,
    is: impl Fn(&Operation) -> bool,
    make: impl Fn(&Submission) -> Submission,
) -> Result<(), RetraceError> {
    let mut retrace = begun(chain, &Arc::new(Memory::new()));
    let mut done = false;
    for mut block in traced(chain) {
        for (_, _, submission) in &mut block.submissions {
            if !done && is(&submission.body().operation) {
                done = true;
                *submission = verified(&chain.network(), &make(submission));
            }
        }
        retrace.block(&block)?;
    }
    assert!(done, "nothing was replaced");
    Ok(())
}

/// Another one signs the same.
fn by_stranger(submission: &Submission) -> Submission {
    let (body, stranger) = (submission.body().clone(), Person::new("a stranger"));
    let body = proto::submission::Body { author: stranger.did.clone(), key: stranger.key().clone(), ..body };
    let signature = stranger.sign(&body.signed_bytes());
    body.seal(signature)
}

/// The service says another thing.
fn by_service(submission: &Submission, operation: Operation) -> Submission {
    let body = proto::submission::Body { operation, ..submission.body().clone() };
    let signature = Person::new("service 0").sign(&body.signed_bytes());
    body.seal(signature)
}

/// The issuer says another thing.
fn by_issuer(submission: &Submission, change: impl Fn(&mut proto::operation::seal::Seal)) -> Submission {
    let mut body = submission.body().clone();
    let Operation::AttestationSeal(seal) = &mut body.operation else { panic!("a seal") };
    change(seal);
    let signature = Person::new("acme 0").sign(&body.signed_bytes());
    body.seal(signature)
}

fn is_act(wanted: fn(&Act) -> bool) -> impl Fn(&Operation) -> bool {
    move |operation| matches!(operation, Operation::Session { act, .. } if wanted(act))
}

fn code(result: Result<(), RetraceError>) -> String {
    match result {
        Ok(()) => "ok".to_owned(),
        Err(RetraceError::Forbidden { rejection, .. }) => rejection.code().to_owned(),
        Err(RetraceError::State { .. }) => "state".to_owned(),
        Err(other) => other.to_string(),
    }
}

#[test]
fn a_session_that_a_quorum_forged_is_found_out() {
    let chain = told(1);
    let opens = is_act(|act| matches!(act, Act::Open(_)));
    let samples = is_act(|act| matches!(act, Act::Sample(_)));
    let finalizes = is_act(|act| matches!(act, Act::Finalize));
    assert_eq!(code(forged(&chain, &samples, by_stranger)), "unknown_service");
    assert_eq!(code(forged(&chain, &finalizes, by_stranger)), "unknown_service");
    // A session that was never measured, or never opened.
    let session = |it: &Submission| match &it.body().operation {
        Operation::Session { session, .. } => *session,
        other => panic!("{other:?}"),
    };
    let hasty =
        |it: &Submission| by_service(it, Operation::Session { session: session(it), act: Act::Finalize });
    assert_eq!(code(forged(&chain, &opens, hasty)), "unknown_session");
    assert_eq!(code(forged(&chain, &samples, hasty)), "no_samples");
    let twice = |it: &Submission| match it.body().operation.clone() {
        Operation::Session { session, act: Act::Finalize } => {
            by_service(it, Operation::Session { session, act: Act::Delete })
        }
        other => panic!("{other:?}"),
    };
    // Allowed, and another state than the one that the quorum signed.
    assert_eq!(code(forged(&chain, &finalizes, twice)), "state");
    let flattered = |it: &Submission| {
        let Operation::Session { session, act: Act::Sample(sample) } = it.body().operation.clone() else {
            panic!("a sample")
        };
        let sample = proto::session::Sample { p95_us: sample.p95_us - 1, ..*sample };
        by_service(it, Operation::Session { session, act: Act::Sample(Box::new(sample)) })
    };
    assert_eq!(code(forged(&chain, &samples, flattered)), "state");
}

#[test]
fn a_seal_that_a_quorum_forged_is_found_out() {
    let chain = told(1);
    let seals = |operation: &Operation| matches!(operation, Operation::AttestationSeal(_));
    let links =
        |operation: &Operation| matches!(operation, Operation::AttestationSeal(seal) if seal.link.is_some());
    assert_eq!(code(forged(&chain, seals, by_stranger)), "unknown_issuer_key");
    let late = |it: &Submission| by_issuer(it, |seal| seal.issued_at_s -= 3_600);
    assert_eq!(code(forged(&chain, seals, late)), "attestation_time");
    let skips = |it: &Submission| by_issuer(it, |seal| seal.link.as_mut().expect("linked").index += 1);
    assert_eq!(code(forged(&chain, links, skips)), "attestation_chain");
    let other = |it: &Submission| by_issuer(it, |seal| seal.token.push('x'));
    assert_eq!(code(forged(&chain, seals, other)), "state");
}

#[test]
fn a_retracing_names_the_height_too() {
    let chain = told(1);
    let samples = is_act(|act| matches!(act, Act::Sample(_)));
    let deletes = |it: &Submission| match it.body().operation.clone() {
        Operation::Session { session, .. } => {
            by_service(it, Operation::Session { session, act: Act::Delete })
        }
        other => panic!("{other:?}"),
    };
    let Err(RetraceError::State { height, found, expected, .. }) = forged(&chain, samples, deletes) else {
        panic!("deleting is allowed")
    };
    assert_eq!(chain.seen[height.get() as usize - 1].state, expected);
    assert_ne!(found, expected);
}
