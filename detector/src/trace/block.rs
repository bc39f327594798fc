//! Blocks: a payload behind its length, its kind and its checksum.

/// How many bytes of a block stand before its payload.
pub(super) const HEAD: usize = 16;

/// The longest payload: a definition of the longest text fits behind 64 KiB of other records.
pub(super) const LONGEST: usize = 4 << 20;

/// The kind of a block with records.
pub(super) const RECORDS: u8 = 1;
/// The kind of the block that ends a trace.
pub(super) const END: u8 = 2;

/// What stands before a block's payload.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Head {
    pub(super) len: usize,
    pub(super) kind: u8,
    checksum: u32,
}

impl Head {
    /// The head for `payload`.
    ///
    /// # Panics
    ///
    /// Where the payload is longer than [`LONGEST`].
    pub(super) fn new(kind: u8, payload: &[u8]) -> Self {
        assert!(payload.len() <= LONGEST);
        Self {
            len: payload.len(),
            kind,
            checksum: crc32fast::hash(payload),
        }
    }

    pub(super) fn to_bytes(self) -> [u8; HEAD] {
        let mut bytes = [0; HEAD];
        bytes[..4].copy_from_slice(&(self.len as u32).to_le_bytes());
        bytes[4] = self.kind;
        bytes[8..12].copy_from_slice(&self.checksum.to_le_bytes());
        let own = crc32fast::hash(&bytes[..12]);
        bytes[12..].copy_from_slice(&own.to_le_bytes());
        bytes
    }

    /// The head that is written so; otherwise what is wrong with it.
    pub(super) fn from_bytes(bytes: &[u8; HEAD]) -> Result<Self, &'static str> {
        let word =
            |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"));
        if crc32fast::hash(&bytes[..12]) != word(12) {
            return Err("its head does not match its checksum");
        }
        let head = Self {
            len: word(0) as usize,
            kind: bytes[4],
            checksum: word(8),
        };
        if head.len > LONGEST {
            return Err("it is longer than any block may be");
        }
        Ok(head)
    }

    pub(super) fn fits(self, payload: &[u8]) -> bool {
        crc32fast::hash(payload) == self.checksum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_comes_back_and_knows_its_payload() {
        let head = Head::new(RECORDS, b"payload");
        let back = Head::from_bytes(&head.to_bytes()).unwrap();
        assert_eq!(back, head);
        assert!(back.fits(b"payload"));
        assert!(!back.fits(b"pay1oad"));
    }

    #[test]
    fn every_flipped_bit_is_noticed() {
        let bytes = Head::new(RECORDS, b"payload").to_bytes();
        for bit in 0..8 * HEAD {
            let mut flipped = bytes;
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(Head::from_bytes(&flipped).is_err(), "{bit}");
        }
        assert!(Head::from_bytes(&[0; HEAD]).is_err());
    }
}
