//! A bundle of entries, taken apart. Nothing is copied, and nothing of it is believed.
//! Source: C2SP tlog-tiles, "Log Entries".

/// The entries of a bundle, which must be so many.
///
/// # Errors
/// What is wrong: one ends early, there are too few, or something is left over.
pub fn entries(mut bundle: &[u8], width: u16) -> Result<Vec<&[u8]>, String> {
    let mut entries = Vec::with_capacity(usize::from(width));
    for position in 0..width {
        let ends = || format!("it ends within entry {position} of {width}");
        let (length, rest) = bundle.split_first_chunk::<2>().ok_or_else(ends)?;
        let length = usize::from(u16::from_be_bytes(*length));
        let (entry, rest) = rest.split_at_checked(length).ok_or_else(ends)?;
        entries.push(entry);
        bundle = rest;
    }
    match bundle.len() {
        0 => Ok(entries),
        left => Err(format!("{left} bytes are left over behind {width} entries")),
    }
}

#[cfg(test)]
mod tests {
    use super::entries;

    #[test]
    fn a_bundle_has_all_its_entries_and_nothing_else() {
        assert_eq!(entries(b"\0\x01a\0\0", 2), Ok(vec![&b"a"[..], b""]));
        for (bundle, width) in [(&b"\0\x01a"[..], 2), (b"\0\x01a\0\0", 1), (b"\0\x02a", 1), (b"\0", 1)] {
            assert!(entries(bundle, width).is_err(), "{bundle:?}");
        }
    }
}
