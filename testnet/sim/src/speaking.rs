//! Everything else that may be said, by voices that do a little more each time: identities and their keys, attestations,
//! artifacts, batches, issuers and what they seal.
//!
//! All that is said at one time is given to everybody at once, so it meets in any order and batch; what builds on something
//! comes one time later, and in trouble still too early. Much of it is refused. What stands in the log must be what the
//! rules allow: `hearing` reads it from the first leaf on and judges it by the definition.

use crypto::{Scheme, Signature, sha256};
use proto::counter::{TimeMs, TreeSize};
use proto::id::{Did, SubmissionId};
use proto::operation::issuer::{
    Continuity, IssuerDid, IssuerKey, IssuerKeyChange, IssuerSet, IssuerStatus, issuer_possession_bytes,
};
use proto::operation::seal::{AttestationId, ChainId, ChainLink, Seal};
use proto::operation::{
    Operation, Retention, RevokedFrom, addition_possession_bytes, identity_possession_bytes,
};

use crate::cast::Cast;
use crate::clock::BEGIN;
use crate::notary::{Notary, Signer};
use crate::world::{Happening, World};

/// Most voices of a world.
pub const VOICES_MAX: u64 = 12;
/// How often a voice speaks.
const TIMES: u64 = 4;

/// Somebody who says all these things, one time after the other.
pub struct Voice {
    /// The first names it; it asks the second to consent, and the third later.
    keys: [Signer; 3],
    /// Signs what it issues.
    issuing: Signer,
    issuer: IssuerDid,
}

/// What a voice said before and says something about now.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Earlier {
    attestation: SubmissionId,
    artifact: SubmissionId,
    seal: Option<SubmissionId>,
}

impl Voice {
    /// The voice of a number.
    pub fn new(number: u64, notary: &mut Notary) -> Self {
        let signer = |scheme, name: &str| {
            let seed = sha256(format!("voice {number} {name}").as_bytes());
            Signer::new(scheme, *seed.as_bytes())
        };
        let keys = ["first", "second", "third"].map(|name| signer(Scheme::Ed25519, name));
        let issuing = signer(Scheme::Es256, "issuing");
        keys.iter().chain([&issuing]).for_each(|key| notary.register(key));
        let issuer = IssuerDid::parse(&format!("did:qwed:user:voice{number}")).expect("an issuer");
        Self { keys, issuing, issuer }
    }

    /// Its key.
    pub fn key(&self) -> &Signer {
        &self.keys[0]
    }

    /// Its name.
    pub fn did(&self) -> Did {
        Did::of(self.key().public())
    }

    fn create(&self, cast: &Cast) -> Operation {
        let (identity, [first, second, _]) = (self.did(), &self.keys);
        let keys = vec![first.public().clone(), second.public().clone()];
        let message = identity_possession_bytes(cast.set.network(), &identity, &keys);
        Operation::IdentityCreate { identity, keys, possessions: vec![cast.notary.sign(second, &message)] }
    }

    fn add(&self, cast: &Cast) -> Operation {
        let (identity, third) = (self.did(), &self.keys[2]);
        let message = addition_possession_bytes(cast.set.network(), &identity, &third.public().id());
        let possession: Option<Signature> = Some(cast.notary.sign(third, &message));
        Operation::KeyAdd { identity, key: third.public().clone(), possession }
    }

    fn revoke(&self, from: RevokedFrom) -> Operation {
        let (identity, key) = (self.did(), self.keys[1].public().id());
        Operation::KeyRevoke { identity, key, reason: "lost".to_owned(), from }
    }

    fn set(&self, status: IssuerStatus) -> Operation {
        Operation::IssuerSet(Box::new(IssuerSet {
            issuer: self.issuer.clone(),
            name: "A voice".to_owned(),
            status,
            certification: String::new(),
        }))
    }

    fn change(&self, change: IssuerKeyChange) -> Operation {
        Operation::IssuerKey(Box::new(IssuerKey { issuer: self.issuer.clone(), change }))
    }

    fn list(&self, cast: &Cast, generated_at_s: u64) -> Operation {
        let key = self.issuing.public();
        let message = issuer_possession_bytes(cast.set.network(), &self.issuer, &self.did(), &key.id());
        let possession = cast.notary.sign(&self.issuing, &message);
        let continuity = Continuity::Ephemeral;
        self.change(IssuerKeyChange::List { key: key.clone(), continuity, generated_at_s, possession })
    }

    /// Seals the attestation of a number, which stands behind the one before it, if there is one.
    fn seal(&self, voice: u64, number: u64, issued_at_s: u64) -> Operation {
        let name = |number| AttestationId::parse(&format!("att_v{voice}n{number}")).expect("a name");
        let link = number.checked_sub(1).map(|before| ChainLink {
            chain: ChainId::parse("voice").expect("a name"),
            index: number,
            previous: Some(name(before)),
        });
        Operation::AttestationSeal(Box::new(Seal {
            id: name(number),
            issuer: self.issuer.clone(),
            key: self.issuing.public().id(),
            query: sha256(b"asked"),
            proof: sha256(b"answered"),
            issued_at_s,
            expires_at_s: issued_at_s + 3_600,
            link,
            token: format!("e30.e30.v{voice}n{number}"),
        }))
    }
}

impl World {
    /// All voices that have begun say what is next, and one begins.
    pub(crate) fn raise_voices(&mut self, time: u64) {
        for stage in 0..TIMES.min(time + 1) {
            let voice = time - stage;
            for (place, operation) in self.words(voice, stage).into_iter().enumerate() {
                self.utter(voice, stage, place, operation);
            }
        }
    }

    fn words(&self, number: u64, stage: u64) -> Vec<Operation> {
        let voice = self.cast.voice(number);
        let now = BEGIN.plus(self.now_us / 1_000);
        let now_s = now.get() / 1_000;
        let earlier = self.earlier.get(&number).copied();
        let revoke = |attestation| Operation::AttestationRevoke { attestation, reason: String::new() };
        match (stage, earlier) {
            (0, _) => vec![
                attest(number),
                commit(number, now),
                voice.create(&self.cast),
                Operation::BatchAnchor { root: sha256(b"root"), count: 1 + number, tree: "any".to_owned() },
                voice.set(IssuerStatus::Active),
            ],
            (1, Some(Earlier { attestation, artifact, .. })) => vec![
                voice.add(&self.cast),
                revoke(attestation),
                Operation::RetentionTombstone { artifact, reason: "asked for".to_owned() },
                voice.list(&self.cast, now_s),
            ],
            (2, Some(_)) => {
                let from = match number % 3 {
                    0 => RevokedFrom::Here,
                    1 => RevokedFrom::Size(TreeSize::new(3)),
                    _ => RevokedFrom::Time(BEGIN.plus(1)),
                };
                // The second may stand before the first, and is then refused; and nobody seals for another one.
                let stolen = self.cast.voice((number + 1) % VOICES_MAX).seal(100 + number, 0, now_s);
                let own = [0, 1].map(|place| voice.seal(number, place, now_s));
                own.into_iter().chain([stolen, voice.revoke(from)]).collect()
            }
            (3, Some(Earlier { attestation, seal, .. })) => {
                let drop = IssuerKeyChange::Drop { key: voice.issuing.public().id() };
                // Once more under the same name; behind the last one, if that was refused before; behind nothing.
                let again = [0, 1, 5].map(|place| voice.seal(number, place, now_s));
                let mut words = vec![revoke(attestation)];
                words.extend(again);
                words.push(voice.change(drop));
                words.extend(seal.map(revoke));
                words.push(voice.set(IssuerStatus::Inactive));
                words
            }
            (_, _) => Vec::new(),
        }
    }

    fn utter(&mut self, voice: u64, stage: u64, place: usize, operation: Operation) {
        let index = self.changes.len();
        self.note(22, index as u64, || format!("voice {voice} says {}", operation.name()));
        let submission = self.cast.voiced(voice, 4_000_000 + index as u64, operation);
        let id = submission.id();
        match (stage, place) {
            (0, 0) => {
                let earlier = Earlier { attestation: id, artifact: id, seal: None };
                self.earlier.insert(voice, earlier);
            }
            (0, 1) => {
                if let Some(earlier) = self.earlier.get_mut(&voice) {
                    earlier.artifact = id;
                }
            }
            (2, 0) => {
                if let Some(earlier) = self.earlier.get_mut(&voice) {
                    earlier.seal = Some(id);
                }
            }
            (_, _) => {}
        }
        self.changes.push(submission);
        for to in self.everyone() {
            self.after(1_000, Happening::Propose { to, change: index });
        }
    }
}

fn attest(number: u64) -> Operation {
    Operation::AttestationIssue {
        subject: format!("voice {number}"),
        predicate_type: "https://example.org/heard".to_owned(),
        predicate: number.to_be_bytes().to_vec(),
        content: None,
        expires_at_ms: None,
    }
}

fn commit(number: u64, now: TimeMs) -> Operation {
    let retention = match number % 3 {
        0 => Retention::UntilErased,
        1 => Retention::Until(now.plus(3_000)),
        _ => Retention::WriteOnce(now.plus(3_000)),
    };
    Operation::ArtifactCommit {
        address: sha256(&number.to_be_bytes()),
        salted: true,
        content_bytes: 0,
        media_type: String::new(),
        subject: String::new(),
        retention,
    }
}
