//! `node_witness`, and what witnesses are asked.

use std::sync::Arc;
use std::time::Instant;

use model::error::{ApiError, WitnessError};
use model::scalar::{Hash, Uint};
use model::witness::{CosignedLog, Cosigns, OutsideWitness, WitnessAnswer, WitnessedCheckpoint};
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::oneshot;

use crate::api::Api;
use crate::witnessing::{CosignReply, CosignRequest, CosignWhat, Cosigner, WitnessedHead};

/// How this node stands as a witness, and with its witnesses.
pub(crate) fn witness(api: &Api) -> WitnessAnswer {
    let witnessing = &api.doors().witnessing;
    let cosigns = witnessing.cosigner.as_ref().map(|door| {
        let Cosigner { name, vkeys, logs } = &**door.shown.borrow();
        let logs = logs.iter().map(|(digest, log)| CosignedLog {
            origin: log.origin.clone(),
            name: Hash(*digest),
            size: log.last.as_ref().map(|(size, ..)| Uint(*size)),
            root: log.last.as_ref().map(|(_, root, _)| Hash(*root)),
        });
        Cosigns { name: name.clone(), vkeys: vkeys.clone(), logs: logs.collect() }
    });
    let outside = Arc::clone(&witnessing.outside.borrow());
    let now = Instant::now();
    let until = |at: Instant| Uint(u64::try_from((at - now).as_millis()).unwrap_or(u64::MAX));
    WitnessAnswer {
        cosigns,
        witnesses: outside
            .witnesses
            .iter()
            .map(|one| OutsideWitness {
                name: one.name.clone(),
                url: one.url.clone(),
                vkeys: one.vkeys.clone(),
                size: one.last.map(|(size, _)| Uint(size)),
                time_s: one.last.map(|(_, time_s)| Uint(time_s)),
                failures: Uint(one.failures),
                fault: one.fault.clone(),
                retry_in_ms: one.retry_at.filter(|at| *at > now).map(until),
            })
            .collect(),
        witnessed: outside
            .heads
            .iter()
            .map(|head| WitnessedCheckpoint { size: Uint(head.size), witnesses: head.witnesses.clone() })
            .collect(),
    }
}

/// The checkpoint of a log that was cosigned last, as signed note.
///
/// # Errors
/// `Off`, `OriginUnknown` or `NothingCosigned`.
pub(crate) fn cosigned(api: &Api, name: &str) -> Result<Arc<str>, ApiError> {
    let door = api.doors().witnessing.cosigner.as_ref().ok_or(WitnessError::Off)?;
    let shown: String = name.chars().take(80).collect();
    let unknown = || WitnessError::OriginUnknown { fault: format!("no log {shown:?} is cosigned here") };
    let digest = name.parse().map_err(|_| unknown())?;
    let cosigner = door.shown.borrow();
    let log = cosigner.logs.get(&digest).ok_or_else(unknown)?;
    match &log.last {
        Some((.., note)) => Ok(Arc::clone(note)),
        None => Err(WitnessError::NothingCosigned { name: shown }.into()),
    }
}

/// Asks for a cosignature.
///
/// # Errors
/// `Off`, `Busy` or `Stopping`.
pub(crate) async fn cosign(api: &Api, what: CosignWhat, body: Vec<u8>) -> Result<CosignReply, ApiError> {
    let door = api.doors().witnessing.cosigner.as_ref().ok_or(WitnessError::Off)?;
    let (reply, answer) = oneshot::channel();
    door.ask.try_send(CosignRequest { what, body, reply }).map_err(|fault| match fault {
        TrySendError::Full(_) => ApiError::from(WitnessError::Busy),
        TrySendError::Closed(_) => ApiError::Stopping,
    })?;
    answer.await.map_err(|_| ApiError::Stopping)
}

/// The newest checkpoint of ours of at least `size` leaves that `wanted` outside witnesses have cosigned.
///
/// # Errors
/// `InvalidParams` or `NotWitnessed`.
pub(crate) fn witnessed(api: &Api, size: u64, wanted: Uint) -> Result<WitnessedHead, ApiError> {
    let outside = Arc::clone(&api.doors().witnessing.outside.borrow());
    let asked = outside.witnesses.len() as u64;
    if wanted.0 == 0 || wanted.0 > asked {
        let fault = format!("witnessed={wanted}: this node asks {asked} outside witnesses");
        return Err(ApiError::InvalidParams { fault });
    }
    let not_yet = |found| WitnessError::NotWitnessed {
        of: format!("of {size} leaves or more"),
        wanted: wanted.0,
        found,
    };
    Ok(outside.newest(size, wanted.0).map_err(not_yet)?.clone())
}
