//! `ledger_get`: what became of a submission, and what a leaf says.

use ledger::change::Table;
use ledger::read::ReadError;
use ledger::{LedgerReader, Outcome};
use model::entry::{Content, EntryAnswer, EntryParams, State, Ticket};
use model::error::ApiError;
use model::operation::Operation;
use model::scalar::{Bytes, Hash, Uint};
use proto::canonical::Canonical as _;
use proto::counter::LeafIndex;
use proto::entry::Entry;
use proto::id::SubmissionId;
use proto::submission::Submission;

use crate::api::{Api, Fault};
use crate::guard::sight::Sight;
use crate::kept::{Beyond, Kept, Wanted};
use crate::waiting::{Progress, RETRY_AFTER_MS};

/// An entry by one of its two names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Name {
    /// Its submission's id.
    Id(SubmissionId),
    /// Its place in the log.
    Index(LeafIndex),
}

impl Name {
    /// Takes the one member that is given.
    ///
    /// # Errors
    /// `InvalidParams` when none or both are.
    pub(crate) fn of(id: Option<Hash>, index: Option<Uint>) -> Result<Self, ApiError> {
        match (id, index) {
            (Some(id), None) => Ok(Self::Id(id.submission())),
            (None, Some(index)) => Ok(Self::Index(LeafIndex::new(index.0))),
            (None, None) | (Some(_), Some(_)) => Err(ApiError::InvalidParams {
                fault: "exactly one of \"id\" and \"index\" is needed".to_owned(),
            }),
        }
    }

    /// Reads an id or an index from a path.
    ///
    /// # Errors
    /// `InvalidParams` when it is neither.
    pub(crate) fn from_text(text: &str) -> Result<Self, ApiError> {
        // 64 digits are an id, even when all of them are decimal: no index is that long.
        if let Ok(id) = text.parse::<Hash>() {
            return Ok(Self::Id(id.submission()));
        }
        match Uint::from_digits(text) {
            Ok(index) => Ok(Self::Index(LeafIndex::new(index.0))),
            Err(_) => {
                let found: String = text.chars().take(80).collect();
                let fault = format!("{found:?} is neither an id (64 lower-case hex digits) nor an index");
                Err(ApiError::InvalidParams { fault })
            }
        }
    }

    pub(crate) fn text(self) -> String {
        match self {
            Self::Id(id) => id.to_string(),
            Self::Index(index) => index.to_string(),
        }
    }

    pub(crate) fn unknown(self) -> ApiError {
        ApiError::EntryUnknown { name: self.text() }
    }
}

/// Looks an entry up.
///
/// # Errors
/// `EntryUnknown`, `Storage`, `Internal`, or `InvalidParams` unless it is named once.
pub(crate) async fn entry(api: &Api, sight: &Sight, params: EntryParams) -> Result<EntryAnswer, ApiError> {
    let name = Name::of(params.id, params.index)?;
    // Asked before the store: what is decided meanwhile is then found there.
    let accepted = match name {
        Name::Id(id) => api.accepted().contains(&id),
        Name::Index(_) => false,
    };
    let (kept, sight) = (api.kept().clone(), sight.clone());
    api.read(move |reader| match name {
        Name::Index(index) => leaf(&kept, &sight, reader, index)?.ok_or_else(|| name.unknown().into()),
        Name::Id(id) => match (reader.by_id(&id)?, accepted) {
            (Some(Outcome::Committed { index, .. }), _) => {
                leaf(&kept, &sight, reader, index)?.ok_or_else(|| name.unknown().into())
            }
            (Some(Outcome::Rejected { .. } | Outcome::Expired { .. }), _) => {
                let progress = Progress::stored(id, reader)?.ok_or_else(|| name.unknown())?;
                Ok(bare(progress.ticket()))
            }
            (None, true) => Ok(bare(Progress::accepted(id).ticket())),
            (None, false) => Err(name.unknown().into()),
        },
    })
    .await
}

/// Refuses an entry that is not there for this caller, as one that is not there at all.
///
/// # Errors
/// `EntryUnknown`, `Storage` or `Internal`.
pub(crate) async fn expect_seen(api: &Api, sight: &Sight, name: Name) -> Result<(), ApiError> {
    if sight.sees_all() {
        return Ok(());
    }
    let (kept, sight) = (api.kept().clone(), sight.clone());
    api.read(move |reader| {
        let index = match name {
            Name::Index(index) => index,
            Name::Id(id) => match reader.by_id(&id)? {
                Some(Outcome::Committed { index, .. }) => index,
                Some(Outcome::Rejected { .. } | Outcome::Expired { .. }) | None => return Ok(()),
            },
        };
        match kept.leaf(Beyond::Store(reader), index)? {
            Some(bytes) if !sight.sees_leaf(&bytes) => Err(name.unknown().into()),
            Some(_) | None => Ok(()),
        }
    })
    .await
}

/// What is known of a submission that is no leaf.
fn bare(ticket: Ticket) -> EntryAnswer {
    let Ticket { id, state, height, index, checkpoint_size, time_ms, rejection, retry_after_ms, link } =
        ticket;
    EntryAnswer {
        id: Some(id),
        state,
        height,
        index,
        checkpoint_size,
        time_ms,
        rejection,
        entry: None,
        content: None,
        retry_after_ms,
        link,
    }
}

fn leaf(
    kept: &Kept,
    sight: &Sight,
    reader: &LedgerReader,
    index: LeafIndex,
) -> Result<Option<EntryAnswer>, Fault> {
    let store = Beyond::Store(reader);
    let Some(bytes) = kept.leaf(store, index)? else { return Ok(None) };
    let entry = Entry::decode(&bytes).map_err(|fault| {
        ReadError::damaged(Table::Leaves, &index.get().to_be_bytes(), format!("leaf {index}: {fault}"))
    })?;
    if !sight.sees_entry(&entry) {
        return Ok(None);
    }
    let checkpoint_size = kept.checkpoint(store, Wanted::Covering(index))?.map(|checkpoint| checkpoint.size);
    let state = match checkpoint_size {
        Some(_) => State::Finalized,
        None => State::Committed,
    };
    let (id, height, time_ms) = match &entry {
        Entry::Genesis(_) => (None, None, None),
        Entry::Epoch(entry) => (None, Some(entry.height), None),
        Entry::Submission(entry) => (Some(entry.submission.id()), Some(entry.height), Some(entry.time)),
        Entry::Statement(entry) => {
            let id = entry.submission().id();
            match reader.by_id(&id)? {
                Some(Outcome::Committed { height, time, .. }) => (Some(id), Some(height), Some(time)),
                Some(Outcome::Rejected { .. } | Outcome::Expired { .. }) | None => (Some(id), None, None),
            }
        }
        Entry::Block(block) => (None, Some(block.height), Some(block.time)),
    };
    Ok(Some(EntryAnswer {
        id: id.map(Hash::from),
        state,
        height: height.map(|height| Uint(height.get())),
        index: Some(Uint(index.get())),
        checkpoint_size: checkpoint_size.map(|size| Uint(size.get())),
        time_ms: time_ms.map(|time| Uint(time.get())),
        rejection: None,
        content: Some(content(&entry)),
        entry: Some(Bytes(bytes)),
        retry_after_ms: (!state.is_last()).then_some(Uint(RETRY_AFTER_MS)),
        link: match id {
            Some(id) => format!("/v1/entries/{id}"),
            None => format!("/v1/entries/{index}"),
        },
    }))
}

fn content(entry: &Entry) -> Content {
    match entry {
        Entry::Genesis(entry) => {
            Content::Genesis { network: Hash(*entry.network.digest()), origin: entry.origin.clone() }
        }
        Entry::Epoch(entry) => Content::Epoch {
            epoch: Uint(entry.epoch.get()),
            validators: Hash(entry.validators),
            policy: Hash(entry.policy),
        },
        Entry::Submission(entry) => submitted(&entry.submission),
        Entry::Statement(entry) => submitted(entry.submission()),
        Entry::Block(block) => Content::Block {
            view: Uint(block.view.get()),
            proposer: block.proposer.get(),
            accepted: block.accepted,
            rejected: block.rejected,
            rejections: Hash(block.rejections),
            state: Hash(block.state),
            lookup: block.lookup.map(Hash),
        },
    }
}

fn submitted(submission: &Submission) -> Content {
    let body = submission.body();
    Content::Submission {
        tenant: body.tenant.to_string(),
        author: body.author.to_string(),
        key: body.key.id().to_string(),
        nonce: Uint(body.nonce),
        expires_at_ms: body.expires_at.map(|time| Uint(time.get())),
        operation: Operation::from(&body.operation),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_an_id_or_an_index() {
        assert_eq!(Name::from_text("7").ok(), Some(Name::Index(LeafIndex::new(7))));
        assert!(matches!(Name::from_text(&"1".repeat(64)), Ok(Name::Id(_))));
        for bad in ["", "-1", "07", "latest", &"A".repeat(64), "18446744073709551616", "ä"] {
            assert!(matches!(Name::from_text(bad), Err(ApiError::InvalidParams { .. })), "{bad}");
        }
    }
}
