//! Saved sequences: many byte strings in one file, each after its length in two bytes, low byte
//! first.

/// The byte strings that `file` holds.
///
/// # Panics
///
/// Where the file ends within one.
pub fn unpack(mut file: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (length, rest) = file.split_first_chunk()?;
        let (entry, rest) = rest
            .split_at_checked(usize::from(u16::from_le_bytes(*length)))
            .expect("the corpus is whole");
        file = rest;
        Some(entry)
    })
}

/// The file that holds `entries`.
///
/// # Panics
///
/// Where one is longer than two bytes can say.
#[must_use]
pub fn pack<'a>(entries: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut file = Vec::new();
    for entry in entries {
        let length = u16::try_from(entry.len()).expect("entries are short");
        file.extend(length.to_le_bytes());
        file.extend(entry);
    }
    file
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_can_be_unpacked() {
        let entries = [&b"one"[..], b"", &[7; 300]];
        let file = pack(entries);
        assert_eq!(unpack(&file).collect::<Vec<_>>(), entries);
        assert_eq!(unpack(&[]).count(), 0);
    }
}
