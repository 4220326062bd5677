//! `ledger_search`: the leaves of a key, and on request the proof that there are no others.

use ledger::lookup::search::{Answer, Query, SearchError};
use model::error::ApiError;
use model::scalar::Uint;
use model::search::{FoundEntry, SearchAnswer, SearchEvidence, SearchParams};
use proto::canonical::Canonical as _;
use proto::counter::LeafIndex;
use proto::entry::Entry;
use proto::lookup::{FoundLeaf, LookupKey};

use crate::api::{Api, Fault};
use crate::guard::sight::Sight;
use crate::kept::{Beyond, Wanted};
use crate::waiting::RETRY_AFTER_MS;

/// How often a question is asked again at once whose runs went while it was read.
const TRIES: usize = 3;

/// Looks for a key.
///
/// # Errors
/// `EntryUnknown` when what this caller may not see would have to be shown as proof.
/// `InvalidParams`, `NotIndexed`, `SearchNotYet`, `Storage` or `Internal`.
pub(crate) async fn search(api: &Api, sight: &Sight, params: SearchParams) -> Result<SearchAnswer, ApiError> {
    let invalid =
        |fault: model::search::SearchQuestionError| ApiError::InvalidParams { fault: fault.to_string() };
    let (key, limit) = (params.key().map_err(invalid)?, params.limit().map_err(invalid)?);
    let from = LeafIndex::new(params.from.map_or(0, |from| from.0));
    let (kept, sight) = (api.kept().clone(), sight.clone());
    let prove = params.prove.unwrap_or_default();
    api.read(move |reader| {
        let query = Query { key: &key, from, limit };
        let mut answer = reader.search(query);
        for _ in 1..TRIES {
            if !matches!(answer, Err(SearchError::Gone { .. })) {
                break;
            }
            answer = reader.search(query);
        }
        let mut answer = answer.map_err(refused)?;
        let hidden = |leaf: &FoundLeaf| !sight.sees_leaf(&leaf.entry);
        if prove && answer.found.iter().any(hidden) {
            // A proof of all there is would show them, and one that leaves them out would not hold.
            return Err(ApiError::EntryUnknown { name: key.text() }.into());
        }
        answer.found.retain(|leaf| !hidden(leaf));
        let evidence = match prove {
            true => {
                let (index, size) = (answer.block.index, answer.checkpoint.head.size);
                let proved = kept.receipt(Beyond::Store(reader), index, Wanted::Of(size))?;
                let block = proved.ok_or_else(|| not_yet("the newest head has just been certified"))?.receipt;
                let leaves = answer.found.clone();
                Some(SearchEvidence::of(&block, &answer.directory, &answer.spans, leaves))
            }
            false => None,
        };
        told(&key, answer, evidence)
    })
    .await
}

fn told(key: &LookupKey, answer: Answer, proof: Option<SearchEvidence>) -> Result<SearchAnswer, Fault> {
    let Answer { from, to, checkpoint, block, directory, spans: _, found } = answer;
    let mut entries = Vec::new();
    for FoundLeaf { index, entry, proof: _ } in found {
        // The node has read its own leaves before; one it cannot read was damaged since.
        let entry = Entry::decode(&entry).map_err(|_| ApiError::Storage)?;
        let submission = entry.submission().filter(|_| key.is_of(&entry));
        entries.extend(submission.map(|submission| FoundEntry {
            index: Uint(index.get()),
            id: submission.id().into(),
            operation: submission.body().operation.name().to_owned(),
        }));
    }
    Ok(SearchAnswer {
        by: key.kind().name().to_owned(),
        value: key.text(),
        from: Uint(from.get()),
        to: Uint(to.get()),
        block: Uint(block.index.get()),
        size: Uint(checkpoint.head.size.get()),
        covers_from: Uint(directory.from.get()),
        entries,
        proof,
    })
}

fn refused(fault: SearchError) -> Fault {
    match fault {
        SearchError::Read(fault) => Fault::Store(fault),
        SearchError::NotIndexed { .. } => ApiError::NotIndexed { fault: fault.to_string() }.into(),
        SearchError::Beyond { from, to } => {
            let fault = format!("from {from}: the index of the newest certified head ends before leaf {to}");
            ApiError::InvalidParams { fault }.into()
        }
        SearchError::NoCheckpoint | SearchError::Gone { .. } => not_yet(&fault.to_string()).into(),
    }
}

fn not_yet(fault: &str) -> ApiError {
    ApiError::SearchNotYet { fault: fault.to_owned(), retry_after_ms: RETRY_AFTER_MS }
}
