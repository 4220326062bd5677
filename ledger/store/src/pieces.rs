//! Pieces: how a large value lies on disk.
//!
//! sled keeps up to 16 pairs in a page, and a page over 128 KiB in a file of its own, which its cache counts as a
//! few bytes and so never lets go: with whole blocks as values, resident memory grows as fast as the data. So a value
//! longer than 4 KiB lies in pieces, each under a key of its own next to one another, and no page gets that large.
//!
//! The *head*, stored under the value's key, is a form byte and either the sealed value or its length (u64,
//! big-endian). Piece `n` lies under the stored key with the high bit of its tag set, followed by `n` (u32,
//! big-endian); the fixed width keeps the pieces of different keys apart.

/// Length of every piece but the last, in bytes.
pub(crate) const PIECE_BYTES: usize = 4 << 10;

/// Set in the tag of a piece's key. No table has it.
pub(crate) const PIECE_TAG: u8 = 0x80;

const WHOLE: u8 = 0;
const DIVIDED: u8 = 1;

/// The head of a sealed value.
pub(crate) fn head(sealed: &[u8]) -> Vec<u8> {
    if sealed.len() <= PIECE_BYTES {
        [&[WHOLE], sealed].concat()
    } else {
        [&[DIVIDED], (sealed.len() as u64).to_be_bytes().as_slice()].concat()
    }
}

/// The pieces of a sealed value with their keys; none when it lies in its head.
pub(crate) fn pieces<'a>(
    stored_key: &'a [u8],
    sealed: &'a [u8],
) -> impl Iterator<Item = (Vec<u8>, &'a [u8])> + 'a {
    let divided = if sealed.len() <= PIECE_BYTES { &[] } else { sealed };
    (0..).zip(divided.chunks(PIECE_BYTES)).map(|(n, piece)| (piece_key(stored_key, n), piece))
}

/// The key of piece `n`.
pub(crate) fn piece_key(stored_key: &[u8], n: u32) -> Vec<u8> {
    let mut key = [stored_key, &n.to_be_bytes()].concat();
    if let Some(tag) = key.first_mut() {
        *tag |= PIECE_TAG;
    }
    key
}

/// How many pieces belong to a head. A damaged head has none.
pub(crate) fn count(head: &[u8]) -> u32 {
    match divided_bytes(head) {
        Some(length) => u32::try_from(length.div_ceil(PIECE_BYTES as u64)).unwrap_or(0),
        None => 0,
    }
}

/// The sealed value of a head, its pieces read with `read`. Where something is missing or makes no sense it is
/// empty, which no sealed value is. Allocates only for what is there.
///
/// # Errors
/// Those of `read`.
pub(crate) fn gather<P: AsRef<[u8]>, E>(
    stored_key: &[u8],
    head: &[u8],
    mut read: impl FnMut(&[u8]) -> Result<Option<P>, E>,
) -> Result<Vec<u8>, E> {
    if let Some((&WHOLE, sealed)) = head.split_first() {
        return Ok(sealed.to_vec());
    }
    let mut sealed = Vec::new();
    for n in 0..count(head) {
        match read(&piece_key(stored_key, n))? {
            Some(piece) => sealed.extend_from_slice(piece.as_ref()),
            None => break,
        }
    }
    if divided_bytes(head) != Some(sealed.len() as u64) {
        sealed.clear();
    }
    Ok(sealed)
}

/// The length a head says its divided value has, in bytes.
fn divided_bytes(head: &[u8]) -> Option<u64> {
    match head.split_first() {
        Some((&DIVIDED, length)) => length.try_into().map(u64::from_be_bytes).ok(),
        Some(_) | None => None,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::convert::Infallible;

    use super::*;

    fn gathered(head: &[u8], stored: &BTreeMap<Vec<u8>, Vec<u8>>) -> Vec<u8> {
        gather(b"\x02key", head, |key| Ok::<_, Infallible>(stored.get(key))).expect("a map does not fail")
    }

    #[test]
    fn a_value_of_any_length_comes_together_again() {
        for length in [0, 1, 8, PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1, 2 * PIECE_BYTES, 99_999] {
            let sealed: Vec<u8> = (0..length).map(|i| (i / 7) as u8).collect();
            let head = head(&sealed);
            let stored: BTreeMap<_, _> =
                pieces(b"\x02key", &sealed).map(|(key, piece)| (key, piece.to_vec())).collect();
            assert_eq!(stored.len(), count(&head) as usize, "{length}");
            assert!(head.len() <= PIECE_BYTES + 1 && stored.values().all(|piece| piece.len() <= PIECE_BYTES));
            assert_eq!(gathered(&head, &stored), sealed, "{length}");
        }
    }

    #[test]
    fn what_is_missing_or_senseless_gives_nothing() {
        let sealed = vec![7; 3 * PIECE_BYTES];
        let mut stored: BTreeMap<_, _> =
            pieces(b"\x02key", &sealed).map(|(key, piece)| (key, piece.to_vec())).collect();
        stored.remove(&piece_key(b"\x02key", 1));
        assert!(gathered(&head(&sealed), &stored).is_empty());
        // A length that no disk holds is neither allocated for nor looked for.
        let endless = [&[DIVIDED][..], &[0xff; 8]].concat();
        let long = [&[DIVIDED][..], &(1_u64 << 40).to_be_bytes()].concat();
        for senseless in [&[][..], &[DIVIDED], &[DIVIDED, 0, 0], &[9, 9, 9], &endless, &long] {
            assert!(gathered(senseless, &stored).is_empty(), "{senseless:?}");
        }
    }

    #[test]
    fn pieces_of_different_keys_never_meet() {
        assert_ne!(piece_key(b"\x02a", 0), piece_key(b"\x02a\0\0\0\0", 0));
        assert_ne!(piece_key(b"\x02a", 1), piece_key(b"\x03a", 1));
        assert!(piece_key(b"\x02a", 1) < piece_key(b"\x02a", 256));
    }
}
