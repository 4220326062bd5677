//! Evidence keys: listed by a validator's service, good for a stretch of time, revoked at a place of the log.
//!
//! Verifiers of evidence know no log, so what they are told are times: from when on a key is good, until when, and from when
//! on it was in other hands. The log says where each of this was said; revocations are numbered in its order, and none is
//! ever taken back. Source: `STATE.md`, rules J9 to J11.

use crypto::{KeyId, PublicKey};
use proto::counter::TimeMs;
use proto::signer::{SignerChange, SignerListing, SignerName, SignerRoles};
use proto::submission::Body;
use proto::validators::Validator;

use crate::change::Table;
use crate::codec::{CodecError, Reader, Writer};
use crate::error::CheckError;
use crate::job::{JobRefusal, SignerChangeFault, SignerUseFault};
use crate::key::Position;
use crate::read::ReadError;
use crate::reign::Reign;
use crate::session::ChainEnd;
use crate::state::State;

/// The name under which revocations are counted.
pub(crate) const CHAIN: &[u8] = b"signer-revocations";

/// An evidence key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signer {
    /// What it is called.
    pub name: SignerName,
    /// The key.
    pub key: PublicKey,
    /// What it may sign.
    pub roles: SignerRoles,
    /// From when on what it signs is good.
    pub valid_from: TimeMs,
    /// From when on it is not.
    pub valid_until: TimeMs,
    /// The validator whose service listed it.
    pub holder: String,
    /// The id of the consensus key that endorsed that service.
    pub by: KeyId,
    /// Where it was listed.
    pub listed: Position,
    /// The time of that block.
    pub listed_at: TimeMs,
    /// Whether it was revoked.
    pub revoked: Option<Revocation>,
}

/// That an evidence key signs no more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revocation {
    /// How many revocations of evidence keys stand before it.
    pub number: u64,
    /// Where it was said.
    pub at: Position,
    /// The time of that block.
    pub time: TimeMs,
    /// From when on what the key signed is not believed.
    pub from: TimeMs,
    /// Why, for people.
    pub reason: String,
}

impl Signer {
    /// Rule J10: whether it may sign evidence at a time, in a block that comes now.
    ///
    /// # Errors
    /// `SignerUseFault`.
    pub fn may_sign_evidence(&self, signed_at: TimeMs) -> Result<(), SignerUseFault> {
        if !self.roles.signs_evidence() {
            return Err(SignerUseFault::Role);
        }
        if signed_at < self.valid_from || signed_at >= self.valid_until {
            return Err(SignerUseFault::Validity(signed_at));
        }
        match &self.revoked {
            Some(Revocation { at, .. }) => Err(SignerUseFault::Revoked(at.index)),
            None => Ok(()),
        }
    }

    /// Whether what it signed then was signed before it was revoked, if it was. Rule J11.
    pub fn is_believed_at(&self, signed_at: TimeMs) -> bool {
        self.revoked.as_ref().is_none_or(|revoked| signed_at < revoked.from)
    }

    /// Whether the validator that holds it reigns, with the key it had.
    fn holder_reigns(&self, reign: &Reign) -> bool {
        let its = |it: &Validator| it.name == self.holder && it.consensus.id() == self.by;
        reign.validators.get().iter().any(its)
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let Self { name, key, roles, valid_from, valid_until, holder, by, listed, listed_at, revoked } = self;
        let mut to = Writer::new();
        to.text(name.as_str()).public_key(key).u32(roles.id());
        to.u64(valid_from.get()).u64(valid_until.get()).text(holder).key_id(by);
        listed.write(&mut to);
        to.u64(listed_at.get());
        match revoked {
            None => {
                to.u8(0);
            }
            Some(Revocation { number, at, time, from, reason }) => {
                at.write(to.u8(1).u64(*number));
                to.u64(time.get()).u64(from.get()).text(reason);
            }
        }
        to.finish()
    }

    pub(crate) fn decode(id: &[u8], bytes: &[u8]) -> Result<Self, ReadError> {
        let unknown = |field, found| CodecError::Meaning { field, found };
        let read = |from: &mut Reader<'_>| {
            Ok(Self {
                name: SignerName::parse(&from.text("signer.name")?)
                    .map_err(|fault| CodecError::field("signer.name", fault))?,
                key: from.public_key()?,
                roles: {
                    let number = from.u32()?;
                    SignerRoles::parse(number).ok_or_else(|| unknown("signer.roles", number.into()))?
                },
                valid_from: TimeMs::new(from.u64()?),
                valid_until: TimeMs::new(from.u64()?),
                holder: from.text("signer.holder")?,
                by: from.key_id()?,
                listed: Position::read(from)?,
                listed_at: TimeMs::new(from.u64()?),
                revoked: match from.u8()? {
                    0 => None,
                    1 => Some(Revocation {
                        number: from.u64()?,
                        at: Position::read(from)?,
                        time: TimeMs::new(from.u64()?),
                        from: TimeMs::new(from.u64()?),
                        reason: from.text("signer.reason")?,
                    }),
                    found => return Err(unknown("signer.revoked", found.into())),
                },
            })
        };
        Reader::whole(bytes, read).map_err(|fault: CodecError| fault.stored_at(Table::Signers, id))
    }
}

/// Rules J9 and J11.
pub(crate) fn may_change(
    state: &State<'_>,
    body: &Body,
    change: &SignerChange,
    now: TimeMs,
) -> Result<(), CheckError> {
    let key = change.key();
    let refused = |fault| Err(JobRefusal::SignerChange { key, fault }.into());
    let known = state.signer(&key)?;
    match (change, known) {
        (SignerChange::List(_), Some(known)) => refused(SignerChangeFault::Listed(known.listed.index)),
        (SignerChange::List(listing), None) => {
            if let Some(other) = state.signer_named(&listing.name)? {
                return refused(SignerChangeFault::Name(other.listed.index));
            }
            match listing.valid_until <= now {
                true => refused(SignerChangeFault::Over(listing.valid_until)),
                false => Ok(()),
            }
        }
        (SignerChange::Revoke { .. }, None) => refused(SignerChangeFault::Unknown),
        (SignerChange::Revoke { from, .. }, Some(known)) => {
            if let Some(Revocation { at, .. }) = known.revoked {
                return refused(SignerChangeFault::Revoked(at.index));
            }
            let service = state.service(&body.key.id())?;
            let own = service.is_some_and(|it| it.validator == known.holder && it.by == known.by);
            if !own && known.holder_reigns(&state.reign()?) {
                return refused(SignerChangeFault::Holder);
            }
            match from {
                Some(from) if *from > now => refused(SignerChangeFault::Ahead(*from)),
                Some(_) | None => Ok(()),
            }
        }
    }
}

/// Does what [`may_change`] allowed, in a block of this time.
pub(crate) fn change(
    state: &mut State<'_>,
    body: &Body,
    change: &SignerChange,
    (at, now): (Position, TimeMs),
) -> Result<(), ReadError> {
    match change {
        SignerChange::List(listing) => {
            let Some(service) = state.service(&body.key.id())? else { return Ok(()) };
            let SignerListing { name, key, roles, valid_from, valid_until, possession: _ } = &**listing;
            state.put_signer(&Signer {
                name: name.clone(),
                key: key.clone(),
                roles: *roles,
                valid_from: *valid_from,
                valid_until: *valid_until,
                holder: service.validator,
                by: service.by,
                listed: at,
                listed_at: now,
                revoked: None,
            });
            state.put_signer_name(name, &key.id());
        }
        SignerChange::Revoke { key, reason, from } => {
            let Some(mut signer) = state.signer(key)? else { return Ok(()) };
            let ChainEnd { count: number, last: _ } = state.chain(CHAIN)?;
            let last = Some(key.digest());
            state.put_chain(CHAIN, &ChainEnd { count: number.saturating_add(1), last });
            state.note_revocation(number, key);
            let (from, reason) = (from.unwrap_or(now), reason.clone());
            signer.revoked = Some(Revocation { number, at, time: now, from, reason });
            state.put_signer(&signer);
        }
    }
    Ok(())
}
