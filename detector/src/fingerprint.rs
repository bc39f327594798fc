//! The identity of a race across runs.

use crate::access::AccessKind;
use crate::report::StackFrame;

/// A hash of both accesses, whichever came first: their kinds, and their stacks' functions
/// and places. 16 hexadecimal digits.
pub(crate) fn fingerprint(
    one: (AccessKind, &[StackFrame]),
    other: (AccessKind, &[StackFrame]),
) -> String {
    let mut sides = [side(one), side(other)];
    sides.sort_unstable();
    let both = sides[0]
        .to_le_bytes()
        .into_iter()
        .chain(sides[1].to_le_bytes());
    format!("{:016x}", fnv1a(both))
}

fn side((kind, stack): (AccessKind, &[StackFrame])) -> u64 {
    let mut text = kind.to_string();
    for frame in stack {
        text.push('\0');
        text.push_str(&frame.function);
        if let Some(at) = &frame.at {
            text.push_str(&format!("\0{}:{}:{}", at.file, at.line, at.column));
        }
    }
    fnv1a(text.bytes())
}

/// The 64-bit FNV-1a hash (Fowler, Noll, Vo), which is the same in every version of Rust.
fn fnv1a(bytes: impl Iterator<Item = u8>) -> u64 {
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_does_not_matter_but_place_and_kind_do() {
        let frame = |function: &str| {
            vec![StackFrame {
                function: function.into(),
                at: None,
            }]
        };
        let (f, g) = (frame("f"), frame("g"));
        let id = |a, b| fingerprint(a, b);
        let same = id((AccessKind::Read, &f), (AccessKind::Write, &g));
        assert_eq!(same, id((AccessKind::Write, &g), (AccessKind::Read, &f)));
        assert_ne!(same, id((AccessKind::Write, &f), (AccessKind::Read, &g)));
        assert_ne!(same, id((AccessKind::Read, &f), (AccessKind::Write, &f)));
    }

    #[test]
    fn the_hash_is_the_published_one() {
        assert_eq!(fnv1a(b"".iter().copied()), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv1a(b"a".iter().copied()), 0xaf63_dc4c_8601_ec8c);
    }
}
