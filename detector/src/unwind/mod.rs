//! Walking the current stack: from return address to return address, innermost first.
//!
//! What the unwind tables say of a return address never changes while its code is loaded: how far
//! away the caller's frame is, and where the frame pointer is kept. So it is read from the tables
//! once for each address, and kept; [`rules`] walks by what is kept. A step is then a look-up and two
//! loads.
//!
//! The addresses are those that the system's unwinder gives, always. A walk by rules uses nothing
//! but the unwind tables, and gives up where they say what a rule cannot: of a signal handler's
//! caller, of code that was made at run time, of objects that can be unloaded, whose addresses may
//! get another meaning. Then [`library`] walks the whole stack, as it does on platforms that have no
//! rules.

mod library;
#[cfg(all(
    target_os = "linux",
    target_arch = "x86_64",
    target_pointer_width = "64",
    not(miri)
))]
mod rules;

#[cfg(not(all(
    target_os = "linux",
    target_arch = "x86_64",
    target_pointer_width = "64",
    not(miri)
)))]
use library as rules;

use smallvec::SmallVec;
use std::ops::Range;

/// The deepest stack that is kept whole; of a deeper one the innermost frames are kept.
const MAX_FRAMES: usize = 256;

/// The return addresses of a stack, innermost first. The innermost few may be this module's own.
pub(crate) type Addresses = SmallVec<[usize; 48]>;

/// The current stack, up to the first frame that does not lie within `stack`.
pub(crate) fn walk(stack: &Range<usize>) -> Addresses {
    let mut visitor = Visitor {
        stack,
        addresses: Addresses::new(),
    };
    if !rules::walk(&mut visitor) {
        visitor.addresses.clear();
        library::walk(&mut visitor);
    }
    visitor.addresses
}

/// What a walk has seen, and how far it goes.
struct Visitor<'a> {
    stack: &'a Range<usize>,
    addresses: Addresses,
}

impl Visitor<'_> {
    /// A frame, and where its stack pointer is; whether to go on.
    #[inline]
    fn visit(&mut self, ip: usize, sp: usize) -> bool {
        // The system's unwinder tells of the end by a frame that is none.
        let goes_on = ip != 0 && self.stack.contains(&sp) && self.addresses.len() < MAX_FRAMES;
        if goes_on {
            self.addresses.push(ip);
        }
        goes_on
    }
}
