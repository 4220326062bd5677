//! Attestations: who issued one, until when it holds, and whether it was withdrawn.
//!
//! The statement itself is the entry; here stands only what later operations and readers ask about it.
//! Nothing is deleted, only revoked, once, by its issuer. Source: `STATE.md`, rules A1 and A2.

use proto::counter::TimeMs;
use proto::id::{Did, SubmissionId};

use crate::change::Table;
use crate::codec::{CodecError, Reader, Writer};
use crate::key::Position;
use crate::read::ReadError;

/// The standing of an attestation, named by the submission that issued it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attestation {
    /// Who issued it.
    pub issuer: Did,
    /// Where.
    pub issued: Position,
    /// Block time from which it no longer holds; none: it holds until revoked.
    pub expires_at: Option<TimeMs>,
    /// Where it was withdrawn, if it was.
    pub revoked: Option<Position>,
}

impl Attestation {
    /// Whether it holds at a block time: not revoked, not expired.
    pub fn holds_at(&self, time: TimeMs) -> bool {
        self.revoked.is_none() && self.expires_at.is_none_or(|end| time < end)
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let Self { issuer, issued, expires_at, revoked } = self;
        let mut to = Writer::new();
        to.did(issuer);
        issued.write(&mut to);
        to.option(expires_at.map(TimeMs::get));
        match revoked {
            None => {
                to.u8(0);
            }
            Some(at) => at.write(to.u8(1)),
        }
        to.finish()
    }

    pub(crate) fn decode(id: &SubmissionId, bytes: &[u8]) -> Result<Self, ReadError> {
        let read = |from: &mut Reader<'_>| {
            Ok(Self {
                issuer: from.did()?,
                issued: Position::read(from)?,
                expires_at: from.option()?.map(TimeMs::new),
                revoked: match from.u8()? {
                    0 => None,
                    1 => Some(Position::read(from)?),
                    found => {
                        return Err(CodecError::Meaning {
                            field: "attestation.revoked",
                            found: u64::from(found),
                        });
                    }
                },
            })
        };
        Reader::whole(bytes, read).map_err(|fault| fault.stored_at(Table::Attestations, id.as_bytes()))
    }
}
