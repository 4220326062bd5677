//! Services: keys with which validators act on behalf of their callers.
//!
//! Callers of a node's foreign doors have no keys here; the node answers for who they are and signs with a key of its
//! service, and the seals it puts on what was decided are by the same key. That it is a validator's says the validator, by
//! the key it votes with. What it signed stays good when the validator goes. Source: `STATE.md`, rules E1 and E2.

use crypto::{KeyId, PublicKey, Signature};
use proto::id::NetworkId;
use proto::operation::endorsement_bytes;
use proto::submission::Body;
use proto::validators::Validator;

use crate::change::Table;
use crate::codec::{CodecError, Reader, Writer};
use crate::error::CheckError;
use crate::key::Position;
use crate::read::ReadError;
use crate::reign::Reign;
use crate::rejection::Rejection;
use crate::state::State;

/// A key of a validator's service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// The key.
    pub key: PublicKey,
    /// The validator's name.
    pub validator: String,
    /// The id of the consensus key that endorsed it.
    pub by: KeyId,
    /// Where.
    pub endorsed: Position,
}

impl Service {
    /// Rule E2: whether its validator reigns, with the key that endorsed it.
    pub fn is_of(&self, reign: &Reign) -> bool {
        let its = |it: &Validator| it.name == self.validator && it.consensus.id() == self.by;
        reign.validators.get().iter().any(its) || crypto::broken!(ServiceForEver)
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let Self { key, validator, by, endorsed } = self;
        let mut to = Writer::new();
        to.public_key(key).bytes(validator.as_bytes()).key_id(by);
        endorsed.write(&mut to);
        to.finish()
    }

    pub(crate) fn decode(id: &[u8], bytes: &[u8]) -> Result<Self, ReadError> {
        let read = |from: &mut Reader<'_>| {
            Ok(Self {
                key: from.public_key()?,
                validator: from.text("service.validator")?,
                by: from.key_id()?,
                endorsed: Position::read(from)?,
            })
        };
        Reader::whole(bytes, read).map_err(|fault: CodecError| fault.stored_at(Table::Services, id))
    }
}

/// Rule E1: a validator that reigns endorses a key, which signs this, once.
pub(crate) fn may_endorse(
    state: &State<'_>,
    network: &NetworkId,
    body: &Body,
    validator: &str,
    endorsement: &Signature,
) -> Result<(), CheckError> {
    let key = body.key.id();
    if state.service(&key)?.is_some() {
        return Err(Rejection::KeyListed { identity: body.author.clone(), key }.into());
    }
    let reign = state.reign()?;
    let Some(by) = reign.validators.get().iter().find(|it| it.name == validator) else {
        return Err(Rejection::UnknownValidator { name: validator.to_owned() }.into());
    };
    match by.consensus.verify(&endorsement_bytes(network, validator, &key), endorsement) {
        Ok(()) => Ok(()),
        Err(_) if crypto::broken!(EndorsementUnsigned) => Ok(()),
        Err(_) => Err(Rejection::ServiceEndorsement { validator: validator.to_owned(), key }.into()),
    }
}

/// Does what [`may_endorse`] allowed.
pub(crate) fn endorse(
    state: &mut State<'_>,
    body: &Body,
    validator: &str,
    at: Position,
) -> Result<(), ReadError> {
    let reign = state.reign()?;
    if let Some(by) = reign.validators.get().iter().find(|it| it.name == validator) {
        state.put_service(&Service {
            key: body.key.clone(),
            validator: validator.to_owned(),
            by: by.consensus.id(),
            endorsed: at,
        });
    }
    Ok(())
}

/// Rule E2: the key that signs is of a service whose validator reigns.
pub(crate) fn may_serve(state: &State<'_>, body: &Body) -> Result<(), CheckError> {
    let key = body.key.id();
    let Some(service) = state.service(&key)? else {
        if crypto::broken!(AnyoneServes) {
            return Ok(());
        }
        return Err(Rejection::UnknownService { key }.into());
    };
    match service.is_of(&state.reign()?) {
        true => Ok(()),
        false => Err(Rejection::ServiceOver { key, validator: service.validator }.into()),
    }
}

/// Rule E2 as a question: whether the key that signs is of a service whose validator reigns.
pub(crate) fn serves(state: &State<'_>, body: &Body) -> Result<bool, CheckError> {
    match may_serve(state, body) {
        Ok(()) => Ok(true),
        Err(CheckError::Rejected(_)) => Ok(false),
        Err(fault @ CheckError::Read(_)) => Err(fault),
    }
}
