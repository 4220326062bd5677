//! Judging an exported audit log: every line by itself and by the one before it, without any node.
//!
//! An entry is what its leaf says, and the leaf stands under the head of the first line, which a quorum signed. A refusal
//! is what its note says; from note to note the chain of the node's security log holds. The chain of events follows from
//! the lines. The first fault ends it, and is told with the number of its line.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;

use crypto::{Digest, sha256};
use model::audit::{AuditItem, AuditPlace, GENESIS, Refusal};
use model::scalar::{Hash, Uint};
use model::strict;
use proto::canonical::Canonical as _;
use proto::counter::{Height, LeafIndex};
use proto::entry::Entry;
use proto::receipt::{Bundle, Receipt};
use serde::Serialize;
use serde::de::DeserializeOwned;
use verify::{Belief, Freshness, Memory, Options};

use super::export::{Event, Header, Line, VERSION};
use crate::exit::{Exit, Failure};
use crate::files;
use crate::output::{Output, Tone};

/// Longest line, in bytes: a note with the digests of all notes between it and the next, of the largest log.
const LINE_BYTES_MAX: usize = 64 << 20;
/// How an exported log begins.
const BEGINS: &[u8] = b"{\"quorate_audit\":";

/// Whether a file looks like an exported audit log.
pub fn is_export(path: &Path) -> bool {
    let mut begins = vec![0; BEGINS.len()];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut begins));
    path.is_file() && read.is_ok() && begins == BEGINS
}

/// What was found.
#[derive(Debug, Default, Serialize)]
struct Findings {
    verified: bool,
    /// Number of the line that is not true, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<String>,
    entries: u64,
    refusals: u64,
    /// Of how many entries the time is not in their leaf, but in their block's.
    times_unproven: u64,
    event_hash: String,
}

pub(super) fn run(
    path: &Path,
    belief: Belief<'_>,
    freshness: Option<Freshness>,
    output: &Output,
) -> Result<Exit, Failure> {
    let mut judge = Judge {
        belief,
        freshness,
        memory: Memory::new(),
        header: None,
        items: 0,
        notes: None,
        findings: Findings { event_hash: GENESIS.to_owned(), ..Findings::default() },
    };
    let file = File::open(path).map_err(|fault| files::unreadable(path, &fault))?;
    let (mut reader, mut number) = (BufReader::new(file), 0);
    let fault = loop {
        let mut bytes = Vec::new();
        let read = reader.by_ref().take(LINE_BYTES_MAX as u64 + 1).read_until(b'\n', &mut bytes);
        if read.map_err(|fault| files::unreadable(path, &fault))? == 0 {
            break judge.end().err();
        }
        number += 1;
        if let Err(fault) = judge.line(&bytes) {
            break Some(fault);
        }
    };
    let mut findings = judge.findings;
    findings.verified = fault.is_none();
    findings.line = fault.is_some().then_some(number);
    findings.fault = fault;
    print(&findings, output);
    Ok(if findings.verified { Exit::Ok } else { Exit::NotVerified })
}

fn print(findings: &Findings, output: &Output) {
    if output.is_json() {
        output.json(findings);
        return;
    }
    output.row("entries", findings.entries);
    output.row("refusals", findings.refusals);
    if findings.times_unproven > 0 {
        output.row(
            "times",
            format_args!("of {} entries stand in their block's leaf alone", findings.times_unproven),
        );
    }
    match (&findings.line, &findings.fault) {
        (Some(line), Some(fault)) => {
            output.row(&output.paint(Tone::Bad, "FAILED"), format_args!("line {line}: {fault}"));
        }
        _ => {
            output.row("events", format_args!("the newest has the hash {}", findings.event_hash));
            output.line(output.paint(Tone::Good, "VERIFIED"));
        }
    }
}

struct Judge<'a> {
    belief: Belief<'a>,
    freshness: Option<Freshness>,
    memory: Memory,
    header: Option<Header>,
    items: u64,
    /// Of each node's chain: the number of the last note, and the hash that the next one follows.
    notes: Option<(String, u64, Digest)>,
    findings: Findings,
}

impl Judge<'_> {
    fn line(&mut self, bytes: &[u8]) -> Result<(), String> {
        let text = bytes.strip_suffix(b"\n").ok_or("the line does not end")?;
        let Some(header) = self.header.clone() else {
            let header: Header = shape(text)?;
            if header.quorate_audit != VERSION {
                return Err(format!("version {}, this program reads {VERSION}", header.quorate_audit));
            }
            self.header = Some(header);
            return Ok(());
        };
        let Line { item, event } = shape(text)?;
        self.items += 1;
        if header.tenant.is_some() && item.tenant_id != header.tenant {
            return Err("it is of another tenant than the file".to_owned());
        }
        match (&item.place, &item.local) {
            (Some(place), None) => self.entry(&header, &item, place)?,
            (None, Some(_)) => self.refusal(&item)?,
            (Some(_), Some(_)) | (None, None) => {
                return Err("an item is of the ledger or of a node".to_owned());
            }
        }
        self.event(&item, &event)
    }

    fn entry(&mut self, header: &Header, item: &AuditItem, place: &AuditPlace) -> Result<(), String> {
        let (Some(entry), Some(proof)) = (&place.entry, &place.proof) else {
            return Err("the entry comes without proof".to_owned());
        };
        let receipt = Receipt {
            entry: entry.0.clone(),
            index: LeafIndex::new(place.index.0),
            proof: proof.iter().map(|hash| hash.0).collect(),
            checkpoint: header.checkpoint.note.clone(),
            item: None,
        };
        let options = Options { freshness: self.freshness, ..Options::default() };
        let report = self.belief.verify_among(&Bundle::of(receipt), options, &mut self.memory);
        if let Some((code, fault)) = report.failure() {
            return Err(format!("{}: {fault}", code.as_str()));
        }
        let decoded = Entry::decode(&entry.0).map_err(|fault| fault.to_string())?;
        let submission = decoded.submission().ok_or("the leaf is of no submission")?;
        let index = LeafIndex::new(place.index.0);
        let mut expected = match &decoded {
            Entry::Submission(entry) => AuditItem::of_entry(index, entry.height, entry.time, submission),
            Entry::Statement(_) | Entry::Genesis(_) | Entry::Epoch(_) | Entry::Block(_) => {
                // A COSE statement is the leaf itself and says nothing of when: its block does.
                self.findings.times_unproven += 1;
                let time = proto::counter::TimeMs::ZERO;
                let expected = AuditItem::of_entry(index, Height::new(place.height.0), time, submission);
                AuditItem { timestamp: item.timestamp.clone(), ..expected }
            }
        };
        if let Some(expected) = &mut expected.place {
            (expected.entry, expected.proof) = (place.entry.clone(), place.proof.clone());
        }
        self.findings.entries += 1;
        same(item, &expected)
    }

    fn refusal(&mut self, item: &AuditItem) -> Result<(), String> {
        let Some(local) = &item.local else { return Err("an item is of the ledger or of a node".to_owned()) };
        let Some(text) = &local.note else { return Err("the refusal comes without its note".to_owned()) };
        let note: Note = shape(text.as_bytes())?;
        let after: Digest = note.after.0;
        if node::security_log::hash(&after, &sha256(text.as_bytes())) != local.hash.0 {
            return Err("the note is not the one that its hash is of".to_owned());
        }
        let path = note.target.split('?').next().unwrap_or_default().to_owned();
        let refusal = Refusal {
            number: note.number.0,
            time_ms: note.time_ms.0,
            tenant: note.tenant,
            subject: note.subject,
            path,
            method: note.method,
            request: note.request,
            status: note.status,
            code: note.code,
        };
        let mut expected = AuditItem::of_refusal(&local.node, refusal, local.hash);
        if let Some(expected) = &mut expected.local {
            (expected.note, expected.behind) = (local.note.clone(), local.behind.clone());
        }
        same(item, &expected)?;
        let behind = local.behind.as_deref().unwrap_or_default();
        if let Some((node, number, hash)) = &self.notes
            && (*node != local.node || *number != local.number.0 || *hash != after)
        {
            return Err(format!(
                "it is note {} of {}; behind the one before it comes note {number} of {node}, after hash {hash}",
                local.number.0, local.node
            ));
        }
        let next = local.number.0.saturating_add(behind.len() as u64).saturating_add(1);
        let reached =
            behind.iter().fold(local.hash.0, |hash, digest| node::security_log::hash(&hash, &digest.0));
        self.notes = Some((local.node.clone(), next, reached));
        self.findings.refusals += 1;
        Ok(())
    }

    fn event(&mut self, item: &AuditItem, event: &Event) -> Result<(), String> {
        if event.hash_previous != self.findings.event_hash {
            return Err("its event does not follow from the one before".to_owned());
        }
        if item.event_hash(&event.hash_previous).to_string() != event.hash {
            return Err("its event has another hash".to_owned());
        }
        self.findings.event_hash.clone_from(&event.hash);
        Ok(())
    }

    fn end(&self) -> Result<(), String> {
        let header = self.header.as_ref().ok_or("the file is empty")?;
        if header.items != self.items {
            return Err(format!("{} items, the first line says {}", self.items, header.items));
        }
        let reached = self.notes.as_ref().map(|(_, _, hash)| Hash(*hash));
        match reached == header.notes_hash {
            true => Ok(()),
            false => Err("the chain of notes does not end where the first line says".to_owned()),
        }
    }
}

/// A note of a security log.
#[derive(serde::Deserialize)]
struct Note {
    number: Uint,
    time_ms: Uint,
    after: Hash,
    request: String,
    method: String,
    target: String,
    status: u16,
    code: String,
    tenant: Option<String>,
    subject: Option<String>,
    #[serde(rename = "salt")]
    _salt: String,
}

fn same(found: &AuditItem, expected: &AuditItem) -> Result<(), String> {
    match found == expected {
        true => Ok(()),
        false => Err(format!(
            "it says {} of {} {} by {:?} at {}, what it shows says {} of {} {} by {:?} at {}",
            found.action,
            found.resource_type,
            found.resource_id,
            found.actor,
            found.timestamp,
            expected.action,
            expected.resource_type,
            expected.resource_id,
            expected.actor,
            expected.timestamp
        )),
    }
}

fn shape<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, String> {
    let value = strict::parse(bytes, LINE_BYTES_MAX).map_err(|fault| fault.to_string())?;
    strict::shape(value)
}
