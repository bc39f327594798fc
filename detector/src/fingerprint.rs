//! The identity of a race across runs, and across edits that do not concern it.
//!
//! Lines are left out, for an edit further up moves them. What stays are both accesses (kind,
//! operation, the column of the innermost place), the functions of both stacks without what a
//! compiler makes up, and the cell. Two races may share all that, so whoever drops repetitions
//! asks for the places, too: [`places`].

use crate::report::{Access, MemoryLocation, Position, RaceReport, StackFrame};

/// A hash of both accesses, whichever came first, and of the cell. 16 hexadecimal digits.
pub(crate) fn fingerprint(one: &Access, other: &Access, location: &MemoryLocation) -> String {
    let mut sides = [side(one), side(other)];
    sides.sort_unstable();
    let cell = location.cell.as_deref().unwrap_or_default();
    let name = location.name.as_deref().unwrap_or_default();
    let cell = fnv1a(format!("{cell}\0{name}").bytes());
    let all = [sides[0], sides[1], cell];
    format!("{:016x}", fnv1a(all.into_iter().flat_map(u64::to_le_bytes)))
}

/// A hash of every place in both stacks, whichever came first: what tells two races of one
/// fingerprint apart, within one build of a program.
pub(crate) fn places(report: &RaceReport) -> u64 {
    let mut sides = [&report.current, &report.previous].map(|access| {
        let places = access.stack.iter().filter_map(|frame| frame.at.as_ref());
        let text: String = places
            .map(|Position { file, line, column }| format!("{file}:{line}:{column}\0"))
            .collect();
        fnv1a(text.bytes())
    });
    sides.sort_unstable();
    fnv1a(sides.into_iter().flat_map(u64::to_le_bytes))
}

fn side(access: &Access) -> u64 {
    let operation = access.operation.as_deref().unwrap_or_default();
    let innermost = access.stack.first().and_then(|frame| frame.at.as_ref());
    let column = innermost.map_or(0, |at| at.column);
    let mut text = format!("{}\0{operation}\0{column}", access.kind);
    for frame in &access.stack {
        text.push('\0');
        text.push_str(&normalised(frame));
    }
    fnv1a(text.bytes())
}

/// A frame by its function, without the hash of a symbol and the numbers of closures; where
/// the function is not known, by its file.
pub(crate) fn normalised(frame: &StackFrame) -> String {
    if !frame.is_named() {
        let file = frame.at.as_ref().map(|at| at.file.clone());
        return file.unwrap_or_default();
    }
    let function = without_hash(&frame.function);
    let mut text = String::with_capacity(function.len());
    let mut letters = function.chars().peekable();
    while let Some(letter) = letters.next() {
        let doubled = matches!(letter, '{' | '}') && text.ends_with(letter);
        match letter {
            '#' if text.contains('{') => while letters.next_if(char::is_ascii_digit).is_some() {},
            _ if doubled => {}
            _ => text.push(letter),
        }
    }
    text
}

/// `f::h0123456789abcdef` as `f`.
pub(crate) fn without_hash(function: &str) -> &str {
    match function.rsplit_once("::h") {
        Some((path, hash))
            if hash.len() == 16 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()) =>
        {
            path
        }
        _ => function,
    }
}

/// The 64-bit FNV-1a hash (Fowler, Noll, Vo), which is the same in every version of Rust.
pub(crate) fn fnv1a(bytes: impl Iterator<Item = u8>) -> u64 {
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::AccessKind;

    fn access(kind: AccessKind, function: &str, line: u32, column: u32) -> Access {
        let file = "src/a.rs".into();
        Access {
            kind,
            operation: None,
            size: 8,
            goroutine: 1,
            stack: vec![StackFrame {
                function: function.into(),
                at: Some(Position { file, line, column }),
            }],
            locks: None,
            source: None,
        }
    }

    fn cell(name: Option<&str>) -> MemoryLocation {
        MemoryLocation {
            address: 4096,
            size: 8,
            cell: Some("Shared<u64>".into()),
            name: name.map(str::to_owned),
            index: None,
            declared: None,
            allocated: None,
        }
    }

    fn read(function: &str) -> Access {
        access(AccessKind::Read, function, 3, 9)
    }

    fn write(function: &str) -> Access {
        access(AccessKind::Write, function, 4, 9)
    }

    #[track_caller]
    fn same(one: (&Access, &Access), other: (&Access, &Access), expected: bool) {
        let id = |(a, b)| fingerprint(a, b, &cell(None));
        assert_eq!(id(one) == id(other), expected);
    }

    #[test]
    fn order_does_not_matter_but_function_and_kind_do() {
        let race = (&read("f"), &write("g"));
        same(race, (&write("g"), &read("f")), true);
        same(race, (&write("f"), &read("g")), false);
        same(race, (&read("f"), &write("f")), false);
        same(race, (&read("f"), &read("g")), false);
    }

    #[test]
    fn lines_do_not_matter_but_the_innermost_column_does() {
        let other = write("g");
        let moved = access(AccessKind::Read, "f", 300, 9);
        same((&read("f"), &other), (&moved, &other), true);
        let aside = access(AccessKind::Read, "f", 3, 10);
        same((&read("f"), &other), (&aside, &other), false);
    }

    #[test]
    fn what_a_compiler_makes_up_does_not_matter() {
        let other = write("g");
        for (one, another, expected) in [
            ("m::f::h0123456789abcdef", "m::f::hfedcba9876543210", true),
            ("m::f::h0123456789abcdef", "m::f", true),
            ("m::f::{closure#0}", "m::f::{closure#17}", true),
            ("m::f::{closure#0}", "m::f::{{closure}}", true),
            ("m::f::{closure#0}", "m::f", false),
            ("m::hello", "m::help", false),
        ] {
            same((&read(one), &other), (&read(another), &other), expected);
        }
    }

    #[test]
    fn the_cell_matters() {
        let (one, other) = (read("f"), write("g"));
        let named = |name| fingerprint(&one, &other, &cell(name));
        assert_ne!(named(Some("a")), named(Some("b")));
        assert_ne!(named(Some("a")), named(None));
        assert_eq!(named(Some("a")), named(Some("a")));
    }

    #[test]
    fn the_hash_is_the_published_one() {
        assert_eq!(fnv1a(b"".iter().copied()), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv1a(b"a".iter().copied()), 0xaf63_dc4c_8601_ec8c);
    }
}
