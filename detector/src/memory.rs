//! Declared memory: which bytes belong to which cell.
//!
//! A cell claims its bytes when it is first accessed in a run, and again when it has moved;
//! whatever had lain there is forgotten, its accesses included. So memory that is reused by
//! another cell never inherits a history, and a report can name the cell.

use crate::access::{AccessKind, ByteRange};
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::panic::Location;

/// What tells a cell from all others in the process, wherever it lies.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct CellId(pub u64);

/// What a report says of a cell.
#[derive(Clone, Copy, Debug)]
pub struct Declaration {
    /// The kind of cell, such as `Shared`.
    pub cell: &'static str,
    /// The type that the cell holds, as [`std::any::type_name`] gives it; empty for none.
    pub holds: &'static str,
    /// The name that the user gave it.
    pub name: Option<&'static str>,
    /// Where it was made.
    pub declared: &'static Location<'static>,
    /// The distance of its elements in bytes, where it has several.
    pub stride: Option<usize>,
    /// What an access of this kind really is, where it is no access to a value: the wait of a
    /// `WaitGroup`, say.
    pub operation: fn(AccessKind) -> Option<&'static str>,
}

impl Declaration {
    /// For [`Self::operation`]: accesses are what they are.
    #[must_use]
    pub fn plain(_: AccessKind) -> Option<&'static str> {
        None
    }
}

#[derive(Clone, Copy)]
struct Claim {
    bytes: ByteRange,
    owner: CellId,
    declaration: Declaration,
}

/// The claims of all cells of a run.
#[derive(Default)]
pub(crate) struct Memory {
    claims: Mutex<BTreeMap<usize, Claim>>,
}

impl Memory {
    /// Makes `bytes` the memory of `owner`. Unless they already are, `forget` is called before
    /// anybody else can claim or see them.
    pub(crate) fn claim(
        &self,
        bytes: ByteRange,
        owner: CellId,
        declaration: Declaration,
        forget: impl FnOnce(),
    ) {
        let mut claims = self.claims.lock();
        let known = claims.get(&bytes.start());
        if known.is_some_and(|claim| claim.owner == owner && claim.bytes == bytes) {
            return;
        }
        while let Some(start) = overlapping(&claims, bytes) {
            claims.remove(&start);
        }
        claims.insert(
            bytes.start(),
            Claim {
                bytes,
                owner,
                declaration,
            },
        );
        forget();
    }

    /// Gives up the claim of `owner` that starts at `start`, if it still stands; `forget` is
    /// called with its bytes before anybody else can claim them.
    pub(crate) fn release(&self, start: usize, owner: CellId, forget: impl FnOnce(ByteRange)) {
        let mut claims = self.claims.lock();
        if claims.get(&start).is_some_and(|claim| claim.owner == owner)
            && let Some(claim) = claims.remove(&start)
        {
            forget(claim.bytes);
        }
    }

    /// The cell that `address` belongs to, and which of its elements that is.
    pub(crate) fn find(&self, address: usize) -> Option<(Declaration, Option<u64>)> {
        let claims = self.claims.lock();
        let (_, claim) = claims.range(..=address).next_back()?;
        let offset = address - claim.bytes.start();
        let index = claim
            .declaration
            .stride
            .map(|stride| (offset / stride) as u64);
        (address < claim.bytes.end()).then_some((claim.declaration, index))
    }
}

fn overlapping(claims: &BTreeMap<usize, Claim>, bytes: ByteRange) -> Option<usize> {
    let (&start, claim) = claims.range(..bytes.end()).next_back()?;
    claim.bytes.overlaps(bytes).then_some(start)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn declaration(stride: Option<usize>) -> Declaration {
        let declared = Location::caller();
        Declaration {
            cell: "Shared",
            holds: "u8",
            name: None,
            declared,
            stride,
            operation: Declaration::plain,
        }
    }

    fn claim(memory: &Memory, start: usize, len: usize, owner: u64) -> bool {
        let mut forgotten = false;
        let bytes = ByteRange::new(start, len).unwrap();
        memory.claim(bytes, CellId(owner), declaration(Some(4)), || {
            forgotten = true;
        });
        forgotten
    }

    #[test]
    fn only_a_new_owner_forgets() {
        let memory = Memory::default();
        assert!(claim(&memory, 100, 8, 1));
        assert!(!claim(&memory, 100, 8, 1));
        assert!(claim(&memory, 104, 8, 2));
        assert!(memory.find(100).is_none(), "the overlapped claim is gone");
        assert!(claim(&memory, 100, 8, 1));
    }

    #[test]
    fn an_address_gives_cell_and_element() {
        let memory = Memory::default();
        claim(&memory, 100, 12, 1);
        assert!(memory.find(99).is_none());
        assert_eq!(memory.find(111).unwrap().1, Some(2));
        assert!(memory.find(112).is_none());
    }

    #[test]
    fn only_the_owner_releases() {
        let memory = Memory::default();
        claim(&memory, 100, 8, 1);
        memory.release(100, CellId(2), |_| panic!("not the owner"));
        assert!(memory.find(100).is_some());
        memory.release(100, CellId(1), |bytes| assert_eq!(bytes.len(), 8));
        assert!(memory.find(100).is_none());
    }
}
