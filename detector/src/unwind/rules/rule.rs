//! What the unwind tables say of one return address, in 27 bits.

use super::Frame;
use std::ptr::with_exposed_provenance;

/// The bits that a packed rule has.
pub(super) const BITS: u32 = 27;

pub(super) const WORD: usize = size_of::<usize>();

/// How to find the caller's frame from one whose code was left at this return address.
///
/// The *canonical frame address* (CFA) is the stack pointer's value before the call that made the
/// frame. Distances are in words.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Rule {
    /// The CFA is so far above a register; the return address lies right below it.
    Above {
        register: Register,
        /// Below 2^18.
        words: usize,
        /// How far below the CFA the caller's frame pointer is kept, below 2^6; 0 where nobody has
        /// changed it.
        saved: usize,
    },
    /// The caller's frame is on another stack, say. A word that is so far above the frame pointer
    /// holds an address, and the CFA is so far above that. What else there is to know, a rule
    /// cannot say.
    Linked {
        /// Below 2^8.
        words: usize,
        /// Below 2^8.
        plus: usize,
    },
    /// There is no caller.
    Outermost,
    /// Ask the library.
    Unknown,
}

/// What a [`Rule`] starts from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Register {
    Stack,
    Frame,
}

/// What a rule says of the caller.
pub(super) enum Caller {
    /// It is here.
    Frame(Frame),
    /// Its stack pointer is this.
    Stack(usize),
    None,
    Unknown,
}

impl Rule {
    /// In [`BITS`] bits, not all of them zero. What does not fit is [`Rule::Unknown`].
    pub(super) fn pack(self) -> u64 {
        let (kind, parts): (u64, &[(usize, u32)]) = match self {
            Self::Unknown => (0, &[(1, 1)]),
            Self::Outermost => (0, &[(2, 2)]),
            Self::Above {
                register,
                words,
                saved,
            } => (
                1 + u64::from(register == Register::Frame),
                &[(words, 18), (saved, 6)],
            ),
            Self::Linked { words, plus } => (3, &[(words, 8), (plus, 8)]),
        };
        let mut packed = kind;
        let mut shift = 2;
        for &(value, bits) in parts {
            if value >> bits != 0 {
                return Self::Unknown.pack();
            }
            packed |= (value as u64) << shift;
            shift += bits;
        }
        packed
    }

    #[inline]
    pub(super) fn unpack(packed: u64) -> Self {
        let part = |shift: u32, bits: u32| (packed >> shift) as usize & ((1 << bits) - 1);
        let above = |register| Self::Above {
            register,
            words: part(2, 18),
            saved: part(20, 6),
        };
        match part(0, 2) {
            1 => above(Register::Stack),
            2 => above(Register::Frame),
            3 => Self::Linked {
                words: part(2, 8),
                plus: part(10, 8),
            },
            _ if part(2, 2) == 2 => Self::Outermost,
            _ => Self::Unknown,
        }
    }

    /// Where the frame pointer of a caller whose stack pointer is `cfa` is kept; 0 where nobody has
    /// changed it.
    #[inline]
    pub(super) fn saved_at(self, cfa: usize) -> usize {
        match self {
            Self::Above { saved, .. } if saved != 0 => cfa - WORD * saved,
            _ => 0,
        }
    }

    /// Whether the caller is found by the frame pointer.
    #[inline]
    pub(super) fn uses_bp(self) -> bool {
        match self {
            Self::Above { register, .. } => register == Register::Frame,
            Self::Linked { .. } => true,
            Self::Outermost | Self::Unknown => false,
        }
    }

    /// The caller of `frame`.
    ///
    /// # Safety
    ///
    /// The rule must be that of the frame's return address, and the frame be one of a live stack.
    #[inline]
    pub(super) unsafe fn caller(self, frame: Frame) -> Caller {
        // SAFETY: the unwind tables say that the caller's registers are kept in these words, and
        // the frame is live; they are aligned as all that is pushed is.
        let word = |address: usize| unsafe { with_exposed_provenance::<usize>(address).read() };
        match self {
            Self::Above {
                register,
                words,
                saved,
            } => {
                let from = match register {
                    Register::Stack => frame.sp,
                    Register::Frame => frame.bp,
                };
                let cfa = from + WORD * words;
                Caller::Frame(Frame {
                    ip: word(cfa - WORD),
                    sp: cfa,
                    bp: match saved {
                        0 => frame.bp,
                        saved => word(cfa - WORD * saved),
                    },
                })
            }
            Self::Linked { words, plus } => {
                Caller::Stack(word(frame.bp + WORD * words) + WORD * plus)
            }
            Self::Outermost => Caller::None,
            Self::Unknown => Caller::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_packed_whole_or_not_at_all() {
        let above = |register, words, saved| Rule::Above {
            register,
            words,
            saved,
        };
        let linked = |words, plus| Rule::Linked { words, plus };
        let fitting = [
            above(Register::Stack, 1, 0),
            above(Register::Stack, (1 << 18) - 1, 2),
            above(Register::Frame, 2, 63),
            linked(0, 3),
            linked(255, 255),
            Rule::Outermost,
            Rule::Unknown,
        ];
        for rule in fitting {
            let packed = rule.pack();
            assert!(packed != 0 && packed >> BITS == 0, "{rule:?}");
            assert_eq!(Rule::unpack(packed), rule);
        }
        let larger = [
            above(Register::Stack, 1 << 18, 0),
            above(Register::Frame, 2, 64),
            linked(256, 0),
            linked(0, 256),
        ];
        for rule in larger {
            assert_eq!(Rule::unpack(rule.pack()), Rule::Unknown, "{rule:?}");
        }
    }
}
