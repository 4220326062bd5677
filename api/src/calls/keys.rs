//! `keys_history`, `keys_jwks`, `identity_get`: whose key was good where in the log, and which are good now.
//!
//! As of a size every answer is a function of the leaves below it, so it never changes and every node gives the same.

use std::collections::BTreeMap;

use crypto::{KeyId, PublicKey};
use ledger::LedgerReader;
use ledger::identity::Identity;
use ledger::key::{KeyStanding, ListedKey};
use model::did::DidDocument;
use model::error::ApiError;
use model::identity::{
    EndKind, IdentityAnswer, IdentityParams, JwksParams, KeyEnd, KeyHistory, KeyHistoryParams, KeyLife,
    KeyRole, ValidatorKeyLife,
};
use model::jwks::{Jwk, Jwks};
use model::operation::Key;
use model::scalar::Uint;
use proto::canon::proofnest;
use proto::counter::{Epoch, LeafIndex, TreeSize};
use proto::did_key::DidKey;
use proto::genesis::Admission;
use proto::id::Did;
use proto::operation::RevokedFrom;
use proto::validators::Validator;

use super::node;
use crate::api::{Api, Fault};
use crate::surface::qwed::issuers;
use crate::surface::{Surface, qod};

/// Most identities that are told of one key. Each had its consent.
const LISTINGS_MAX: usize = 100;
/// Most epochs that one answer looks at.
const EPOCHS_MAX: u64 = 32;

/// The lives of keys.
///
/// # Errors
/// `IdentityUnknown`, `KeyUnknown`, `EpochUnknown`; `InvalidParams` when the members do not fit or the log is smaller;
/// `Storage` or `Internal`.
pub(crate) async fn history(api: &Api, params: KeyHistoryParams) -> Result<KeyHistory, ApiError> {
    let KeyHistoryParams { identity, kid, size, epoch } = params;
    let did = identity.as_deref().map(did).transpose()?;
    let key = kid.as_deref().map(key_id).transpose()?;
    if epoch.is_some() && (did.is_some() || key.is_some()) {
        let fault = "epoch goes with neither identity nor kid: it names the validators".to_owned();
        return Err(ApiError::InvalidParams { fault });
    }
    let admission = api.doors().genesis.admission;
    api.read(move |reader| {
        let size = as_of(reader, size)?;
        let answer =
            |keys| KeyHistory { size: Uint(size.get()), keys, validators: Vec::new(), next_epoch: None };
        match (did, key) {
            (None, None) => validators(reader, size, Epoch::new(epoch.unwrap_or_default().0)),
            (Some(did), key) => {
                let mut keys = Known::find(reader, &did, size, admission)?.lives(reader)?;
                if let Some(key) = key {
                    keys.retain(|life| life.kid == key.to_string());
                    if keys.is_empty() {
                        return Err(ApiError::KeyUnknown { kid: key.to_string() }.into());
                    }
                }
                Ok(answer(keys))
            }
            (None, Some(key)) => Ok(answer(listed(reader, key, size)?)),
        }
    })
    .await
}

/// An identity.
///
/// # Errors
/// `IdentityUnknown`; `InvalidParams` when the name is none or the log is smaller; `Storage` or `Internal`.
pub(crate) async fn identity(api: &Api, params: IdentityParams) -> Result<IdentityAnswer, ApiError> {
    let IdentityParams { identity, size } = params;
    let did = did(&identity)?;
    let admission = api.doors().genesis.admission;
    api.read(move |reader| {
        let size = as_of(reader, size)?;
        let known = Known::find(reader, &did, size, admission)?;
        let created = match &known {
            Known::Registered(identity) => Some(identity.created),
            Known::ByItsName(..) => None,
        };
        let is_proofnest = did.proofnest_role().is_some();
        let newest = known.active().last().and_then(|key| proofnest::algorithm(key.scheme()));
        Ok(IdentityAnswer {
            did: is_proofnest.then(|| identity.clone()),
            algorithm: newest.filter(|_| is_proofnest).map(str::to_owned),
            identity,
            registered: created.is_some(),
            size: Uint(size.get()),
            created_index: created.map(|at| Uint(at.index.get())),
            created_height: created.map(|at| Uint(at.height.get())),
            keys: known.lives(reader)?,
        })
    })
    .await
}

/// The keys that are good: the network's, or an identity's.
///
/// # Errors
/// As [`identity`].
pub(crate) async fn jwks(api: &Api, params: JwksParams) -> Result<Jwks, ApiError> {
    let JwksParams { identity, size } = params;
    let Some(identity) = identity else {
        return match size {
            None => {
                let mut jwks = node::jwks(api);
                if api.doors().surfaces.contains(&Surface::Qod) {
                    jwks.keys.extend(qod::keys::jwks(api).await?);
                }
                if api.doors().surfaces.contains(&Surface::Qwed) {
                    jwks.keys.extend(issuers::keys(api).await?);
                }
                Ok(jwks)
            }
            Some(_) => Err(ApiError::InvalidParams {
                fault: "size goes with identity; keys_history tells the validators' keys of any size"
                    .to_owned(),
            }),
        };
    };
    let known = known(api, &identity, size).await?;
    Ok(Jwks { keys: known.active().filter_map(Jwk::of).collect() })
}

/// The DID document of an identity, or what a `did:key` stands for.
///
/// # Errors
/// As [`identity`].
pub(crate) async fn did_document(api: &Api, params: IdentityParams) -> Result<DidDocument, ApiError> {
    let IdentityParams { identity, size } = params;
    let resolved = |text: &str| {
        DidDocument::of_did_key(text)
            .map_err(|fault| ApiError::InvalidParams { fault: format!("identity: {fault}") })
    };
    // Keys of kinds that are no identities here are resolved all the same: their text is all there is to them.
    if identity.starts_with("did:key:") && Did::parse(&identity).is_err() {
        return resolved(&identity);
    }
    match known(api, &identity, size).await? {
        Known::Registered(known) => Ok(DidDocument::of(&identity, known.active().map(|listed| &listed.key))),
        Known::ByItsName(..) => resolved(&identity),
    }
}

/// The DID document of the network: the keys that sign its heads now.
pub(crate) fn network_document(api: &Api) -> DidDocument {
    let set = api.doors().set();
    let keys = set.iter().flat_map(|(_, validator)| {
        [&validator.log, &validator.cosigner_ed25519, &validator.cosigner_ml_dsa_65]
    });
    DidDocument::of_network(set.origin(), keys)
}

async fn known(api: &Api, identity: &str, size: Option<Uint>) -> Result<Known, ApiError> {
    let did = did(identity)?;
    let admission = api.doors().genesis.admission;
    api.read(move |reader| {
        let size = as_of(reader, size)?;
        Known::find(reader, &did, size, admission)
    })
    .await
}

/// An identity as far as the ledger knows it.
enum Known {
    /// It is registered.
    Registered(Identity),
    /// It is not, and its text names its key.
    ByItsName(Did, PublicKey),
}

impl Known {
    fn find(reader: &LedgerReader, did: &Did, size: TreeSize, admission: Admission) -> Result<Self, Fault> {
        if let Some(identity) = reader.identity(did)?.and_then(|identity| identity.as_of(size)) {
            return Ok(Self::Registered(identity));
        }
        let named = DidKey::parse(did.as_str()).ok();
        let key = named.and_then(|named| PublicKey::parse(named.codec().scheme()?, named.key()).ok());
        match (admission, key) {
            // Rule I2: where admission is open, that key speaks.
            (Admission::Open, Some(key)) => Ok(Self::ByItsName(did.clone(), key)),
            (Admission::Open | Admission::Registered, _) => {
                Err(ApiError::IdentityUnknown { identity: did.to_string() }.into())
            }
        }
    }

    fn active(&self) -> Box<dyn Iterator<Item = &PublicKey> + '_> {
        match self {
            Self::Registered(identity) => Box::new(identity.active().map(|listed| &listed.key)),
            Self::ByItsName(_, key) => Box::new(std::iter::once(key)),
        }
    }

    fn lives(&self, reader: &LedgerReader) -> Result<Vec<KeyLife>, Fault> {
        match self {
            Self::Registered(identity) => {
                identity.keys.iter().map(|listed| life(reader, &identity.did, listed)).collect()
            }
            Self::ByItsName(did, key) => Ok(vec![KeyLife {
                kid: key.id().to_string(),
                identity: did.to_string(),
                key: Key::from(key),
                jwk: Jwk::of(key),
                from_index: None,
                until_index: None,
                end: None,
            }]),
        }
    }
}

/// The lives of a key in all identities that list it.
fn listed(reader: &LedgerReader, key: KeyId, size: TreeSize) -> Result<Vec<KeyLife>, Fault> {
    let mut lives = Vec::new();
    for (did, index) in reader.listings(&key, LISTINGS_MAX)? {
        let identity = match index.get() < size.get() {
            true => reader.identity(&did)?.and_then(|identity| identity.as_of(size)),
            false => None,
        };
        if let Some(found) = identity.as_ref().and_then(|identity| identity.key(&key)) {
            lives.push(life(reader, &did, found)?);
        }
    }
    match lives.is_empty() {
        true => Err(ApiError::KeyUnknown { kid: key.to_string() }.into()),
        false => Ok(lives),
    }
}

fn life(reader: &LedgerReader, did: &Did, listed: &ListedKey) -> Result<KeyLife, Fault> {
    let after = |index: LeafIndex| index.get().saturating_add(1);
    let (kind, at, from) = match listed.standing {
        KeyStanding::Active => return Ok(bare(did, listed, None, None)),
        KeyStanding::Retired { at } => (EndKind::Retired, at, RevokedFrom::Here),
        KeyStanding::Revoked { at, from } => (EndKind::Revoked, at, from),
    };
    let until = match from {
        RevokedFrom::Here => after(at.index),
        RevokedFrom::Size(size) => size.get().min(after(at.index)),
        RevokedFrom::Time(time) => {
            reader.first_leaf_since(time, at.index.size_after())?.get().min(after(at.index))
        }
    };
    let (from_size, from_time_ms) = match from {
        RevokedFrom::Here => (None, None),
        RevokedFrom::Size(size) => (Some(Uint(size.get())), None),
        RevokedFrom::Time(time) => (None, Some(Uint(time.get()))),
    };
    let (index, height) = (Uint(at.index.get()), Uint(at.height.get()));
    let end = KeyEnd { kind, index, height, from_size, from_time_ms };
    // One that was in other hands before it was listed was never good.
    Ok(bare(did, listed, Some(Uint(until.max(listed.from.index.get()))), Some(end)))
}

fn bare(did: &Did, listed: &ListedKey, until_index: Option<Uint>, end: Option<KeyEnd>) -> KeyLife {
    KeyLife {
        kid: listed.key.id().to_string(),
        identity: did.to_string(),
        key: Key::from(&listed.key),
        jwk: Jwk::of(&listed.key),
        from_index: Some(Uint(listed.from.index.get())),
        until_index,
        end,
    }
}

/// The lives of the validators' keys from an epoch on. Rule V7: those of an epoch sign the heads above the size that
/// opened it, up to the one that opened the next.
fn validators(reader: &LedgerReader, size: TreeSize, from: Epoch) -> Result<KeyHistory, Fault> {
    let mut lives: Vec<ValidatorKeyLife> = Vec::new();
    let mut open: BTreeMap<(String, KeyRole, KeyId), usize> = BTreeMap::new();
    let (mut epoch, mut next_epoch) = (from, None);
    while let Some(reign) = reader.reign(epoch)?.filter(|reign| reign.size <= size) {
        if epoch.get() - from.get() == EPOCHS_MAX {
            next_epoch = Some(Uint(epoch.get()));
            break;
        }
        let first = match epoch {
            Epoch::ZERO => 1,
            _ => reign.size.get().saturating_add(1),
        };
        let mut reigning = BTreeMap::new();
        for validator in reign.validators.get() {
            for (role, key) in roles(validator) {
                let name = (validator.name.clone(), role, key.id());
                let place = open.remove(&name).unwrap_or_else(|| {
                    lives.push(ValidatorKeyLife {
                        kid: key.id().to_string(),
                        validator: validator.name.clone(),
                        role,
                        key: Key::from(key),
                        from_epoch: Uint(epoch.get()),
                        until_epoch: None,
                        from_size: Uint(first),
                        until_size: None,
                    });
                    lives.len() - 1
                });
                reigning.insert(name, place);
            }
        }
        for place in open.into_values() {
            (lives[place].until_epoch, lives[place].until_size) =
                (Some(Uint(epoch.get())), Some(Uint(first)));
        }
        open = reigning;
        epoch = epoch.next();
    }
    match lives.is_empty() {
        true => Err(ApiError::EpochUnknown { epoch: from.get() }.into()),
        false => Ok(KeyHistory { size: Uint(size.get()), keys: Vec::new(), validators: lives, next_epoch }),
    }
}

const fn roles(validator: &Validator) -> [(KeyRole, &PublicKey); 4] {
    [
        (KeyRole::Consensus, &validator.consensus),
        (KeyRole::Log, &validator.log),
        (KeyRole::CosignerEd25519, &validator.cosigner_ed25519),
        (KeyRole::CosignerMlDsa65, &validator.cosigner_ml_dsa_65),
    ]
}

/// The size as of which is asked, which the log must have.
fn as_of(reader: &LedgerReader, asked: Option<Uint>) -> Result<TreeSize, Fault> {
    let size = reader.tip()?.map_or(TreeSize::ZERO, |tip| tip.head.size);
    match asked {
        Some(Uint(asked)) if asked > size.get() => {
            let fault = format!("size: the log has {size} leaves, not {asked}");
            Err(ApiError::InvalidParams { fault }.into())
        }
        Some(Uint(asked)) => Ok(TreeSize::new(asked)),
        None => Ok(size),
    }
}

fn did(text: &str) -> Result<Did, ApiError> {
    Did::parse(text).map_err(|fault| ApiError::InvalidParams { fault: format!("identity: {fault}") })
}

fn key_id(text: &str) -> Result<KeyId, ApiError> {
    text.parse().map_err(|fault| ApiError::InvalidParams { fault: format!("kid: {fault}") })
}
