//! Where files come from: a ledger on this machine, or wherever they were published before.
//!
//! A ledger is read in the calling thread: who may not be held up publishes from a thread of its own.

use ledger::LedgerReader;
use proto::canonical::Canonical as _;
use proto::checkpoint::CheckpointText;
use proto::counter::{Epoch, TreeSize};
use proto::genesis::Genesis;
use proto::note::Note;

use crate::error::ArchiveError;
use crate::name::File;
use crate::place::Place;

/// Where files come from.
#[derive(Clone, Debug)]
pub enum Source {
    /// A ledger's store.
    Ledger {
        /// It.
        reader: LedgerReader,
        /// Its genesis.
        genesis: Box<Genesis>,
    },
    /// A node over HTTP, or published files.
    Place(Place),
}

impl Source {
    /// A file; none if there is none.
    ///
    /// # Errors
    /// `ArchiveError`.
    pub async fn find(&self, file: File) -> Result<Option<Vec<u8>>, ArchiveError> {
        match self {
            Self::Place(place) => place.find(file).await,
            Self::Ledger { reader, genesis } => of_ledger(reader, genesis, file),
        }
    }

    /// A file that must be there.
    ///
    /// # Errors
    /// `Missing`, and as `find`.
    pub async fn get(&self, file: File) -> Result<Vec<u8>, ArchiveError> {
        self.find(file).await?.ok_or(ArchiveError::Missing { file })
    }
}

fn of_ledger(reader: &LedgerReader, genesis: &Genesis, file: File) -> Result<Option<Vec<u8>>, ArchiveError> {
    Ok(match file {
        File::Checkpoint => note_of(reader, genesis, file, reader.certified()?)?,
        File::CheckpointOf(size) => note_of(reader, genesis, file, size)?,
        File::Genesis => Some(genesis.encode()),
        File::Tile(tile) => reader.tile_file(tile)?,
        File::Entries(tile) => reader.entries_file(tile)?,
        File::Beside(height) => reader.beside(height)?.map(|beside| beside.encode()),
    })
}

/// A certified checkpoint as signed note, under the names and keys of those who reigned at its size.
fn note_of(
    reader: &LedgerReader,
    genesis: &Genesis,
    file: File,
    size: TreeSize,
) -> Result<Option<Vec<u8>>, ArchiveError> {
    let Some(checkpoint) = reader.checkpoint_at(size)? else { return Ok(None) };
    let malformed = |fault: String| ArchiveError::Malformed { file, fault };
    let epoch = checkpoint.epoch().unwrap_or(Epoch::ZERO);
    let reign = reader.reign(epoch)?.ok_or_else(|| malformed(format!("nobody reigned in epoch {epoch}")))?;
    let set = reign.set(genesis.network(), genesis.origin.clone());
    let note = checkpoint.to_note(&set).map_err(|fault| malformed(fault.to_string()))?;
    Ok(Some(note.into_bytes()))
}

/// A checkpoint as it was read: nobody has believed it yet.
#[derive(Clone, Debug)]
pub struct Stated {
    /// The note, whole.
    pub note: String,
    /// What it says.
    pub text: CheckpointText,
}

/// Reads a checkpoint's bytes.
///
/// # Errors
/// `Malformed`, `Note` or `Head`.
pub fn stated(file: File, bytes: Vec<u8>) -> Result<Stated, ArchiveError> {
    let note = String::from_utf8(bytes)
        .map_err(|_| ArchiveError::Malformed { file, fault: "it is not text".to_owned() })?;
    let parsed = Note::parse(&note).map_err(|fault| ArchiveError::Note { file, fault })?;
    let text = CheckpointText::parse(parsed.text()).map_err(|fault| ArchiveError::Head { file, fault })?;
    Ok(Stated { note, text })
}
