//! Certificates and ballots: what holds, and each way in which one does not (`SPEC.md`, rules C1 to C4).

use crypto::{Digest, sha256};
use proto::ballot::{Timeout, TimeoutStatement, Vote, VoteStatement};
use proto::certificate::{CertificateError, QuorumCert, TimeoutCert};
use proto::counter::{Epoch, Height, View};
use proto::id::{BlockId, NetworkId};
use proto::proposal::Proposal;
use proto::validators::{Opening, ValidatorSet};
use proto::verified::{Strict, Unverified};

use crate::fixture::{Network, index};

fn block() -> Digest {
    sha256(b"block")
}

fn other_epoch(network: &Network) -> ValidatorSet {
    let set = &network.set;
    let validators = network.genesis.validators.clone();
    ValidatorSet::new(*set.network(), set.origin().into(), Epoch::new(1), set.opening(), validators)
        .expect("the same validators")
}

fn other_network(network: &Network) -> ValidatorSet {
    let set = &network.set;
    let validators = network.genesis.validators.clone();
    let id = NetworkId::new(sha256(b"other"));
    ValidatorSet::new(id, set.origin().into(), Epoch::ZERO, set.opening(), validators).expect("the same")
}

type Case<T> = (&'static str, Box<dyn Fn(&mut T)>, CertificateError);

#[test]
fn a_quorum_certificate_holds_or_says_why_not() {
    let network = Network::new(&[1; 4]);
    let good = network.qc(5, 3, block(), &[0, 2, 3]);
    assert_eq!(good.verify(&network.set, &Strict), Ok(()));
    assert!(Unverified::new(good.clone()).verify(&network.set, &Strict).is_ok());
    let all = network.qc(5, 3, block(), &[0, 1, 2, 3]);
    assert_eq!(all.verify(&network.set, &Strict), Ok(()));

    let signature = |position| CertificateError::Signature { signer: index(position) };
    let cases: Vec<Case<QuorumCert>> = vec![
        (
            "one too few",
            Box::new(|qc| qc.signatures.truncate(2)),
            CertificateError::BelowQuorum { power: 2, needed: 3 },
        ),
        (
            "nobody",
            Box::new(|qc| qc.signatures.clear()),
            CertificateError::BelowQuorum { power: 0, needed: 3 },
        ),
        (
            "one twice",
            Box::new(|qc| qc.signatures[1] = qc.signatures[0].clone()),
            CertificateError::SignerOrder { signer: index(0) },
        ),
        (
            "unsorted",
            Box::new(|qc| qc.signatures.swap(1, 2)),
            CertificateError::SignerOrder { signer: index(2) },
        ),
        (
            "a stranger",
            Box::new(|qc| qc.signatures[2].0 = index(4)),
            CertificateError::UnknownSigner { signer: index(4) },
        ),
        ("another's signature", Box::new(|qc| qc.signatures[0].0 = index(1)), signature(1)),
        (
            "signatures swapped",
            Box::new(|qc| {
                let first = qc.signatures[0].1.clone();
                qc.signatures[0].1 = qc.signatures[1].1.clone();
                qc.signatures[1].1 = first;
            }),
            signature(0),
        ),
        ("another view", Box::new(|qc| qc.view = View::new(6)), signature(0)),
        ("another height", Box::new(|qc| qc.height = Height::new(4)), signature(0)),
        ("another block", Box::new(|qc| qc.block = BlockId::new(sha256(b"other"))), signature(0)),
        (
            "another epoch",
            Box::new(|qc| qc.epoch = Epoch::new(1)),
            CertificateError::Epoch { found: Epoch::new(1), expected: Epoch::ZERO },
        ),
        ("view 0", Box::new(|qc| qc.view = View::ZERO), CertificateError::NotOpening { epoch: Epoch::ZERO }),
    ];
    for (name, spoil, expected) in cases {
        let mut qc = good.clone();
        spoil(&mut qc);
        assert_eq!(qc.verify(&network.set, &Strict), Err(expected), "{name}");
    }
    let epoch = CertificateError::Epoch { found: Epoch::ZERO, expected: Epoch::new(1) };
    assert_eq!(good.verify(&other_epoch(&network), &Strict), Err(epoch));
    assert_eq!(good.verify(&other_network(&network), &Strict), Err(signature(0)));
}

#[test]
fn a_quorum_is_counted_in_power() {
    let network = Network::new(&[4, 1, 1, 1]);
    assert_eq!(network.set.quorum_power(), 5);
    assert_eq!(network.qc(1, 1, block(), &[0, 3]).verify(&network.set, &Strict), Ok(()));
    let refused = network.qc(1, 1, block(), &[1, 2, 3]).verify(&network.set, &Strict);
    assert_eq!(refused, Err(CertificateError::BelowQuorum { power: 3, needed: 5 }));
}

#[test]
fn view_zero_is_the_opening_and_nothing_else() {
    let network = Network::new(&[1; 4]);
    let genesis = network.genesis_qc();
    assert_eq!(genesis.verify(&network.set, &Strict), Ok(()));
    let forgeries = [
        QuorumCert::genesis(BlockId::new(block())),
        QuorumCert { height: Height::new(1), ..genesis.clone() },
        network.qc(0, 0, *genesis.block.digest(), &[0, 1, 2]),
    ];
    for forgery in forgeries {
        let refused = CertificateError::NotOpening { epoch: Epoch::ZERO };
        assert_eq!(forgery.verify(&network.set, &Strict), Err(refused));
    }
    let later = QuorumCert { epoch: Epoch::new(1), ..genesis };
    let refused = CertificateError::Epoch { found: Epoch::new(1), expected: Epoch::ZERO };
    assert_eq!(later.verify(&network.set, &Strict), Err(refused));
}

#[test]
fn a_timeout_certificate_holds_or_says_why_not() {
    let network = Network::new(&[1; 4]);
    let high = network.qc(3, 2, block(), &[0, 1, 2]);
    let good = network.tc(5, high.clone(), &[(0, 3), (1, 1), (3, 0)]);
    assert_eq!(good.verify(&network.set, &Strict), Ok(()));

    let signature = |position| CertificateError::Signature { signer: index(position) };
    let cases: Vec<Case<TimeoutCert>> = vec![
        (
            "one too few",
            Box::new(|tc| tc.entries.truncate(2)),
            CertificateError::BelowQuorum { power: 2, needed: 3 },
        ),
        (
            "one twice",
            Box::new(|tc| tc.entries[1] = tc.entries[0].clone()),
            CertificateError::SignerOrder { signer: index(0) },
        ),
        (
            "unsorted",
            Box::new(|tc| tc.entries.swap(0, 1)),
            CertificateError::SignerOrder { signer: index(0) },
        ),
        (
            "a stranger",
            Box::new(|tc| tc.entries[2].signer = index(9)),
            CertificateError::UnknownSigner { signer: index(9) },
        ),
        ("another view", Box::new(|tc| tc.view = View::new(6)), signature(0)),
        (
            "another epoch",
            Box::new(|tc| tc.epoch = Epoch::new(1)),
            CertificateError::Epoch { found: Epoch::new(1), expected: Epoch::ZERO },
        ),
        ("a report altered", Box::new(|tc| tc.entries[1].high_qc_view = View::new(2)), signature(1)),
        ("a certificate altered", Box::new(|tc| tc.high_qc.height = Height::new(3)), signature(0)),
        (
            "a certificate below quorum",
            Box::new(|tc| tc.high_qc.signatures.truncate(2)),
            CertificateError::BelowQuorum { power: 2, needed: 3 },
        ),
    ];
    for (name, spoil, expected) in cases {
        let mut tc = good.clone();
        spoil(&mut tc);
        assert_eq!(tc.verify(&network.set, &Strict), Err(expected), "{name}");
    }
    assert_eq!(good.verify(&other_network(&network), &Strict), Err(signature(0)));

    // The highest certificate is left out, or stands in the place of a lower one.
    let hidden = network.tc(5, network.genesis_qc(), &[(0, 3), (1, 0), (3, 0)]);
    let missing = CertificateError::HighestMissing { reported: View::new(3), carried: View::ZERO };
    assert_eq!(hidden.verify(&network.set, &Strict), Err(missing));
    let raised = network.tc(5, high.clone(), &[(0, 0), (1, 0), (3, 0)]);
    let missing = CertificateError::HighestMissing { reported: View::ZERO, carried: View::new(3) };
    assert_eq!(raised.verify(&network.set, &Strict), Err(missing));
    let future = network.tc(3, high, &[(0, 3), (1, 3), (3, 3)]);
    let not_older = CertificateError::NotOlder { certificate: View::new(3), view: View::new(3) };
    assert_eq!(future.verify(&network.set, &Strict), Err(not_older));
}

#[test]
fn a_vote_holds_or_says_why_not() {
    let network = Network::new(&[1; 4]);
    let statement = VoteStatement {
        epoch: Epoch::ZERO,
        view: View::new(2),
        height: Height::new(1),
        block: BlockId::new(block()),
    };
    let signed = network.vote(1, &statement);
    let vote = |voter: usize, statement| Vote { statement, voter: index(voter), signature: signed.clone() };
    let verify = |vote: Vote| Unverified::new(vote).verify(&network.set, &Strict).map(|_| ());
    let signature = |position| Err(CertificateError::Signature { signer: index(position) });
    assert_eq!(verify(vote(1, statement)), Ok(()));
    assert_eq!(verify(vote(2, statement)), signature(2));
    assert_eq!(verify(vote(4, statement)), Err(CertificateError::UnknownSigner { signer: index(4) }));
    assert_eq!(verify(vote(1, VoteStatement { view: View::new(3), ..statement })), signature(1));
    assert_eq!(verify(vote(1, VoteStatement { height: Height::ZERO, ..statement })), signature(1));
    assert_eq!(verify(vote(1, VoteStatement { block: BlockId::default(), ..statement })), signature(1));
    let epoch = CertificateError::Epoch { found: Epoch::new(1), expected: Epoch::ZERO };
    assert_eq!(verify(vote(1, VoteStatement { epoch: Epoch::new(1), ..statement })), Err(epoch));
    let elsewhere = Unverified::new(vote(1, statement)).verify(&other_network(&network), &Strict).map(|_| ());
    assert_eq!(elsewhere, signature(1));
}

/// Rule C3: a timeout is founded on the view before the one it leaves.
#[test]
fn a_timeout_holds_or_says_why_not() {
    let network = Network::new(&[1; 4]);
    let high = network.qc(3, 2, block(), &[0, 1, 2]);
    let tc = network.tc(4, high.clone(), &[(0, 3), (1, 3), (2, 3)]);
    let timeout = |view: u64, high_qc: &QuorumCert, last_tc: Option<TimeoutCert>| {
        let (view, high_qc_view) = (View::new(view), high_qc.view);
        let statement = TimeoutStatement { epoch: Epoch::ZERO, view, high_qc_view };
        let signature = network.members[1].consensus.sign(&statement.signed_bytes(network.set.network()));
        Timeout { epoch: Epoch::ZERO, view, high_qc: high_qc.clone(), last_tc, voter: index(1), signature }
    };
    let verify = |timeout: Timeout| Unverified::new(timeout).verify(&network.set, &Strict).map(|_| ());
    assert_eq!(verify(timeout(4, &high, None)), Ok(()));
    assert_eq!(verify(timeout(5, &high, Some(tc.clone()))), Ok(()));
    assert_eq!(verify(timeout(1, &network.genesis_qc(), None)), Ok(()));

    assert_eq!(verify(timeout(5, &high, None)), Err(CertificateError::Unfounded { view: View::new(5) }));
    let not_older = |certificate, view| {
        Err(CertificateError::NotOlder { certificate: View::new(certificate), view: View::new(view) })
    };
    assert_eq!(verify(timeout(3, &high, None)), not_older(3, 3));
    assert_eq!(verify(timeout(6, &high, Some(tc.clone()))), not_older(4, 6));
    let signature = |position| Err(CertificateError::Signature { signer: index(position) });
    let good = timeout(5, &high, Some(tc.clone()));
    assert_eq!(verify(Timeout { voter: index(2), ..good.clone() }), signature(2));
    let lower = Timeout { high_qc: network.genesis_qc(), ..good.clone() };
    assert_eq!(verify(lower), signature(1));
    let mut weak = good.clone();
    weak.high_qc.signatures.pop();
    assert_eq!(verify(weak), Err(CertificateError::BelowQuorum { power: 2, needed: 3 }));
    let mut weak = good;
    weak.last_tc = Some(TimeoutCert { entries: tc.entries[..2].to_vec(), ..tc });
    assert_eq!(verify(weak), Err(CertificateError::BelowQuorum { power: 2, needed: 3 }));
}

/// Rule C4: a proposal stands on the certificates it came with.
#[test]
fn a_proposal_holds_or_says_why_not() {
    let network = Network::new(&[1; 4]);
    let justify = network.qc(3, 2, block(), &[0, 1, 2]);
    let tc = network.tc(4, justify.clone(), &[(0, 3), (1, 3), (2, 0)]);
    let propose = |view: u64, timeout_cert: Option<TimeoutCert>| {
        let block = network.block(view, &justify);
        let message = Proposal::signed_bytes(network.set.network(), &block);
        let signature = network.members[usize::from(block.proposer.get())].consensus.sign(&message);
        Proposal { block, justify: justify.clone(), timeout_cert, signature }
    };
    let verify = |proposal: Proposal| Unverified::new(proposal).verify(&network.set, &Strict).map(|_| ());
    assert_eq!(verify(propose(4, None)), Ok(()));
    assert_eq!(verify(propose(5, Some(tc.clone()))), Ok(()));
    assert_eq!(verify(propose(5, None)), Err(CertificateError::Unfounded { view: View::new(5) }));
    let not_older = CertificateError::NotOlder { certificate: View::new(4), view: View::new(6) };
    assert_eq!(verify(propose(6, Some(tc.clone()))), Err(not_older));
    let not_older = CertificateError::NotOlder { certificate: View::new(3), view: View::new(3) };
    assert_eq!(verify(propose(3, None)), Err(not_older));

    let good = propose(5, Some(tc));
    let proposer = CertificateError::Proposer { proposer: good.block.proposer };
    let cases: Vec<Case<Proposal>> = vec![
        ("another time", Box::new(|p| p.block.time = p.block.time.plus(1)), proposer),
        ("another parent", Box::new(|p| p.block.parent = BlockId::default()), CertificateError::NotJustified),
        (
            "a height skipped",
            Box::new(|p| p.block.height = p.block.height.next()),
            CertificateError::NotJustified,
        ),
        (
            "another parent's view",
            Box::new(|p| p.block.parent_view = View::new(2)),
            CertificateError::NotJustified,
        ),
        (
            "another epoch",
            Box::new(|p| p.block.epoch = Epoch::new(1)),
            CertificateError::Epoch { found: Epoch::new(1), expected: Epoch::ZERO },
        ),
        (
            "a proposer who is nobody",
            Box::new(|p| p.block.proposer = index(7)),
            CertificateError::UnknownSigner { signer: index(7) },
        ),
        (
            "another proposer",
            Box::new(|p| p.block.proposer = index(0)),
            CertificateError::Proposer { proposer: index(0) },
        ),
        (
            "a certificate below quorum",
            Box::new(|p| p.justify.signatures.truncate(2)),
            CertificateError::BelowQuorum { power: 2, needed: 3 },
        ),
        (
            "an excuse that hides the highest certificate",
            Box::new(|p| p.timeout_cert.iter_mut().for_each(|tc| tc.high_qc.view = View::new(1))),
            CertificateError::HighestMissing { reported: View::new(3), carried: View::new(1) },
        ),
    ];
    for (name, spoil, expected) in cases {
        let mut proposal = good.clone();
        spoil(&mut proposal);
        assert_eq!(verify(proposal), Err(expected), "{name}");
    }
}

#[test]
fn each_epoch_begins_with_a_certificate_of_its_own() {
    let network = Network::new(&[1; 4]);
    let set = &network.set;
    let opening = Opening { block: BlockId::new(block()), height: Height::new(9) };
    let validators = network.genesis.validators.clone();
    let next = ValidatorSet::new(*set.network(), set.origin().into(), Epoch::new(1), opening, validators);
    let next = next.expect("the same validators");
    let certificate = next.opening_certificate();
    assert_eq!(certificate.verify(&next, &Strict), Ok(()));
    assert_eq!((certificate.height, certificate.block), (opening.height, opening.block));
    // Neither stands for the other, and what was signed in one epoch counts in no other.
    assert!(certificate.verify(set, &Strict).is_err());
    assert!(network.genesis_qc().verify(&next, &Strict).is_err());
    let old = network.qc(5, 3, block(), &[0, 1, 2]);
    let relabelled = QuorumCert { epoch: Epoch::new(1), ..old };
    assert_eq!(relabelled.verify(&next, &Strict), Err(CertificateError::Signature { signer: index(0) }));
    assert_ne!(set.digest(), next.digest(), "the epoch is in the digest");
}
