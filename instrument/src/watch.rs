//! How the detector knows a cell.

use deadheat_runtime::detect::{Anchor, access_cell, bytes_at, claim_cell};
use deadheat_runtime::detector::access::{AccessKind, ByteRange};
use deadheat_runtime::detector::memory::Declaration;
use deadheat_runtime::{any_watched, safepoint};
use std::panic::Location;

/// A cell's identity, name and place of declaration.
#[derive(Debug)]
pub(crate) struct Watch {
    anchor: Anchor,
    declared: &'static Location<'static>,
    name: Option<&'static str>,
}

/// A cell's memory, as reports describe it.
#[derive(Clone, Copy)]
pub(crate) struct Extent {
    /// The kind of cell.
    pub(crate) cell: &'static str,
    /// The type that it holds.
    pub(crate) holds: &'static str,
    /// Where it starts.
    pub(crate) start: usize,
    /// Its length in bytes.
    pub(crate) len: usize,
    /// The distance of its elements, where it has several.
    pub(crate) stride: Option<usize>,
}

impl Watch {
    #[track_caller]
    pub(crate) const fn new(name: Option<&'static str>) -> Self {
        Self {
            anchor: Anchor::new(),
            declared: Location::caller(),
            name,
        }
    }

    pub(crate) fn name(&self) -> Option<&'static str> {
        self.name
    }

    /// Makes the cell's memory known to the caller's run, so that a raw access that comes before
    /// the cell's own is one to the cell.
    pub(crate) fn claim(&self, extent: impl FnOnce() -> Extent) {
        if any_watched() {
            let extent = extent();
            let whole = bytes_at(extent.start, extent.len);
            claim_cell(&self.anchor, whole, || self.declaration(extent));
        }
    }

    fn declaration(&self, extent: Extent) -> Declaration {
        Declaration {
            cell: extent.cell,
            holds: extent.holds,
            name: self.name,
            declared: self.declared,
            stride: extent.stride,
            operation: Declaration::plain,
        }
    }

    /// A point at which the scheduler may switch, then an access to `bytes` of the cell.
    /// Costs one load while no run watches.
    #[inline]
    pub(crate) fn access(
        &self,
        kind: AccessKind,
        at: &'static Location<'static>,
        bytes: impl FnOnce() -> (Extent, ByteRange),
    ) {
        if any_watched() {
            self.record(kind, at, bytes());
        }
    }

    #[cold]
    fn record(
        &self,
        kind: AccessKind,
        at: &'static Location<'static>,
        (extent, bytes): (Extent, ByteRange),
    ) {
        safepoint();
        let whole = bytes_at(extent.start, extent.len);
        access_cell(
            &self.anchor,
            whole,
            || self.declaration(extent),
            kind,
            bytes,
            at,
        );
    }
}
