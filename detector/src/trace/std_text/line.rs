//! One line of an STD file.

use std::fmt;

/// The operation of a line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Op {
    Read,
    Write,
    Acquire,
    Release,
    Fork,
    Join,
}

impl Op {
    const ALL: [(Self, &str); 6] = [
        (Self::Read, "r"),
        (Self::Write, "w"),
        (Self::Acquire, "acq"),
        (Self::Release, "rel"),
        (Self::Fork, "fork"),
        (Self::Join, "join"),
    ];

    fn of_name(name: &str) -> Option<Self> {
        let row = Self::ALL.into_iter().find(|(_, own)| *own == name)?;
        Some(row.0)
    }
}

/// A line, taken apart.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Line<'a> {
    pub(super) thread: &'a str,
    pub(super) op: Op,
    pub(super) arg: &'a str,
    /// An integer, as it was written.
    pub(super) location: &'a str,
}

/// What is wrong with a line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Malformed {
    /// It holds nothing, and lines follow it.
    Blank,
    /// It is longer than any line that is read.
    TooLong,
    /// It is not text.
    NotUtf8,
    /// It begins with a byte-order mark.
    ByteOrderMark,
    /// A carriage return stands within it.
    CarriageReturn,
    /// It has another number of fields than three.
    Fields(usize),
    /// The thread has no name.
    NoThread,
    /// The field in the middle has another form.
    NoOperation,
    /// The operation has an unknown name.
    UnknownOperation,
    /// The argument is empty, or holds white space.
    Argument,
    /// The location is no integer, or one beyond 64 bits.
    Location,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Blank => f.write_str("it is empty, and lines follow it"),
            Self::TooLong => f.write_str("it is too long"),
            Self::NotUtf8 => f.write_str("it is not valid UTF-8"),
            Self::ByteOrderMark => f.write_str("it begins with a byte-order mark"),
            Self::CarriageReturn => f.write_str("a carriage return stands within it"),
            Self::Fields(1) => f.write_str("it has one field, not three"),
            Self::Fields(number) => write!(f, "it has {number} fields, not three"),
            Self::NoThread => f.write_str("its thread has no name"),
            Self::NoOperation => f.write_str("its middle field is not of the form op(arg)"),
            Self::UnknownOperation => f.write_str("its operation is not known"),
            Self::Argument => f.write_str("its argument is empty or holds white space"),
            Self::Location => f.write_str("its location is not an integer of 64 bits"),
        }
    }
}

impl<'a> Line<'a> {
    /// Takes a line apart, which holds neither a line feed nor a carriage return at its end.
    pub(super) fn parse(line: &'a str) -> Result<Self, Malformed> {
        if line.contains('\r') {
            return Err(Malformed::CarriageReturn);
        }
        let mut fields = line.split('|');
        let (Some(thread), Some(operation), Some(location), None) =
            (fields.next(), fields.next(), fields.next(), fields.next())
        else {
            return Err(Malformed::Fields(line.split('|').count()));
        };
        if thread.trim().is_empty() {
            return Err(Malformed::NoThread);
        }
        let (op, arg) = operation
            .strip_suffix(')')
            .and_then(|operation| operation.split_once('('))
            .ok_or(Malformed::NoOperation)?;
        let op = Op::of_name(op).ok_or(Malformed::UnknownOperation)?;
        if !is_argument(arg) {
            return Err(Malformed::Argument);
        }
        if !is_location(location) {
            return Err(Malformed::Location);
        }
        Ok(Self {
            thread,
            op,
            arg,
            location,
        })
    }
}

/// Whether a text can stand between the parentheses.
pub(super) fn is_argument(text: &str) -> bool {
    !text.is_empty() && !text.contains(['|', ' ', '\t', '\n', '\u{b}', '\u{c}', '\r'])
}

/// Whether a text can stand for a thread that is neither forked nor joined.
pub(super) fn is_thread(text: &str) -> bool {
    !text.trim().is_empty() && !text.contains(['|', '\n', '\r'])
}

/// Whether a text can stand for a location.
pub(super) fn is_location(text: &str) -> bool {
    text.parse::<i64>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_taken_apart() {
        for (text, thread, op, arg, location) in [
            ("T0|r(V123)|345", "T0", Op::Read, "V123", "345"),
            ("T1|w(V234.23[0])|456", "T1", Op::Write, "V234.23[0]", "456"),
            (
                "main thread|acq(a(b))|-1",
                "main thread",
                Op::Acquire,
                "a(b)",
                "-1",
            ),
            ("(|rel())|+007", "(", Op::Release, ")", "+007"),
            ("é|fork(T\u{1f600})|0", "é", Op::Fork, "T\u{1f600}", "0"),
            (
                "T|join(T)|9223372036854775807",
                "T",
                Op::Join,
                "T",
                "9223372036854775807",
            ),
        ] {
            let line = Line {
                thread,
                op,
                arg,
                location,
            };
            assert_eq!(Line::parse(text), Ok(line), "{text}");
        }
    }

    #[test]
    fn other_lines_are_malformed() {
        use Malformed::*;
        for (text, why) in [
            ("hello", Fields(1)),
            ("T0|w(x)", Fields(2)),
            ("T0|w(x)|1|", Fields(4)),
            ("T0|w(a|b)|1", Fields(4)),
            ("|w(x)|1", NoThread),
            (" |w(x)|1", NoThread),
            ("T0|w x|1", NoOperation),
            ("T0|w(x|1", NoOperation),
            ("T0|w(x) |1", NoOperation),
            ("T0||1", NoOperation),
            ("T0|begin(x)|1", UnknownOperation),
            ("T0| w(x)|1", UnknownOperation),
            ("T0|W(x)|1", UnknownOperation),
            ("T0|w()|1", Argument),
            ("T0|w(a b)|1", Argument),
            ("T0|w(x)|", Location),
            ("T0|w(x)|x", Location),
            ("T0|w(x)|1.5", Location),
            ("T0|w(x)| 1", Location),
            ("T0|w(x)|9223372036854775808", Location),
            ("T0\rT1|w(x)|1", CarriageReturn),
        ] {
            assert_eq!(Line::parse(text), Err(why), "{text}");
        }
    }
}
