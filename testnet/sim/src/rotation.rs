//! An identity whose keys change under load: each time somebody signs with the key that is good, rotates it, and signs with
//! both, the new one and the old one.
//!
//! All are given to everybody at once, so they meet in any order and batch, and some are refused. What must hold is that
//! every leaf of the identity was signed by a key that was good there.

use ledger::key::KeyStanding;
use proto::counter::{LeafIndex, TreeSize};
use proto::entry::Entry;
use proto::id::Did;
use proto::operation::{Operation, possession_bytes};
use proto::primitive::{Kind, Primitive, Told, Whole};

use crate::checkers::{Finding, Violation};
use crate::world::{Happening, World};

impl World {
    /// Somebody rotates the key that is good, as far as the one knows who has come furthest; or registers the identity.
    pub(crate) fn rotate(&mut self) {
        let tips = self.honest().filter_map(|member| {
            let reader = self.reader(member);
            Some((reader.tip().ok()??.height, member))
        });
        let Some((_, member)) = tips.max_by_key(|(height, _)| *height) else { return };
        let did = self.cast.rotating();
        let Ok(identity) = self.reader(member).identity(&did) else { return };
        let said = match identity {
            None => {
                let keys = vec![self.cast.rotating_key(0).public().clone()];
                vec![(0, Operation::IdentityCreate { identity: did, keys, possessions: Vec::new() })]
            }
            Some(identity) => {
                let old = identity.keys.len() - 1;
                let new = old + 1;
                if new >= self.cast.rotating_keys() {
                    return;
                }
                let (retires, key) = (self.cast.rotating_key(old), self.cast.rotating_key(new));
                let (retires, key) = (retires.public().id(), key.public().clone());
                let message = possession_bytes(self.cast.set.network(), &did, &retires, &key.id());
                let possession = self.cast.notary.sign(self.cast.rotating_key(new), &message);
                let rotate = Operation::KeyRotate { identity: did, retires, key, possession };
                let before = (old, self.told(old, "before"));
                let behind = (old, self.told(old, "behind"));
                vec![
                    (old, proof()),
                    before,
                    (old, rotate),
                    (new, self.told(new, "new")),
                    (old, proof()),
                    behind,
                ]
            }
        };
        for (key, operation) in said {
            let index = self.changes.len();
            self.note(20, index as u64, || format!("somebody signs {} with key {key}", operation.name()));
            let submission = self.cast.rotated(key, 2_000_000 + index as u64, operation);
            self.changes.push(submission);
            for to in self.everyone() {
                self.after(1_000, Happening::Propose { to, change: index });
            }
        }
    }

    /// A proof of ProofNest, whose id is signed by that key of the identity.
    fn told(&self, key: usize, when: &str) -> Operation {
        let (signer, issuer) = (self.cast.rotating_key(key), self.cast.rotating());
        let whole = Whole {
            kind: Kind::Claim,
            claim: format!("{when} number {} by key {key}", self.changes.len()),
            subject: None,
            evidence: None,
            nonce: [0; 16],
            previous: None,
        };
        let message = whole.id(&issuer, 0).to_string();
        let signature = self.cast.notary.sign(signer, message.as_bytes());
        Operation::ProofPrimitive(Box::new(Primitive {
            issuer,
            key: signer.public().clone(),
            signature,
            timestamp_s: 0,
            told: Told::Whole(whole),
            metadata: String::new(),
            expires_at_s: None,
            place: None,
        }))
    }

    /// Every leaf of the identity was signed by a key that was good there, whatever came in which order; so was every proof.
    pub(crate) fn check_rotation(&mut self, member: u16) -> Result<(), Violation> {
        if self.plan.rotations == 0 {
            return Ok(());
        }
        let found = self.read_rotation(member);
        let rotated = self.judge(member, found)?;
        self.outcomes.rotations = self.outcomes.rotations.max(rotated);
        Ok(())
    }

    /// How many keys were retired.
    fn read_rotation(&self, member: u16) -> Result<u64, Finding> {
        let (reader, did): (_, Did) = (self.reader(member), self.cast.rotating());
        let Some(identity) = reader.identity(&did)? else { return Ok(0) };
        let size = reader.tip()?.map_or(TreeSize::ZERO, |tip| tip.head.size);
        for index in (0..size.get()).map(LeafIndex::new) {
            let Some((_, Entry::Submission(entry))) = reader.entry(index)? else { continue };
            let body = entry.submission.body();
            let key = body.key.id();
            let good = || identity.key(&key).is_some_and(|listed| listed.is_good_at(index, entry.time));
            if let Operation::ProofPrimitive(primitive) = &body.operation {
                let key = primitive.key.id();
                let good = identity.key(&key).is_some_and(|listed| listed.is_good_at(index, entry.time));
                if primitive.issuer != did || !good {
                    let fault = format!("v{member}: the proof of leaf {index} is by {key}, not good there");
                    return Err(Violation(fault).into());
                }
            }
            if body.author == did && !good() {
                let fault = format!("v{member}: leaf {index} is signed by {key}, which was not good there");
                return Err(Violation(fault).into());
            }
        }
        let retired = |standing| matches!(standing, KeyStanding::Retired { .. });
        Ok(identity.keys.iter().filter(|listed| retired(listed.standing)).count() as u64)
    }
}

fn proof() -> Operation {
    Operation::ProofSubmit {
        content: crypto::sha256(b"rotating"),
        content_bytes: 8,
        media_type: String::new(),
        subject: "signed by a key that may be gone".to_owned(),
    }
}
