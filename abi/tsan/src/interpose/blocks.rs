//! Where the program's memory was allocated, for reports.
//!
//! A word is kept for each 32 bytes of memory that the program has asked for; no two blocks begin in the same ones,
//! for the C library's are at least so far apart. It says which half the block begins in, how long it is, who asked
//! for it and where. From an address in the middle, the block is found by looking downward. The few blocks that are
//! longer than a word can say stand in a list.

use super::words::Words;
use crate::thread::{Class, Inside, Place};
use deadheat_detector::context::NodeId;
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

/// Blocks are aligned to so much, and their lengths are told in it.
const UNIT: usize = 16;
/// How far apart blocks begin, at least.
const SPAN: usize = 32;

const UNIT_BITS: u32 = 14;
/// The longest block, in units, of which a word tells.
const MOST_UNITS: usize = (1 << UNIT_BITS) - 1;
const THREAD_BITS: u32 = 21;

const HALF_SHIFT: u32 = 28;
const UNITS_SHIFT: u32 = HALF_SHIFT + 1;
const THREAD_SHIFT: u32 = UNITS_SHIFT + UNIT_BITS;
const _: () = assert!(THREAD_SHIFT + THREAD_BITS == u64::BITS);

/// Who asked for a block, and where.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Origin {
    /// The number of the thread; `None` where that is too large to be kept.
    pub(crate) thread: Option<u64>,
    pub(crate) node: NodeId,
}

/// The blocks that the program has.
pub(crate) struct Blocks {
    short: Words<SPAN>,
    /// By where they begin: where they end, and their origin.
    long: Mutex<BTreeMap<usize, (usize, Origin)>>,
}

impl Blocks {
    /// `None` where there is no memory for the table.
    pub(crate) fn new() -> Option<Self> {
        Some(Self {
            short: Words::new()?,
            long: Mutex::default(),
        })
    }

    fn note(&self, start: usize, size: usize, thread: u64, node: NodeId) {
        let thread = Some(thread).filter(|number| number >> THREAD_BITS == 0);
        let origin = Origin { thread, node };
        if let Some(word) = word(start, size, origin) {
            if let Some(place) = self.short.get_or_make(start) {
                place.store(word, Ordering::Relaxed);
            }
        } else {
            self.long.lock().insert(start, (start + size, origin));
        }
    }

    /// The block of `size` bytes at `start` is given back.
    pub(crate) fn forget(&self, start: usize, size: usize) {
        if units(size).is_none() {
            self.long.lock().remove(&start);
        } else if let Some(place) = self.short.get(start) {
            place.store(0, Ordering::Relaxed);
        }
    }

    /// Who asked for the memory at `address`.
    pub(crate) fn origin(&self, address: usize) -> Option<Origin> {
        self.short_origin(address)
            .or_else(|| self.long_origin(address))
    }

    fn short_origin(&self, address: usize) -> Option<Origin> {
        let lowest = address.saturating_sub(MOST_UNITS * UNIT);
        let starts = (lowest..=address).rev().step_by(SPAN);
        // The last word may have a block that begins behind the address.
        let mut blocks = starts.filter_map(|at| {
            let word = self.short.get(at)?.load(Ordering::Relaxed);
            let begin = at - at % SPAN + (word >> HALF_SHIFT & 1) as usize * UNIT;
            (word != 0 && begin <= address).then_some((begin, word))
        });
        let (begin, word) = blocks.next()?;
        let units = (word >> UNITS_SHIFT) as usize & MOST_UNITS;
        (address < begin + units * UNIT).then(|| origin(word))
    }

    fn long_origin(&self, address: usize) -> Option<Origin> {
        let long = self.long.lock();
        let (_, &(end, origin)) = long.range(..=address).next_back()?;
        (address < end).then_some(origin)
    }
}

/// The length of a block, where a word can tell it.
fn units(size: usize) -> Option<usize> {
    Some(size.div_ceil(UNIT).max(1)).filter(|units| *units <= MOST_UNITS)
}

/// What is kept of a block, where a word has room for it. Never zero: threads are numbered from 1, and of one without
/// a number there is a length.
fn word(start: usize, size: usize, origin: Origin) -> Option<u64> {
    let half = start / UNIT % (SPAN / UNIT);
    Some(
        u64::from(origin.node.number())
            | (half as u64) << HALF_SHIFT
            | (units(size)? as u64) << UNITS_SHIFT
            | origin.thread.unwrap_or(0) << THREAD_SHIFT,
    )
}

fn origin(word: u64) -> Origin {
    let thread = word >> THREAD_SHIFT;
    Origin {
        thread: (thread > 0).then_some(thread),
        node: NodeId::from_number((word & ((1 << HALF_SHIFT) - 1)) as u32),
    }
}

/// The program was given the block of `size` bytes at `start`, for which it asked at `site`.
pub(super) fn note(inside: &Inside, start: usize, size: usize, site: usize) {
    let runtime = inside.runtime();
    let place = Place::new(site, 0, Class::Ordinary);
    let node = inside.state.node_at(runtime, place);
    runtime
        .blocks
        .note(start, size, inside.state.info.number, node);
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: usize = 0x7f00_0000_0010;

    fn blocks(all: &[(usize, usize, u64)]) -> Blocks {
        let blocks = Blocks::new().unwrap();
        for &(start, size, thread) in all {
            blocks.note(
                start,
                size,
                thread,
                NodeId::from_number(thread as u32 + 100),
            );
        }
        blocks
    }

    fn thread(blocks: &Blocks, address: usize) -> Option<u64> {
        let origin = blocks.origin(address)?;
        let thread = origin.thread.unwrap();
        assert_eq!(u64::from(origin.node.number()), thread + 100);
        Some(thread)
    }

    #[test]
    fn every_byte_of_a_block_is_its_own_and_no_other() {
        for size in [
            1,
            24,
            40,
            1000,
            4096,
            MOST_UNITS * UNIT,
            MOST_UNITS * UNIT + 1,
            1 << 27,
        ] {
            let room = size.next_multiple_of(UNIT);
            let (next, third) = (START + room + UNIT, START + 2 * (room + UNIT));
            let blocks = blocks(&[(START, size, 1), (next, size, 2), (third, 24, 3)]);
            let place = |address| thread(&blocks, address);
            assert_eq!(place(START - 1), None, "{size}");
            assert_eq!(place(START), Some(1), "{size}");
            assert_eq!(place(START + size / 2), Some(1), "{size}");
            assert_eq!(place(START + size - 1), Some(1), "{size}");
            assert_eq!(place(START + room), None, "{size}");
            assert_eq!(place(next), Some(2), "{size}");
            assert_eq!(place(next + size - 1), Some(2), "{size}");
            assert_eq!(place(third + 23), Some(3), "{size}");
        }
    }

    #[test]
    fn what_was_given_back_is_nobodys() {
        for size in [24, 1 << 20] {
            let blocks = blocks(&[(START, size, 1)]);
            blocks.forget(START, size);
            assert_eq!(thread(&blocks, START), None);
            blocks.note(START, size, 2, NodeId::from_number(102));
            assert_eq!(thread(&blocks, START + size - 1), Some(2));
        }
    }

    #[test]
    fn a_thread_whose_number_is_too_large_is_not_taken_for_another() {
        let blocks = Blocks::new().unwrap();
        let node = NodeId::from_number((1 << HALF_SHIFT) - 1);
        blocks.note(START, 8, 1 << THREAD_BITS, node);
        let origin = Origin { thread: None, node };
        assert_eq!(blocks.origin(START), Some(origin));
    }
}
