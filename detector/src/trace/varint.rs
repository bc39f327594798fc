//! Whole numbers in as few bytes as they need.
//!
//! The number of trailing zero bits of the first byte is the number of bytes that follow it,
//! 0 to 8. Of one to eight bytes, read as a little-endian number, the lowest bits up to the
//! lowest one that is set say the length, and what is left above them is the value: seven bits
//! a byte. Where the first byte is zero, eight bytes follow that hold the value. So a reader
//! knows the length from one byte, and takes the value from one load, one count and two shifts,
//! with nothing for the processor to guess wrong.

/// How many bytes from the number's first must be there to read, whatever its length.
pub(super) const WINDOW: usize = 9;

/// Adds `value` to `out`.
#[inline]
pub(super) fn put(out: &mut Vec<u8>, value: u64) {
    let bits = 64 - (value | 1).leading_zeros();
    let bytes = bits.div_ceil(7);
    if bytes > 8 {
        out.push(0);
        out.extend_from_slice(&value.to_le_bytes());
        return;
    }
    let word = (value << bytes) | (1 << (bytes - 1));
    let len = out.len() + bytes as usize;
    out.extend_from_slice(&word.to_le_bytes());
    out.truncate(len);
}

/// The number that begins at `at`, and where the next thing begins.
///
/// # Panics
///
/// Where `bytes` do not reach [`WINDOW`] bytes from `at`.
#[inline(always)]
pub(super) fn get(bytes: &[u8], at: usize) -> (u64, usize) {
    let window: &[u8; WINDOW] = bytes[at..at + WINDOW].try_into().expect("so many");
    let (word, _) = window
        .split_first_chunk()
        .expect("nine are more than eight");
    let word = u64::from_le_bytes(*word);
    let len = (word as u8).trailing_zeros() + 1;
    if len > 8 {
        let (_, value) = window.split_last_chunk().expect("nine are more than eight");
        return (u64::from_le_bytes(*value), at + WINDOW);
    }
    let value = (word << (64 - 8 * len)) >> (64 - 7 * len);
    (value, at + len as usize)
}

/// A signed number as one whose size follows its distance from zero.
#[inline]
pub(super) fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

/// The inverse of [`zigzag`].
#[inline]
pub(super) fn unzigzag(value: u64) -> i64 {
    (value >> 1) as i64 ^ -((value & 1) as i64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn round(value: u64) -> usize {
        let mut bytes = vec![0xff; 3];
        put(&mut bytes, value);
        let end = bytes.len();
        bytes.extend([0xff; WINDOW]);
        assert_eq!(get(&bytes, 3), (value, end), "{value:#x}");
        end - 3
    }

    #[test]
    fn lengths_grow_at_every_seventh_bit() {
        for len in 1..=8 {
            let least = if len == 1 { 0 } else { 1 << (7 * (len - 1)) };
            assert_eq!(round(least), len);
            assert_eq!(round((1 << (7 * len)) - 1), len);
        }
        assert_eq!(round(1 << 56), 9);
        assert_eq!(round(u64::MAX), 9);
    }

    #[test]
    fn numbers_near_zero_are_small_on_both_sides() {
        for (signed, unsigned) in [(0, 0), (-1, 1), (1, 2), (i64::MAX, u64::MAX - 1)] {
            assert_eq!(zigzag(signed), unsigned);
            assert_eq!(unzigzag(unsigned), signed);
        }
        assert_eq!(unzigzag(zigzag(i64::MIN)), i64::MIN);
    }

    proptest! {
        #[test]
        fn numbers_come_back(value: u64, shift in 0u32..64) {
            round(value >> shift);
        }
    }
}
