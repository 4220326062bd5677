//! Bytes, one after another, none before it is known to be there.

/// Why the next part of some bytes cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// They end.
    #[error("{wanted} bytes more are needed, {left} are there")]
    Short {
        /// Bytes needed.
        wanted: usize,
        /// Bytes there.
        left: usize,
    },
    /// A length is out of its bounds.
    #[error("a length of {found}; between {min} and {max} is needed")]
    Length {
        /// The length found.
        found: u64,
        /// The least.
        min: usize,
        /// The most.
        max: usize,
    },
    /// A number is too large, or written with more bytes than it needs.
    #[error("a number that is too large, or longer than it needs to be")]
    Number,
}

/// What is left of some bytes.
pub(super) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// How many bytes are left.
    pub(super) fn rest(&self) -> usize {
        self.0.len()
    }

    fn take(&mut self, wanted: usize) -> Result<&'a [u8], Fault> {
        let short = Fault::Short { wanted, left: self.0.len() };
        let (taken, rest) = self.0.split_at_checked(wanted).ok_or(short)?;
        self.0 = rest;
        Ok(taken)
    }

    pub(super) fn byte(&mut self) -> Result<u8, Fault> {
        self.array::<1>().map(|[byte]| byte)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], Fault> {
        let taken = self.take(N)?;
        taken.try_into().map_err(|_| Fault::Short { wanted: N, left: taken.len() })
    }

    /// A number: seven bits a byte, the lowest first, the highest bit where more follow.
    pub(super) fn number(&mut self) -> Result<u64, Fault> {
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if (bits << shift) >> shift != bits {
                return Err(Fault::Number);
            }
            number |= bits << shift;
            match (byte & 0x80, byte) {
                (0, 0) if shift > 0 => return Err(Fault::Number),
                (0, _) => return Ok(number),
                (_, _) => {}
            }
        }
        Err(Fault::Number)
    }

    /// Bytes behind their length, which is looked at first.
    pub(super) fn bytes(&mut self, min: usize, max: usize) -> Result<&'a [u8], Fault> {
        let found = self.number()?;
        match usize::try_from(found) {
            Ok(length) if (min..=max).contains(&length) => self.take(length),
            Ok(_) | Err(_) => Err(Fault::Length { found, min, max }),
        }
    }
}

/// Writes a number.
pub(super) fn put_number(out: &mut Vec<u8>, mut number: u64) {
    while number > 0x7f {
        // The lowest seven bits, as the mask says.
        out.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// Writes bytes behind their length.
pub(super) fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_number(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}
