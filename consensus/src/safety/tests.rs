//! Each rule of speaking, broken once.

use super::*;
use crate::testing::{block_on, certify, chain, genesis_qc, i, leave, set, v};

fn fresh() -> (Safety, Pacemaker) {
    let record = Safety::blank(Epoch::ZERO, genesis_qc());
    (Safety::new(Some(i(0)), record), Pacemaker::new(genesis_qc()))
}

fn words(words: Words) -> Vec<Say> {
    words.open(|_| Ok::<(), ()>(())).unwrap()
}

#[test]
fn one_act_a_view() {
    let set = set(4);
    let block = block_on(&set, &genesis_qc(), 1, &[1]);
    let acted = Err(Refusal::Acted { view: v(1), last: v(1) });
    type Act = fn(&mut Safety, &Pacemaker, &Block) -> Result<(), Refusal>;
    let vote: Act = |safety, pacemaker, block| {
        safety.vote(&crate::testing::set(4), pacemaker, (block, &genesis_qc()), None).map(drop)
    };
    let propose: Act = |safety, pacemaker, block| {
        safety.propose(&crate::testing::set(4), pacemaker, block.clone()).map(drop)
    };
    let leave: Act = |safety, pacemaker, _| safety.timeout(pacemaker).map(drop);
    for (name, first, second, result) in [
        ("vote, vote", vote, vote, acted),
        ("vote, propose", vote, propose, acted),
        ("vote, leave", vote, leave, Ok(())),
        ("propose, vote", propose, vote, acted),
        ("propose, propose", propose, propose, acted),
        ("propose, leave", propose, leave, Ok(())),
        ("leave, vote", leave, vote, acted),
        ("leave, propose", leave, propose, acted),
        ("leave, leave", leave, leave, Ok(())),
    ] {
        let (mut safety, pacemaker) = fresh();
        assert_eq!(first(&mut safety, &pacemaker, &block), Ok(()), "{name}");
        assert_eq!(second(&mut safety, &pacemaker, &block), result, "{name}");
    }
}

#[test]
fn only_the_current_view() {
    let set = set(4);
    let (blocks, qc) = chain(&set, &[1, 2]);
    let (mut safety, mut pacemaker) = fresh();
    pacemaker.absorb_qc(&qc);
    for view in [2, 4] {
        let block = block_on(&set, &blocks[1].1, view, &[]);
        let refusal = Refusal::NotCurrent { found: v(view), current: v(3) };
        let vote = safety.vote(&set, &pacemaker, (&block, &blocks[1].1), None);
        assert_eq!(vote.map(drop), Err(refusal));
        assert_eq!(safety.propose(&set, &pacemaker, block).map(drop), Err(refusal));
    }
}

#[test]
fn a_block_stands_on_the_view_before_or_on_what_the_quorum_reports() {
    let set = set(4);
    let (blocks, qc2) = chain(&set, &[1, 2]);
    let qc1 = blocks[1].1.clone();
    for (name, justify, tc, allowed) in [
        ("no certificate of view 3", &qc2, None, false),
        ("the highest reported", &qc2, Some(leave(&set, 3, &qc2)), true),
        ("higher than reported", &qc2, Some(leave(&set, 3, &qc1)), true),
        ("as reported, below our lock", &qc1, Some(leave(&set, 3, &qc1)), true),
        ("lower than reported", &qc1, Some(leave(&set, 3, &qc2)), false),
        ("the certificate of another view", &qc2, Some(leave(&set, 2, &qc1)), false),
    ] {
        let (mut safety, mut pacemaker) = fresh();
        pacemaker.absorb_qc(&qc2);
        pacemaker.absorb_tc(&leave(&set, 3, &qc2));
        let block = block_on(&set, justify, 4, &[]);
        let vote = safety.vote(&set, &pacemaker, (&block, justify), tc.as_ref());
        assert_eq!(vote.is_ok(), allowed, "{name}: {vote:?}");
    }
}

#[test]
fn no_vote_on_a_certificate_that_the_record_would_not_hold() {
    let set = set(4);
    let (_, qc) = chain(&set, &[1, 2]);
    let (mut safety, mut pacemaker) = fresh();
    let tc = leave(&set, 3, &genesis_qc());
    pacemaker.absorb_tc(&tc);
    let block = block_on(&set, &qc, 4, &[1]);
    let vote = safety.vote(&set, &pacemaker, (&block, &qc), Some(&tc));
    assert_eq!(vote.map(drop), Err(Refusal::NotHeld { justify: v(2), held: v(0) }));
}

#[test]
fn the_record_holds_what_justified_the_words() {
    let set = set(4);
    let (_, qc) = chain(&set, &[1, 2]);
    let (mut safety, mut pacemaker) = fresh();
    let tc = leave(&set, 3, &qc);
    pacemaker.absorb_qc(&qc);
    pacemaker.absorb_tc(&tc);
    let block = block_on(&set, &qc, 4, &[1]);
    let gate = safety.propose(&set, &pacemaker, block.clone()).unwrap();
    let expected = SafetyRecord {
        epoch: Epoch::ZERO,
        last_acted_view: v(4),
        high_qc: qc.clone(),
        high_tc: Some(tc.clone()),
        voted: Some(block.clone()),
        timed_out: false,
        proposed: Some(block.clone()),
    };
    assert_eq!(*gate.write(), expected);
    let says = words(gate);
    let proposal = Say::Proposal { block: block.clone(), justify: qc, timeout_cert: Some(tc) };
    assert_eq!(says[0], proposal);
    assert!(matches!(&says[1], Say::Vote { statement, .. } if statement.block == block.id()));
    assert_eq!(words(safety.repeat(&set, &pacemaker).unwrap()), says);
    let gate = safety.timeout(&pacemaker).unwrap();
    assert_eq!(*gate.write(), SafetyRecord { timed_out: true, ..expected }, "the vote stays in the record");
}

#[test]
fn a_timeout_is_repeated_word_for_word() {
    let set = set(4);
    let (_, qc2) = chain(&set, &[1, 2]);
    let (mut safety, mut pacemaker) = fresh();
    pacemaker.absorb_tc(&leave(&set, 5, &genesis_qc()));
    let first = safety.timeout(&pacemaker).unwrap();
    pacemaker.absorb_qc(&qc2);
    assert_eq!(pacemaker.view(), v(6));
    assert_eq!(safety.timeout(&pacemaker).unwrap(), first);
    assert_eq!(words(safety.repeat(&set, &pacemaker).unwrap()), words(first));
}

#[test]
fn nothing_is_repeated_once_the_view_is_over() {
    let set = set(4);
    let (mut safety, mut pacemaker) = fresh();
    let block = block_on(&set, &genesis_qc(), 1, &[1]);
    assert!(safety.vote(&set, &pacemaker, (&block, &genesis_qc()), None).is_ok());
    pacemaker.absorb_qc(&certify(&set, &block));
    assert_eq!(safety.repeat(&set, &pacemaker), None);
}

#[test]
fn an_observer_says_nothing() {
    let set = set(4);
    let (_, pacemaker) = fresh();
    let mut safety = Safety::new(None, Safety::blank(Epoch::ZERO, genesis_qc()));
    let block = block_on(&set, &genesis_qc(), 1, &[1]);
    let vote = safety.vote(&set, &pacemaker, (&block, &genesis_qc()), None);
    assert_eq!(vote.map(drop), Err(Refusal::Observer));
    assert_eq!(safety.timeout(&pacemaker).map(drop), Err(Refusal::Observer));
    assert_eq!(safety.propose(&set, &pacemaker, block).map(drop), Err(Refusal::Observer));
}
