//! Sessions that are opened, measured, finalized and deleted under load, by the services of two validators.
//!
//! All that is said at one time is given to everybody at once, so it meets in any order and batch: samples before their
//! session, two finalizations of one session, samples after it. Much of it is refused. What must hold is that every
//! member has the same chain, each link hashing the one before and a proof that can be made again from what is kept.

use ledger::session::{Proof, link};
use proto::operation::{Operation, endorsement_bytes};
use proto::session::{Act, Intent, Sample, SessionId};

use crate::checkers::{Finding, Violation};
use crate::world::{Happening, World};

fn session(number: u64) -> SessionId {
    let mut bytes = [0; SessionId::BYTES];
    bytes[..8].copy_from_slice(&number.to_be_bytes());
    SessionId::random(bytes)
}

fn open(number: u64) -> Operation {
    let intent = Intent {
        text: format!("session {number}"),
        target_p95_latency_ms: 100,
        target_jitter_ms: 0,
        duration_s: 1,
        flow_label: Intent::LABEL.to_owned(),
    };
    Operation::Session { session: session(number), act: Act::Open(Box::new(intent)) }
}

fn sample(number: u64, p50_us: u64) -> Operation {
    let sample = Sample { packets: 1, p50_us, p95_us: 2 * p50_us, jitter_us: 5, notes: String::new() };
    Operation::Session { session: session(number), act: Act::Sample(Box::new(sample)) }
}

fn finalize(number: u64) -> Operation {
    Operation::Session { session: session(number), act: Act::Finalize }
}

fn delete(number: u64) -> Operation {
    Operation::Session { session: session(number), act: Act::Delete }
}

impl World {
    /// The services say their word: first that they are ones, then of a new session and the two before.
    pub(crate) fn measure(&mut self, number: u64) {
        let said = match number {
            0 => [0, 1].map(|service| (service, self.endorsed(service))).to_vec(),
            // At the door nobody takes a sample of a session that is not open yet, so each step is one time later.
            _ => vec![
                (0, open(number)),
                (0, sample(number - 1, 1_000 + number)),
                (1, sample(number - 1, 2_005)),
                (0, finalize(number.saturating_sub(2))),
                (1, finalize(number.saturating_sub(2))),
                (1, sample(number.saturating_sub(2), 9_000)),
                (0, delete(number.saturating_sub(3))),
            ],
        };
        for (service, operation) in said {
            let index = self.changes.len();
            self.note(21, index as u64, || format!("service {service} signs {}", operation.name()));
            let submission = self.cast.served(service, 3_000_000 + index as u64, operation);
            self.changes.push(submission);
            for to in self.everyone() {
                self.after(1_000, Happening::Propose { to, change: index });
            }
        }
    }

    /// Its signature is real in every world: the state machine checks it, and asks no notary.
    fn endorsed(&self, service: usize) -> Operation {
        let validator = format!("v{}", service + 1);
        let key = self.cast.service(service).public().id();
        let message = endorsement_bytes(self.cast.set.network(), &validator, &key);
        Operation::ServiceEndorse { validator, endorsement: self.cast.keys[service].approve(&message) }
    }

    /// The chain is whole, and every proof in it can be made again.
    pub(crate) fn check_sessions(&mut self, member: u16) -> Result<(), Violation> {
        if self.plan.sessions == 0 {
            return Ok(());
        }
        let found = self.read_chain(member);
        let proofs = self.judge(member, found)?;
        self.outcomes.proofs = self.outcomes.proofs.max(proofs);
        Ok(())
    }

    /// How many links it has.
    fn read_chain(&self, member: u16) -> Result<u64, Finding> {
        let reader = self.reader(member);
        let (mut number, mut previous) = (0, None);
        while let Some(id) = reader.session_of_proof(number)? {
            let fault = |fault: &str| Violation(format!("v{member}: proof {number}, of {id}: {fault}"));
            let session = reader.session(&id)?.ok_or_else(|| fault("there is no such session"))?;
            let finalized = session.finalized.ok_or_else(|| fault("the session is not finalized"))?;
            if (finalized.number, finalized.previous) != (number, previous) {
                return Err(fault("it does not stand behind the one before").into());
            }
            let made = link(previous.as_ref(), &Proof::of(&id, &session, finalized.time).canonical());
            if made != finalized.this || session.samples.count == 0 {
                return Err(fault("it is not what the session shows").into());
            }
            previous = Some(finalized.this);
            number += 1;
        }
        Ok(number)
    }
}
