//! The journal's bytes.
//!
//! ```text
//! file   = header group*
//! header = magic[16] version:u32 network[32] owner[32] nonce[16] check[8]
//! group  = length:u32 sequence:u64 check[8]  payload[length]  check[16]
//! payload= (kind:u8 length:u32 bytes[length])*
//! ```
//!
//! Version 2 is of a file that began empty, version 3 of one that was rewritten: its first group was durable
//! before the file had its name, so no crash explains that it is torn. Numbers are big-endian. The owner is the id
//! of the validator's consensus key, whose index is another in the next epoch. A group's head has a check of its own,
//! so that its length is known to be meant: a length that runs past the end is then a torn write, not a flipped bit.
//! Checks begin with the file's random nonce: nobody who gets bytes into a payload can make them look like a group.

use crypto::{Hasher, KeyId};
use proto::counter::Height;
use proto::id::NetworkId;
use rand::TryRng;

use super::{Journal, JournalError};

const MAGIC: &[u8; 16] = b"quorate-journal\0";

/// The first bytes of a journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) network: NetworkId,
    pub(super) owner: KeyId,
    pub(super) begins: Begins,
    nonce: [u8; 16],
}

/// What a journal was made with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Begins {
    /// Its header alone: nothing had been said.
    Empty,
    /// Its header and one group, durable before the file had its name.
    Whole,
}

impl Begins {
    const fn version(self) -> u32 {
        match self {
            Self::Empty => Journal::VERSION - 1,
            Self::Whole => Journal::VERSION,
        }
    }
}

impl Header {
    pub(super) const BYTES: usize = 16 + 4 + 32 + 32 + 16 + 8;

    pub(super) fn new(network: NetworkId, owner: KeyId, begins: Begins) -> Result<Self, JournalError> {
        let mut nonce = [0; 16];
        rand::rngs::SysRng
            .try_fill_bytes(&mut nonce)
            .map_err(|fault| JournalError::Random { fault: fault.to_string() })?;
        Ok(Self { network, owner, begins, nonce })
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(Self::BYTES);
        bytes.extend(MAGIC);
        bytes.extend(self.begins.version().to_be_bytes());
        bytes.extend(self.network.as_bytes());
        bytes.extend(self.owner.digest().as_bytes());
        bytes.extend(self.nonce);
        bytes.extend(check::<8>(&[&bytes]));
        bytes
    }

    /// Reads the header of a file of our versions.
    pub(super) fn decode(bytes: &[u8]) -> Result<Self, JournalError> {
        let fault = |fault| JournalError::Header { fault };
        let mut at = Reader(bytes);
        if at.take::<16>() != Some(MAGIC) {
            return Err(fault("it does not begin like one"));
        }
        let short = || fault("it ends within its header");
        let found = u32::from_be_bytes(*at.take().ok_or_else(short)?);
        let begins = [Begins::Empty, Begins::Whole].into_iter().find(|it| it.version() == found);
        let begins = begins.ok_or(JournalError::Version { found })?;
        let network = NetworkId::new(crypto::Digest::new(*at.take().ok_or_else(short)?));
        let owner = KeyId::new(crypto::Digest::new(*at.take().ok_or_else(short)?));
        let nonce = *at.take().ok_or_else(short)?;
        let found: [u8; 8] = *at.take().ok_or_else(short)?;
        match found == check::<8>(&[&bytes[..Self::BYTES - 8]]) {
            true => Ok(Self { network, owner, begins, nonce }),
            false => Err(fault("the check of its header does not match")),
        }
    }
}

/// The head of a group, found to be whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) length: u32,
    pub(super) sequence: u64,
}

impl Head {
    pub(super) const BYTES: usize = 4 + 8 + 8;
    /// The check behind the payload.
    pub(super) const TAIL_BYTES: usize = 16;

    /// The head at the beginning of `bytes`, if its check holds.
    pub(super) fn read(header: &Header, bytes: &[u8]) -> Option<Self> {
        let mut at = Reader(bytes);
        let length = u32::from_be_bytes(*at.take()?);
        let sequence = u64::from_be_bytes(*at.take()?);
        let head = Self { length, sequence };
        (*at.take::<8>()? == head.check(header)).then_some(head)
    }

    fn check(self, header: &Header) -> [u8; 8] {
        check(&[&header.nonce, b"head", &self.length.to_be_bytes(), &self.sequence.to_be_bytes()])
    }

    /// Whether `found` is the check of this group's payload.
    pub(super) fn holds(self, header: &Header, payload: &[u8], found: &[u8]) -> bool {
        self.payload_check(header, payload) == *found
    }

    fn payload_check(self, header: &Header, payload: &[u8]) -> [u8; Self::TAIL_BYTES] {
        check(&[&header.nonce, b"load", &self.sequence.to_be_bytes(), payload])
    }
}

/// One thing in a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Item<'a> {
    /// A canonical safety record.
    Record(&'a [u8]),
    /// A canonical certified block.
    Body(&'a [u8]),
    /// Blocks at this height and below may be forgotten.
    Settled(Height),
    /// An earlier journal was lost.
    Lost,
}

/// A group while it is filled.
pub(super) struct Group(Vec<u8>);

impl Group {
    pub(super) const fn new() -> Self {
        Self(Vec::new())
    }

    /// Adds an item, and says where its bytes will stand, counted from the group's first byte.
    pub(super) fn push(&mut self, item: Item<'_>) -> u64 {
        let number;
        let (kind, bytes): (u8, &[u8]) = match item {
            Item::Record(bytes) => (1, bytes),
            Item::Body(bytes) => (2, bytes),
            Item::Settled(height) => {
                number = height.get().to_be_bytes();
                (3, &number)
            }
            Item::Lost => (4, &[]),
        };
        // A canonical value is far below 4 GiB; the group's own length is checked when it is sealed.
        let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        self.0.push(kind);
        self.0.extend(length.to_be_bytes());
        let place = (Head::BYTES + self.0.len()) as u64;
        self.0.extend(bytes);
        place
    }

    /// The group's bytes.
    pub(super) fn seal(self, header: &Header, sequence: u64) -> Result<Vec<u8>, JournalError> {
        let Ok(length) = u32::try_from(self.0.len()) else {
            return Err(JournalError::TooLarge { bytes: self.0.len() });
        };
        let head = Head { length, sequence };
        let mut bytes = Vec::with_capacity(Head::BYTES + self.0.len() + Head::TAIL_BYTES);
        bytes.extend(length.to_be_bytes());
        bytes.extend(sequence.to_be_bytes());
        bytes.extend(head.check(header));
        bytes.extend(&self.0);
        bytes.extend(head.payload_check(header, &self.0));
        Ok(bytes)
    }
}

/// The items of a payload, each with the offset of its bytes in the payload; an error says what is wrong.
pub(super) fn items(payload: &[u8]) -> Result<Vec<(usize, Item<'_>)>, &'static str> {
    let mut items = Vec::new();
    let mut at = Reader(payload);
    while !at.0.is_empty() {
        let [kind] = *at.take().ok_or("an item without a kind")?;
        let length = u32::from_be_bytes(*at.take().ok_or("an item without a length")?);
        let offset = payload.len() - at.0.len();
        let (bytes, rest) = at.0.split_at_checked(length as usize).ok_or("an item longer than its group")?;
        at = Reader(rest);
        items.push((
            offset,
            match kind {
                1 => Item::Record(bytes),
                2 => Item::Body(bytes),
                3 => {
                    let number = bytes.try_into().map_err(|_| "a height that is not 8 bytes")?;
                    Item::Settled(Height::new(u64::from_be_bytes(number)))
                }
                4 if bytes.is_empty() => Item::Lost,
                4 => return Err("a loss that says more"),
                _ => return Err("an item of unknown kind"),
            },
        ));
    }
    Ok(items)
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take<const N: usize>(&mut self) -> Option<&'a [u8; N]> {
        let (taken, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(taken)
    }
}

fn check<const N: usize>(parts: &[&[u8]]) -> [u8; N] {
    let mut hasher = Hasher::new();
    for part in parts {
        hasher.update(part);
    }
    let digest = hasher.finish();
    let (first, _) = digest.as_bytes().split_first_chunk().expect("every check is shorter than a digest");
    *first
}
