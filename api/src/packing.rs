//! Packing: from a completed job to its evidence on the ledger, step by step, each durable before the next.
//!
//! A task is one piece on the notary's shelf. It is noted; the record is made and stored; it is signed and the signature
//! stored; it is submitted; the task is removed. Whoever dies in between goes on with what is stored, and nothing is lost,
//! doubled or half signed: what is not signed is served nowhere, what is signed is submitted with the signature that is
//! stored, and the ledger seals a job once, whoever was first. Only what became too old for the ledger is made anew.

use std::io;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crypto::{Scheme, Signature, sha256};
use ledger::LedgerReader;
use ledger::job::{Job, Package};
use model::error::{ApiError, SurfaceError};
use proto::counter::TimeMs;
use proto::evidence::{Level, Shown};
use proto::id::Tenant;
use proto::iso;
use proto::job::{JobId, JobState, RecordId};
use proto::operation::Operation;
use proto::operation::evidence::{EvidenceAct, EvidenceSeal, SealItem};
use proto::signer::{SignerChange, algorithm};
use serde::{Deserialize, Serialize};

use crate::api::{Api, Fault};
use crate::clock;
use crate::notary::Notary;
use crate::service::{Order, Settled};

/// How long something waits that could not be done, at first; each time twice as long.
const AGAIN: Duration = Duration::from_secs(1);
/// How long it waits at most.
const AGAIN_MAX: Duration = Duration::from_secs(60);
/// How old a record or signature may be that is submitted: less than what the ledger takes.
const FRESH_MS: u64 = ledger::issuing::DRIFT_MS / 2;

/// What a task is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Task {
    tenant: String,
    job: String,
    stage: Stage,
}

/// How far it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Stage {
    /// Somebody asked.
    Noted,
    /// The record is made.
    Packed(Packed),
    /// It is signed.
    Signed { packed: Packed, scheme: u32, signature: String, signed_at_ms: u64 },
}

/// A record that is made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Packed {
    record: String,
    created_at_ms: u64,
    /// The canonical header's hash, which is signed.
    bundle_hash: String,
    /// The record as JSON, not signed yet.
    bundle: String,
}

/// How far the evidence of a job is that the ledger does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Underway {
    /// It waits.
    Pending,
    /// It is being made.
    Packaging,
}

impl Underway {
    /// Its name in answers.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Packaging => "packaging",
        }
    }
}

/// The name of the task of a job: there is one.
pub(crate) fn task_name(tenant: &Tenant, job: &JobId) -> String {
    sha256(&[tenant.as_str().as_bytes(), &[0], job.as_str().as_bytes()].concat()).to_string()
}

/// Why a step was not done.
#[derive(Debug, thiserror::Error)]
enum Setback {
    #[error("the shelf: {0}")]
    Shelf(#[from] io::Error),
    #[error("{0}")]
    Refused(#[from] ApiError),
    #[error("the ledger refuses the seal: {0}")]
    Seal(String),
}

/// Notes that the evidence of a completed job is wanted; once, however often it is asked for. Tells how far it is.
///
/// # Errors
/// `Internal` when the shelf cannot be written.
pub(crate) async fn wanted(notary: &Notary, tenant: &Tenant, job: &JobId) -> Result<Underway, ApiError> {
    let name = task_name(tenant, job);
    let _alone = notary.alone().await;
    let found = load(notary, &name).await.map_err(internal)?;
    let Some(task) = found else {
        let task =
            Task { tenant: tenant.as_str().to_owned(), job: job.as_str().to_owned(), stage: Stage::Noted };
        store(notary, &name, &task).await.map_err(internal)?;
        notary.call();
        return Ok(Underway::Pending);
    };
    Ok(match task.stage {
        Stage::Noted => Underway::Pending,
        Stage::Packed(_) | Stage::Signed { .. } => Underway::Packaging,
    })
}

fn internal(fault: impl std::fmt::Display) -> ApiError {
    tracing::error!(%fault, "what is under way could not be kept");
    ApiError::Internal
}

/// Works off what is on the notary's shelf, from the start on and whenever something is put there, until the node goes down.
/// Returns at once where there is no notary.
pub async fn run(api: Api) {
    if api.doors().notary.is_none() {
        return;
    }
    let mut wait = AGAIN;
    loop {
        let left = pass(&api).await;
        let notary = api.doors().notary.as_ref().expect("looked for above");
        let again = async {
            match left {
                true => tokio::time::sleep(wait).await,
                false => std::future::pending().await,
            }
        };
        tokio::select! {
            () = notary.called() => wait = AGAIN,
            () = again => wait = AGAIN_MAX.min(wait * 2),
            () = api.stopped() => return,
        }
    }
}

/// Tries each task once; whether something is left.
async fn pass(api: &Api) -> bool {
    let Some(notary) = &api.doors().notary else { return false };
    let shelf = notary.shelf();
    let names = match blocking(move || shelf.names()).await {
        Ok(names) => names,
        Err(fault) => {
            tracing::warn!(%fault, "what evidence is under way cannot be read");
            return true;
        }
    };
    let mut left = false;
    for name in names {
        match go_on(api, notary, &name).await {
            Ok(()) => {}
            Err(fault) => {
                tracing::warn!(%fault, task = name, "evidence of a job is not sealed yet");
                left = true;
            }
        }
    }
    left
}

/// Takes a task to its end, from where it stands.
async fn go_on(api: &Api, notary: &Notary, name: &str) -> Result<(), Setback> {
    let Some(task) = load(notary, name).await? else { return done(notary, name).await };
    let (Ok(tenant), Ok(id)) = (Tenant::parse(&task.tenant), JobId::parse(&task.job)) else {
        return done(notary, name).await;
    };
    let (of, which) = (tenant.clone(), id.clone());
    let read = move |reader: &LedgerReader| {
        let sealed = reader.evidence(&of, &which)?.is_some();
        Ok::<_, Fault>(reader.job(&of, &which)?.map(|job| (job, sealed)))
    };
    let job = match api.read(read).await? {
        Some((job, false)) if job.state() == JobState::Completed => job,
        // Sealed, by this node or another; or nothing that has evidence.
        Some(_) | None => return done(notary, name).await,
    };
    let now = clock::now();
    let fresh = |made: u64| now.get().saturating_sub(made) < FRESH_MS;
    let stage = match task.stage {
        Stage::Signed { packed, scheme, signature, signed_at_ms } if fresh(packed.created_at_ms) => {
            Stage::Signed { packed, scheme, signature, signed_at_ms }
        }
        Stage::Packed(packed) if fresh(packed.created_at_ms) => Stage::Packed(packed),
        Stage::Noted | Stage::Packed(_) | Stage::Signed { .. } => {
            let packed = Stage::Packed(pack(&tenant, &id, &job, now).ok_or(ApiError::Internal)?);
            store(notary, name, &Task { stage: packed.clone(), ..names(&tenant, &id) }).await?;
            packed
        }
    };
    let signed = match stage {
        Stage::Packed(packed) => {
            let signed = sign(notary, packed)?;
            store(notary, name, &Task { stage: signed.clone(), ..names(&tenant, &id) }).await?;
            signed
        }
        Stage::Noted | Stage::Signed { .. } => stage,
    };
    let seal = seal(notary, (&tenant, &id, &job), &signed).ok_or(ApiError::Internal)?;
    listed(api, notary).await?;
    let act = EvidenceAct::Seal(Box::new(seal));
    let order = Order::once(tenant.clone(), Operation::Evidence { job: id.clone(), act });
    match api.doors().service.submit(api, order).await? {
        Settled::Logged(_) | Settled::Refused { code: "evidence_sealed", .. } => done(notary, name).await,
        Settled::Refused { detail, .. } => {
            // What is refused is not submitted again as it is.
            store(notary, name, &Task { stage: Stage::Noted, ..names(&tenant, &id) }).await?;
            Err(Setback::Seal(detail))
        }
        Settled::Pending { id } => Err(ApiError::from(SurfaceError::Undecided { id: id.into() }).into()),
    }
}

fn names(tenant: &Tenant, job: &JobId) -> Task {
    Task { tenant: tenant.as_str().to_owned(), job: job.as_str().to_owned(), stage: Stage::Noted }
}

/// `bundle_`, the day, and what tells this job's from all others of the tenant.
fn record_id(tenant: &Tenant, job: &JobId, created_at: TimeMs) -> Option<RecordId> {
    let day: String = iso::text(created_at).chars().take(10).filter(|c| *c != '-').collect();
    RecordId::parse(&format!("bundle_{day}_{}", &task_name(tenant, job)[..12])).ok()
}

fn pack(tenant: &Tenant, id: &JobId, job: &Job, now: TimeMs) -> Option<Packed> {
    let created_at = job.ended().map_or(now, |step| step.time.max(now));
    let record = record_id(tenant, id, created_at)?;
    let package = Package::of(tenant, id, job, &record, created_at)?;
    let bundle = crate::surface::qcos::view::unsigned(&package).to_json();
    Some(Packed {
        record: record.as_str().to_owned(),
        created_at_ms: created_at.get(),
        bundle_hash: package.bundle.to_string(),
        bundle: String::from_utf8(bundle).ok()?,
    })
}

fn sign(notary: &Notary, packed: Packed) -> Result<Stage, Setback> {
    let hash = packed.bundle_hash.parse().map_err(|_| ApiError::Internal)?;
    let signature = notary.sign(&hash);
    let signed_at_ms = clock::now().get().max(packed.created_at_ms);
    let (scheme, signature) = (signature.scheme().id(), STANDARD.encode(signature.as_bytes()));
    Ok(Stage::Signed { packed, scheme, signature, signed_at_ms })
}

/// The seal of what was signed; none when what is stored does not follow from the job.
fn seal(notary: &Notary, (tenant, id, job): (&Tenant, &JobId, &Job), signed: &Stage) -> Option<EvidenceSeal> {
    let Stage::Signed { packed, scheme, signature, signed_at_ms } = signed else { return None };
    let (record, created_at) = (RecordId::parse(&packed.record).ok()?, TimeMs::new(packed.created_at_ms));
    let package = Package::of(tenant, id, job, &record, created_at)?;
    let scheme = Scheme::parse(*scheme)?;
    let items = package.items.iter().map(|it| SealItem {
        id: it.id.clone(),
        label: it.label.clone().unwrap_or_default(),
        content: it.content_hash,
    });
    let shown = Shown { is_sealed: true, attested: algorithm(scheme), is_bound: package.is_bound() };
    Some(EvidenceSeal {
        record,
        created_at,
        items: items.collect(),
        root: package.root,
        bundle: package.bundle,
        claim: shown.level().max(Level::SealedUnsigned),
        key: notary.public().id(),
        signature: Signature::parse(scheme, &STANDARD.decode(signature).ok()?).ok()?,
        signed_at: TimeMs::new(*signed_at_ms),
    })
}

/// Sees to it that the network knows this node's evidence key.
///
/// # Errors
/// `NotConfigured` when it cannot; else as the node refuses.
pub(crate) async fn listed(api: &Api, notary: &Notary) -> Result<(), ApiError> {
    let key = notary.public().id();
    let known = || api.read(move |reader| Ok::<_, Fault>(reader.signer(&key)?.is_some()));
    if known().await? {
        return Ok(());
    }
    api.doors().service.endorsed_by_now(api).await?;
    let _alone = notary.alone().await;
    if known().await? {
        return Ok(());
    }
    let (set, author) = (api.doors().set(), api.doors().service.author());
    let listing = notary.listing(set.network(), author, clock::now());
    let operation = Operation::Signer(Box::new(SignerChange::List(Box::new(listing))));
    match api.doors().service.submit(api, Order::once(Tenant::default_tenant(), operation)).await? {
        Settled::Logged(_) | Settled::Refused { code: "signer_listed", .. } => Ok(()),
        Settled::Refused { code, detail, .. } => {
            let fault = format!("the key that would sign is not listed: {code}: {detail}");
            Err(SurfaceError::NotConfigured { fault }.into())
        }
        Settled::Pending { id } => Err(SurfaceError::Undecided { id: id.into() }.into()),
    }
}

async fn load(notary: &Notary, name: &str) -> io::Result<Option<Task>> {
    let (shelf, name) = (notary.shelf(), name.to_owned());
    let found = blocking(move || shelf.get(&name)).await?;
    // What cannot be read is no task: whoever wants the evidence has it noted again.
    Ok(found.and_then(|piece| serde_json::from_slice(&piece).ok()))
}

async fn store(notary: &Notary, name: &str, task: &Task) -> io::Result<()> {
    let (shelf, name) = (notary.shelf(), name.to_owned());
    let piece = serde_json::to_vec(task).map_err(io::Error::other)?;
    blocking(move || shelf.put(&name, &piece)).await
}

async fn done(notary: &Notary, name: &str) -> Result<(), Setback> {
    let (shelf, name) = (notary.shelf(), name.to_owned());
    Ok(blocking(move || shelf.remove(&name)).await?)
}

async fn blocking<T: Send + 'static>(deed: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(deed).await.map_err(io::Error::other)?
}
