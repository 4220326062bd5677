//! Headers of Bitcoin blocks, as somebody gave them to us. Source: the Bitcoin protocol's block headers.
//!
//! That a header stands in the chain with the most work is not seen here: who gives it answers for that.

use std::collections::BTreeMap;
use std::str::FromStr;

use crypto::sha256;

/// Bytes of a header.
pub const HEADER_BYTES: usize = 80;
/// Largest text of headers, in bytes: some 190,000 blocks.
pub const HEADERS_BYTES_MAX: usize = 32 << 20;

/// A header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header([u8; HEADER_BYTES]);

/// Why a text is no header, or no list of them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    /// Not hex, or not so many bytes.
    #[error("a header is {HEADER_BYTES} bytes in hex; {found} characters were given")]
    Header {
        /// Characters found.
        found: usize,
    },
    /// A line that is not a height and a header.
    #[error("line {line}: a height, a space and a header in hex are needed")]
    Line {
        /// The line, from 1.
        line: usize,
    },
}

impl Header {
    /// The root of its transactions.
    pub fn merkle_root(&self) -> &[u8] {
        &self.0[36..68]
    }

    /// When its miner says it was made, in seconds since 1970. Other nodes took it within about two hours of that.
    pub fn time_s(&self) -> u64 {
        let [a, b, c, d] = [self.0[68], self.0[69], self.0[70], self.0[71]];
        u64::from(u32::from_le_bytes([a, b, c, d]))
    }

    /// Its hash as it is usually shown: in hex, last byte first.
    pub fn hash(&self) -> String {
        let mut bytes = *sha256(sha256(&self.0).as_bytes()).as_bytes();
        bytes.reverse();
        hex::encode(bytes)
    }
}

impl FromStr for Header {
    type Err = HeaderError;

    fn from_str(text: &str) -> Result<Self, HeaderError> {
        let mut bytes = [0; HEADER_BYTES];
        match hex::decode_to_slice(text, &mut bytes) {
            Ok(()) => Ok(Self(bytes)),
            Err(_) => Err(HeaderError::Header { found: text.chars().count() }),
        }
    }
}

/// Headers by height.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Headers(BTreeMap<u64, Header>);

impl Headers {
    /// The header of this height, if it was given.
    pub fn at(&self, height: u64) -> Option<&Header> {
        self.0.get(&height)
    }

    /// How many were given.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether none was given.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromStr for Headers {
    type Err = HeaderError;

    /// One a line: height, space, header in hex. Empty lines, and those that begin with `#`, are passed over.
    fn from_str(text: &str) -> Result<Self, HeaderError> {
        let mut headers = BTreeMap::new();
        for (at, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let fault = || HeaderError::Line { line: at + 1 };
            let (height, header) = line.split_once(' ').ok_or_else(fault)?;
            let height = height.parse().map_err(|_| fault())?;
            headers.insert(height, header.trim().parse().map_err(|_| fault())?);
        }
        Ok(Self(headers))
    }
}
