//! Is this record of evidence what it says, and did a key sign it that was good at the time?
//!
//! A function of the record, of trust documents and of what the caller wants to know; the time is an argument. Other than
//! for receipts the checks do not end at the first that fails: each detail is told alone. The verdict is the worst of them.
//! Rules in `ledger/verify/EVIDENCE.md`; `trust` judges roots, bundle and revocations, once for any number of records.

use crypto::{Digest, Outside};
use merkle::{CompactRange, leaf_hash};
use proto::canon::Value;
use proto::evidence::{
    EXECUTION, Envelope, Item, Level, Record, Shown, binds_provider, bundle_hash, content_hash, fingerprint,
    signed,
};

mod fault;
mod report;
mod trust;

pub use fault::EvidenceFault;
pub use report::{
    EvidenceCheck, EvidenceCode, EvidenceFacts, EvidenceOutcome, EvidenceReport, SealDetails, Verdict,
};
pub use trust::{EvidenceKey, EvidenceTrust, GivenTrust};

/// What the caller wants to know besides.
#[derive(Clone, Copy, Debug, Default)]
pub struct EvidenceAsked<'a> {
    /// Files that were found beside the record, by name, and the digest of each.
    pub artifacts: &'a [(String, Digest)],
    /// How much it should show at least.
    pub at_least: Option<Level>,
}

/// RFC 9162's root over digests: each is the content of a leaf.
pub fn root_over(digests: impl IntoIterator<Item = Digest>) -> Digest {
    let mut range = CompactRange::new();
    for digest in digests {
        range
            .append(leaf_hash(digest.as_bytes()), &mut |_, _, _| {})
            .expect("what is in memory is less than 2^64 leaves");
    }
    range.root()
}

/// Checks a record of evidence against trust documents that were judged before.
pub fn verify_evidence(
    record: &Record,
    trust: &EvidenceTrust<'_>,
    asked: EvidenceAsked<'_>,
) -> EvidenceReport {
    let mut checks = seal(record);
    let is_sealed = checks.iter().all(|check| check.outcome == EvidenceOutcome::Passed);
    checks.extend(trust.checks().iter().cloned());
    let begin = checks.len();
    attested(record, trust, &mut checks);
    let of_signature = checks.get(begin..).unwrap_or_default();
    let all = |fits: fn(&EvidenceOutcome) -> bool| of_signature.iter().all(|check| fits(&check.outcome));
    let holds = all(|it| *it == EvidenceOutcome::Passed) && trust.is_believed();
    let may_hold = all(|it| !matches!(it, EvidenceOutcome::Failed(_)));
    let known = record.attestation.as_ref().and_then(Envelope::known);
    let is_bound = execution(record).is_some_and(binds_provider);
    let shown = Shown { is_sealed, attested: known.filter(|_| holds), is_bound };
    // What its parts would show if all of them held; an algorithm that is not known here counts as the best.
    let unknown = record.attestation.as_ref().filter(|_| known.is_none()).map(|_| Outside::MlDsa65);
    let possible = Shown { is_sealed: true, attested: known.or(unknown), is_bound }.level();
    let confirmed = Level::confirmed(record.claim, shown);
    checks.push(EvidenceCheck { code: EvidenceCode::Claim, outcome: claim(record.claim, possible) });
    let outcome = match (asked.artifacts, is_sealed) {
        ([], _) => EvidenceOutcome::Skipped("no file was given"),
        (_, false) => EvidenceOutcome::Skipped("an item is not what it says"),
        (files, true) => of(artifacts(record, files)),
    };
    checks.push(EvidenceCheck { code: EvidenceCode::Artifacts, outcome });
    let outcome = match asked.at_least {
        None => EvidenceOutcome::Skipped("no level was asked for"),
        Some(asked) if confirmed >= asked => EvidenceOutcome::Passed,
        Some(asked) => {
            let fault = EvidenceFault::Level { confirmed, asked };
            match is_sealed && may_hold && record.claim.min(possible) >= asked {
                true => EvidenceOutcome::Unknown(fault),
                false => EvidenceOutcome::Failed(fault),
            }
        }
    };
    checks.push(EvidenceCheck { code: EvidenceCode::Level, outcome });
    let chain = record.attestation.as_ref().and_then(|envelope| trust.chain_to(&envelope.key_id));
    EvidenceReport::new(checks, EvidenceFacts { claimed: record.claim, confirmed, chain })
}

fn of(result: Result<(), EvidenceFault>) -> EvidenceOutcome {
    match result {
        Ok(()) => EvidenceOutcome::Passed,
        Err(fault) => EvidenceOutcome::Failed(fault),
    }
}

/// Rules R1 to R3: the digests, each against what it is about as it is stated, so that one fault is one.
fn seal(record: &Record) -> Vec<EvidenceCheck> {
    let Record { header, items, data, merkle_root, bundle_hash: stated, .. } = record;
    let items_hold = items.iter().zip(data).try_for_each(|(item, data)| {
        let Item { id, label: _, content_hash: expected } = item;
        let found = content_hash(data);
        match found == *expected {
            true => Ok(()),
            false => Err(EvidenceFault::Content { item: id.clone(), found, expected: *expected }),
        }
    });
    let root = root_over(items.iter().map(|item| item.content_hash));
    let root_holds = match root == *merkle_root {
        true => Ok(()),
        false => Err(EvidenceFault::Root { found: root, expected: *merkle_root }),
    };
    let hash = bundle_hash(header, items, merkle_root);
    let hash_holds = match hash == *stated {
        true => Ok(()),
        false => Err(EvidenceFault::Bundle { found: hash, expected: *stated }),
    };
    vec![
        EvidenceCheck { code: EvidenceCode::ContentHashes, outcome: of(items_hold) },
        EvidenceCheck { code: EvidenceCode::MerkleRoot, outcome: of(root_holds) },
        EvidenceCheck { code: EvidenceCode::BundleHash, outcome: of(hash_holds) },
    ]
}

/// Rules S1 to S5: what is said of the signature and of its key.
fn attested(record: &Record, trust: &EvidenceTrust<'_>, checks: &mut Vec<EvidenceCheck>) {
    let mut add = |code, outcome| checks.push(EvidenceCheck { code, outcome });
    let Some(envelope) = &record.attestation else {
        add(EvidenceCode::Attestation, EvidenceOutcome::Unknown(EvidenceFault::NotSigned));
        for code in EvidenceCode::OF_KEY {
            add(code, EvidenceOutcome::Skipped("nobody signed it"));
        }
        return;
    };
    let (found, expected) = (envelope.digest, record.bundle_hash);
    let is_its_own = match found == expected {
        true => Ok(()),
        false => Err(EvidenceFault::Transplanted { found, expected }),
    };
    add(EvidenceCode::Attestation, of(is_its_own));
    let key = match trust.key(&envelope.key_id) {
        Ok(key) => key,
        Err(outcome) => {
            add(EvidenceCode::Key, outcome);
            for code in EvidenceCode::OF_KEY.into_iter().skip(1) {
                add(code, EvidenceOutcome::Skipped("its key is not known"));
            }
            return;
        }
    };
    add(EvidenceCode::Key, of(is_named(envelope, &key)));
    add(EvidenceCode::Signature, signature(envelope, &key, &record.bundle_hash));
    let signed_at = &envelope.signed_at;
    add(EvidenceCode::KeyValidity, of(key.valid_at(signed_at)));
    add(EvidenceCode::KeyRevocation, of(key.not_revoked_at(signed_at)));
}

/// Rule S2: the key is the one that the envelope names, by its fingerprint and its algorithm.
fn is_named(envelope: &Envelope, key: &EvidenceKey<'_>) -> Result<(), EvidenceFault> {
    let found = fingerprint(key.public_key);
    if found != envelope.fingerprint {
        return Err(EvidenceFault::Fingerprint { found, expected: envelope.fingerprint });
    }
    match key.algorithm == envelope.algorithm {
        true => Ok(()),
        false => {
            let (found, expected) = (envelope.algorithm.clone(), key.algorithm.to_owned());
            Err(EvidenceFault::OtherAlgorithm { found, expected })
        }
    }
}

/// Rule S3: the signature, of the bundle hash as it is stated, under the algorithm of the key.
fn signature(envelope: &Envelope, key: &EvidenceKey<'_>, stated: &Digest) -> EvidenceOutcome {
    match Outside::from_name(key.algorithm) {
        None => EvidenceOutcome::Unknown(EvidenceFault::Algorithm { name: key.algorithm.to_owned() }),
        Some(algorithm) => {
            let held = algorithm.verify(key.public_key, signed(stated).as_bytes(), &envelope.signature);
            of(held.map_err(EvidenceFault::Signature))
        }
    }
}

/// Rule L2: nothing claims more than its parts would show if they held; whether they do is told apart.
fn claim(claimed: Level, possible: Level) -> EvidenceOutcome {
    match claimed {
        Level::Invalid => EvidenceOutcome::Failed(EvidenceFault::ClaimsNothing),
        Level::SealedUnsigned
        | Level::SealedAttested
        | Level::SealedAttestedPqc
        | Level::ProviderAttested => match claimed <= possible {
            true => EvidenceOutcome::Passed,
            false => EvidenceOutcome::Failed(EvidenceFault::Claim { claimed, possible }),
        },
    }
}

fn execution(record: &Record) -> Option<&Value> {
    let labelled = |item: &Item| item.label.as_deref() == Some(EXECUTION);
    record.items.iter().zip(&record.data).find(|(item, _)| labelled(item)).map(|(_, data)| data)
}

/// The name and the digest of the file that an item's data describe, if they describe one: `name`, and `hash` as `sha256:`
/// and hexadecimal digits.
pub fn artifact_of(data: &Value) -> Option<(&str, Digest)> {
    let name = data.get("name")?.as_text()?;
    let hash = data.get("hash")?.as_text()?.strip_prefix("sha256:")?;
    Some((name, hash.parse().ok()?))
}

/// Rule F1: every file that was found has the digest that stands in the record.
fn artifacts(record: &Record, files: &[(String, Digest)]) -> Result<(), EvidenceFault> {
    for (name, found) in files {
        let described = record.data.iter().filter_map(artifact_of).find(|(described, _)| described == name);
        match described {
            None => return Err(EvidenceFault::NoArtifact { name: name.clone() }),
            Some((_, expected)) if expected != *found => {
                return Err(EvidenceFault::Artifact { name: name.clone(), found: *found, expected });
            }
            Some(_) => {}
        }
    }
    Ok(())
}
