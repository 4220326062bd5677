//! Are these trust documents to be believed, and what do they say of a key?
//!
//! From the pinned root outwards: the roots that follow from it, the bundle that the last of them vouches for, and the list
//! of revocations in it. Judged once, then asked for each record.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use crypto::{Digest, Outside};
use proto::evidence::trust::{
    BUNDLE_SIGNING, EVIDENCE_SIGNING, ListedKey, OperationalKey, Revocation, RevocationCheckpoint,
    RevocationHead, RootKey, TrustBundle, TrustRoot,
};
use proto::iso::{Moment, Stamp};

use super::fault::EvidenceFault;
use super::report::{EvidenceCheck, EvidenceCode, EvidenceOutcome};
use super::root_over;

/// How far a clock may be behind the one that dated a document, in seconds.
const SKEW_S: u64 = 300;

/// What a verifier has.
#[derive(Clone, Copy, Debug)]
pub struct GivenTrust<'a> {
    /// The root it was given by somebody it trusts.
    pub root: Option<&'a TrustRoot>,
    /// The pin of a root, if that was given: of `root`, or without it of one in the bundle.
    pub pin: Option<Digest>,
    /// Keys and revocations, from anybody.
    pub bundle: Option<&'a TrustBundle>,
    /// The head of the list of revocations that was kept last time.
    pub kept: Option<RevocationHead>,
    /// The time.
    pub now: Moment,
}

/// Trust documents that were judged.
#[derive(Clone, Debug)]
pub struct EvidenceTrust<'a> {
    given: GivenTrust<'a>,
    checks: [EvidenceCheck; 3],
    /// The last root, where it is believed.
    root: Option<&'a TrustRoot>,
    /// The listed keys, by every name they have.
    listed: BTreeMap<&'a str, &'a ListedKey>,
    /// The earliest revocation of each name.
    revoked: BTreeMap<&'a str, &'a Revocation>,
}

/// What the documents say of a key.
#[derive(Clone, Debug)]
pub struct EvidenceKey<'a> {
    /// Its algorithm, as it is named.
    pub algorithm: &'a str,
    /// Its bytes.
    pub public_key: &'a [u8],
    /// From when on it is good.
    pub valid_from: Option<&'a Stamp>,
    /// From when on it is not.
    pub valid_until: Option<&'a Stamp>,
    /// From when on it is revoked, and why.
    pub revoked: Option<(&'a Stamp, Option<&'a str>)>,
}

impl EvidenceKey<'_> {
    /// Rule S4: good from `valid_from` on, and before `valid_until`.
    ///
    /// # Errors
    /// `TooEarly`, `TooLate`.
    pub fn valid_at(&self, signed_at: &Stamp) -> Result<(), EvidenceFault> {
        let signed = || signed_at.text().to_owned();
        if let Some(from) = self.valid_from.filter(|from| signed_at.instant() < from.instant()) {
            return Err(EvidenceFault::TooEarly { signed_at: signed(), valid_from: from.text().to_owned() });
        }
        match self.valid_until.filter(|until| signed_at.instant() >= until.instant()) {
            Some(until) => {
                Err(EvidenceFault::TooLate { signed_at: signed(), valid_until: until.text().to_owned() })
            }
            None => Ok(()),
        }
    }

    /// Rule S5: what was signed before a revocation stays good; what was signed at that moment or after it is not.
    ///
    /// # Errors
    /// `Revoked`.
    pub fn not_revoked_at(&self, signed_at: &Stamp) -> Result<(), EvidenceFault> {
        match self.revoked.filter(|(revoked_at, _)| revoked_at.instant() <= signed_at.instant()) {
            Some((revoked_at, reason)) => Err(EvidenceFault::Revoked {
                signed_at: signed_at.text().to_owned(),
                revoked_at: revoked_at.text().to_owned(),
                reason: reason.unwrap_or("no reason is given").to_owned(),
            }),
            None => Ok(()),
        }
    }
}

impl<'a> EvidenceTrust<'a> {
    /// Judges what was given.
    pub fn judge(given: GivenTrust<'a>) -> Self {
        let (root, of_root) = match last_root(&given) {
            Ok(root) => (Some(root), freshness("the trust root", root, given.now)),
            Err(outcome) => (None, outcome),
        };
        let (of_bundle, of_revocations) = match given.bundle {
            None if root.is_none() => (NO_BUNDLE, NO_BUNDLE),
            None => (NO_BUNDLE, EvidenceOutcome::WithoutStatus),
            Some(bundle) => (bundle_holds(&given, bundle, root), revocations(&given, bundle)),
        };
        let keys = given.bundle.into_iter().flat_map(|bundle| &bundle.keys);
        let by_ref = keys.clone().filter_map(|key| Some((key.key_ref.as_deref()?, key)));
        // A name of its own comes before what another key is called besides.
        let listed = by_ref.chain(keys.map(|key| (key.key_id.as_str(), key))).collect();
        let events = given.bundle.and_then(|it| it.checkpoint.as_ref()).into_iter().flat_map(|it| &it.events);
        let mut revoked = BTreeMap::new();
        for event in events {
            for name in [Some(&event.key_id), event.key_ref.as_ref()].into_iter().flatten() {
                let earliest = revoked.entry(name.as_str()).or_insert(event);
                if event.revoked_at.instant() < earliest.revoked_at.instant() {
                    *earliest = event;
                }
            }
        }
        let checks = [
            EvidenceCheck { code: EvidenceCode::TrustRoot, outcome: of_root },
            EvidenceCheck { code: EvidenceCode::TrustBundle, outcome: of_bundle },
            EvidenceCheck { code: EvidenceCode::Revocations, outcome: of_revocations },
        ];
        Self { given, checks, root, listed, revoked }
    }

    /// What was found of them.
    pub const fn checks(&self) -> &[EvidenceCheck; 3] {
        &self.checks
    }

    /// Whether what they say of keys is believed, if perhaps not up to date.
    pub fn is_believed(&self) -> bool {
        self.root.is_some()
            && self.checks.iter().all(|check| match check.outcome {
                EvidenceOutcome::Passed
                | EvidenceOutcome::Stale(_)
                | EvidenceOutcome::WithoutStatus
                | EvidenceOutcome::Skipped(_) => true,
                EvidenceOutcome::Failed(_) | EvidenceOutcome::Unknown(_) => false,
            })
    }

    /// The head to keep for the next time: that of a list that holds.
    pub fn head_to_keep(&self) -> Option<RevocationHead> {
        let holds = self.is_believed() && self.checks[2].outcome == EvidenceOutcome::Passed;
        self.given.bundle?.checkpoint.as_ref().filter(|_| holds).map(|checkpoint| checkpoint.head)
    }

    /// The key of that name, whose signatures of evidence count.
    ///
    /// # Errors
    /// How the check `key` ends without one.
    pub fn key(&self, name: &str) -> Result<EvidenceKey<'a>, EvidenceOutcome> {
        let failed = |check: &EvidenceCheck| matches!(check.outcome, EvidenceOutcome::Failed(_));
        if self.checks.iter().any(failed) {
            return Err(EvidenceOutcome::Skipped("the trust documents are not believed"));
        }
        let fail = |fault| Err(EvidenceOutcome::Failed(fault));
        let key = || name.to_owned();
        let in_root = self.root.and_then(|root| operational(root, name));
        if let Some(listed) = self.listed.get(name) {
            if let Some(known) = in_root {
                if known.public_key != listed.public_key {
                    return fail(EvidenceFault::TwoKeys { key: key() });
                }
                if !known.may(EVIDENCE_SIGNING) {
                    return fail(EvidenceFault::Role { key: key(), role: EVIDENCE_SIGNING });
                }
            }
            return Ok(self.with_status(name, listed));
        }
        match (in_root, self.root, self.given.bundle) {
            (None, None, None) => Err(EvidenceOutcome::Skipped("nobody says which keys are good")),
            (Some(known), _, None) if known.may(EVIDENCE_SIGNING) => Ok(EvidenceKey {
                algorithm: &known.algorithm,
                public_key: &known.public_key,
                valid_from: known.valid_from.as_ref(),
                valid_until: known.valid_until.as_ref(),
                revoked: None,
            }),
            (Some(_), _, None) => fail(EvidenceFault::Role { key: key(), role: EVIDENCE_SIGNING }),
            (_, None, Some(_)) => Err(EvidenceOutcome::Unknown(EvidenceFault::NotListed { key: key() })),
            (Some(_), Some(_), Some(_)) | (None, Some(_), _) => fail(EvidenceFault::NotListed { key: key() }),
        }
    }

    /// The earliest of what key and list say of its end, under any name it has.
    fn with_status(&self, name: &str, listed: &'a ListedKey) -> EvidenceKey<'a> {
        let names = [Some(name), Some(listed.key_id.as_str()), listed.key_ref.as_deref()];
        let events = names.into_iter().flatten().filter_map(|name| self.revoked.get(name));
        let by_list = events.map(|event| (&event.revoked_at, event.revocation_reason.as_deref()));
        let by_key = listed.revoked_at.as_ref().map(|at| (at, listed.revocation_reason.as_deref()));
        EvidenceKey {
            algorithm: &listed.algorithm,
            public_key: &listed.public_key,
            valid_from: listed.valid_from.as_ref(),
            valid_until: listed.valid_until.as_ref(),
            revoked: by_list.chain(by_key).min_by_key(|(at, _)| at.instant()),
        }
    }

    /// From the root to the key that signed, in words; none unless all of it is believed.
    pub fn chain_to(&self, name: &str) -> Option<String> {
        let root = self.root.filter(|_| self.is_believed())?;
        self.key(name).ok()?;
        let root = format!("{} root {}", root.terms.issuer, root.terms.version);
        Some(match self.given.bundle {
            Some(bundle) => format!("{root} → {} → {name}", bundle.signature.key_id),
            None => format!("{root} → {name}"),
        })
    }
}

const NO_BUNDLE: EvidenceOutcome = EvidenceOutcome::Skipped("no trust bundle was given");

fn operational<'a>(root: &'a TrustRoot, name: &str) -> Option<&'a OperationalKey> {
    root.terms.operational_keys.iter().find(|key| key.key_id == name)
}

/// Rules T1 to T4: the pinned root, and those in the bundle that follow it one by one.
fn last_root<'a>(given: &GivenTrust<'a>) -> Result<&'a TrustRoot, EvidenceOutcome> {
    let chain: &'a [TrustRoot] = given.bundle.map_or(&[], |bundle| &bundle.chain);
    let pinned = given.pin.and_then(|pin| chain.iter().find(|root| root.pin() == pin));
    match given.root.or(pinned) {
        Some(root) => follow(root, given.pin, chain).map_err(EvidenceOutcome::Failed),
        None => Err(EvidenceOutcome::Unknown(EvidenceFault::NoRoot)),
    }
}

fn follow<'a>(
    mut root: &'a TrustRoot,
    pin: Option<Digest>,
    chain: &'a [TrustRoot],
) -> Result<&'a TrustRoot, EvidenceFault> {
    let found = root.pin();
    if let Some(expected) = pin.filter(|expected| *expected != found) {
        return Err(EvidenceFault::Pin { found, expected });
    }
    well_formed(root)?;
    signed_by(root, root)?;
    for next in chain {
        let version = next.terms.version;
        match version.cmp(&root.terms.version) {
            // Older than what is believed: it says nothing.
            Ordering::Less => {}
            Ordering::Equal if next.pin() == root.pin() => {}
            Ordering::Equal => {
                return Err(EvidenceFault::Chain { version, why: "two roots of this version" });
            }
            Ordering::Greater => {
                well_formed(next)?;
                follows(root, next)?;
                root = next;
            }
        }
    }
    Ok(root)
}

/// Rule T1: what a root says of itself fits together.
fn well_formed(root: &TrustRoot) -> Result<(), EvidenceFault> {
    let terms = &root.terms;
    let keys: BTreeSet<_> = terms.root_keys.iter().map(|key| &key.public_key).collect();
    let fault = if terms.version == 0 {
        Some("versions are counted from 1")
    } else if (terms.version == 1) != terms.previous_root_hash.is_none() {
        Some("the first root alone has none before it")
    } else if keys.len() != terms.root_keys.len() {
        Some("one key stands there twice")
    } else if terms.threshold == 0 || terms.threshold > keys.len() as u64 {
        Some("the threshold is not one that its keys can reach and must")
    } else if terms.issued_at.instant() >= terms.expires_at.instant() {
        Some("it ends before it begins")
    } else {
        None
    };
    match fault {
        Some(why) => Err(EvidenceFault::RootForm { version: terms.version, why }),
        None => Ok(()),
    }
}

/// Rule T2: as many keys of `by` as that says signed `root`. A key counts once, whatever it signed.
fn signed_by(root: &TrustRoot, by: &TrustRoot) -> Result<(), EvidenceFault> {
    let signed = root.signed();
    let holds = |key: &RootKey, value: &[u8]| {
        let algorithm = Outside::from_name(&key.algorithm);
        algorithm.is_some_and(|it| it.verify(&key.public_key, &signed, value).is_ok())
    };
    let has_signed =
        |key: &&RootKey| root.signatures.iter().any(|it| it.key_id == key.key_id && holds(key, &it.value));
    let found = by.terms.root_keys.iter().filter(has_signed).count();
    match found as u64 >= by.terms.threshold {
        true => Ok(()),
        false => Err(EvidenceFault::Threshold {
            version: root.terms.version,
            by: by.terms.version,
            found,
            needed: by.terms.threshold,
        }),
    }
}

/// Rule T3: the next root is the next one, names the one before, and is signed by the keys of both.
fn follows(root: &TrustRoot, next: &TrustRoot) -> Result<(), EvidenceFault> {
    let fault = if root.terms.version.checked_add(1) != Some(next.terms.version) {
        Some("a version is missing before it")
    } else if next.terms.previous_root_hash != Some(root.pin()) {
        Some("it names another root before it")
    } else if next.terms.issuer != root.terms.issuer {
        Some("it is of another issuer than the one before")
    } else if next.terms.issued_at.instant() < root.terms.issued_at.instant() {
        Some("it is older than the one before")
    } else {
        None
    };
    if let Some(why) = fault {
        return Err(EvidenceFault::Chain { version: next.terms.version, why });
    }
    signed_by(next, root)?;
    signed_by(next, next)
}

/// Rule T4: the last root is of this time.
fn freshness(what: &'static str, root: &TrustRoot, now: Moment) -> EvidenceOutcome {
    let (issued_at, until) = (&root.terms.issued_at, &root.terms.expires_at);
    of_time(what, issued_at, until.instant(), until.text(), now)
}

fn of_time(what: &'static str, issued_at: &Stamp, until: Moment, text: &str, now: Moment) -> EvidenceOutcome {
    if issued_at.instant() > now.plus_s(SKEW_S) {
        let issued_at = issued_at.text().to_owned();
        return EvidenceOutcome::Failed(EvidenceFault::FromTheFuture { what, issued_at });
    }
    match now < until {
        true => EvidenceOutcome::Passed,
        false => EvidenceOutcome::Stale(EvidenceFault::Expired { what, until: text.to_owned() }),
    }
}

/// Rules B1 to B3: made under the root that is believed, signed by a key that may, and recent.
fn bundle_holds(given: &GivenTrust<'_>, bundle: &TrustBundle, root: Option<&TrustRoot>) -> EvidenceOutcome {
    let Some(root) = root else { return EvidenceOutcome::Skipped("no trust root is believed") };
    let (found_hash, expected_hash) = (bundle.root_hash, root.pin());
    let (found, expected) = (bundle.root_version, root.terms.version);
    if (found, found_hash) != (expected, expected_hash) {
        let fault = EvidenceFault::OtherRoot { found, found_hash, expected, expected_hash };
        return EvidenceOutcome::Failed(fault);
    }
    let by = &bundle.signature;
    let key = || by.key_id.clone();
    let Some(known) = operational(root, &by.key_id) else {
        return EvidenceOutcome::Failed(EvidenceFault::NotListed { key: key() });
    };
    if !known.may(BUNDLE_SIGNING) {
        return EvidenceOutcome::Failed(EvidenceFault::Role { key: key(), role: BUNDLE_SIGNING });
    }
    if known.algorithm != by.algorithm {
        let (found, expected) = (by.algorithm.clone(), known.algorithm.clone());
        return EvidenceOutcome::Failed(EvidenceFault::OtherAlgorithm { found, expected });
    }
    let Some(algorithm) = Outside::from_name(&known.algorithm) else {
        return EvidenceOutcome::Unknown(EvidenceFault::Algorithm { name: known.algorithm.clone() });
    };
    if let Err(fault) = algorithm.verify(&known.public_key, &bundle.signed, &by.value) {
        return EvidenceOutcome::Failed(EvidenceFault::Signature(fault));
    }
    let events = bundle.checkpoint.iter().flat_map(|it| &it.events);
    let revoked = events.filter(|event| event.key_id == by.key_id);
    let as_key = EvidenceKey {
        algorithm: &known.algorithm,
        public_key: &known.public_key,
        valid_from: known.valid_from.as_ref(),
        valid_until: known.valid_until.as_ref(),
        revoked: revoked
            .map(|event| (&event.revoked_at, event.revocation_reason.as_deref()))
            .min_by_key(|(at, _)| at.instant()),
    };
    let stood = as_key.valid_at(&bundle.issued_at).and_then(|()| as_key.not_revoked_at(&bundle.issued_at));
    if let Err(fault) = stood {
        return EvidenceOutcome::Failed(fault);
    }
    let seconds = root.terms.revocation_freshness_policy_seconds;
    let until = bundle.issued_at.instant().plus_s(seconds);
    let text = format!("{seconds} s after {}", bundle.issued_at.text());
    of_time("the trust bundle", &bundle.issued_at, until, &text, given.now)
}

/// Rules C1 to C4: the list of revocations is whole, in order, and has grown from the one that was kept.
fn revocations(given: &GivenTrust<'_>, bundle: &TrustBundle) -> EvidenceOutcome {
    let Some(RevocationCheckpoint { head, events }) = &bundle.checkpoint else {
        // Rule C4: a list that is gone is one that shrank.
        return match given.kept.filter(|kept| kept.tree_size > 0) {
            Some(kept) => EvidenceOutcome::Failed(EvidenceFault::Shrunk { found: 0, kept: kept.tree_size }),
            None => EvidenceOutcome::WithoutStatus,
        };
    };
    let judge = || -> Result<(), EvidenceFault> {
        for (index, event) in events.iter().enumerate() {
            let (found, expected) = (event.computed_hash(), event.content_hash);
            if found != expected {
                return Err(EvidenceFault::Event { index, found, expected });
            }
        }
        let after = |pair: &[Revocation]| pair[0].place() >= pair[1].place();
        if let Some(index) = events.windows(2).position(after) {
            return Err(EvidenceFault::EventOrder { index: index + 1 });
        }
        let root_of = |size: usize| root_over(events.iter().take(size).map(|event| event.content_hash));
        let (found, root) = (events.len() as u64, root_of(events.len()));
        if (found, root) != (head.tree_size, head.root_hash) {
            let (expected, expected_root) = (head.tree_size, head.root_hash);
            return Err(EvidenceFault::Head { found, root, expected, expected_root });
        }
        let Some(kept) = given.kept else { return Ok(()) };
        let size = usize::try_from(kept.tree_size).ok().filter(|size| *size <= events.len());
        let Some(size) = size else {
            return Err(EvidenceFault::Shrunk { found, kept: kept.tree_size });
        };
        let found = root_of(size);
        match found == kept.root_hash {
            true => Ok(()),
            false => Err(EvidenceFault::Rewritten { size: kept.tree_size, found, kept: kept.root_hash }),
        }
    };
    match judge() {
        Ok(()) => EvidenceOutcome::Passed,
        Err(fault) => EvidenceOutcome::Failed(fault),
    }
}
