//! The records of one block, read.

use super::encoder::Bases;
use super::format::{
    CODE, CODES, Class, LONGEST_TEXT, OTHER_SITE, OTHER_SIZE, OTHER_THREAD, Operand, Row,
    SIZE_BITS, code,
};
use super::names::Names;
use super::varint::{WINDOW, get, unzigzag};
use crate::access::ByteRange;
use crate::event::{Action, Atomic, Event, SiteId, ThreadId};
use crate::sync::SyncId;
use std::sync::atomic::Ordering;

/// How many zeros follow a payload in memory, so that a record which runs past the end is read
/// to its own end before it is refused. The longest event is shorter by far.
const PADDING: usize = 64;

/// What is wrong with a payload.
pub(super) type Wrong = &'static str;

const CUT: Wrong = "its last record is not whole";

/// The payload of a block while it is read.
#[derive(Default)]
pub(super) struct Decoder {
    /// The payload, and the padding.
    bytes: Vec<u8>,
    /// Where the padding begins.
    end: usize,
    /// Where the next record begins; never beyond `end` between two records.
    at: usize,
    bases: Bases,
    /// By their code, the records that are not ours; empty where there are none.
    foreign: Vec<Option<Row>>,
    /// How many events were passed over.
    unknown: u64,
}

impl Decoder {
    /// A decoder of payloads that may hold these records besides ours.
    pub(super) fn new(foreign: Vec<Row>) -> Self {
        let mut decoder = Self::default();
        for row in foreign {
            decoder.foreign.resize(CODES, None);
            let code = usize::from(row.code);
            decoder.foreign[code] = Some(row);
        }
        decoder
    }

    /// How many events were passed over because this program does not know them.
    pub(super) fn unknown(&self) -> u64 {
        self.unknown
    }

    /// Room for a payload of `len` bytes, in place of the one that was read.
    pub(super) fn room(&mut self, len: usize) -> &mut [u8] {
        self.bytes.clear();
        self.bytes.resize(len + PADDING, 0);
        self.end = len;
        self.at = 0;
        self.bases = Bases::default();
        &mut self.bytes[..len]
    }

    /// The whole payload.
    pub(super) fn payload(&self) -> &[u8] {
        &self.bytes[..self.end]
    }

    /// Passes over what has not been read.
    pub(super) fn pass_all(&mut self) {
        self.at = self.end;
    }

    /// Whether all records have been read.
    #[inline]
    pub(super) fn is_done(&self) -> bool {
        self.at >= self.end
    }

    /// Reads one record. One that is no event this program knows gives `None`; what it defines
    /// goes to `names`.
    #[inline(always)]
    pub(super) fn record(&mut self, names: &mut Names) -> Result<Option<Event>, Wrong> {
        let tag = self.byte();
        if tag & OTHER_THREAD != 0 {
            self.bases.thread = self.number();
        }
        if tag & OTHER_SITE != 0 {
            let distance = unzigzag(self.number());
            let site = i64::from(self.bases.site).wrapping_add(distance);
            self.bases.site = u32::try_from(site).map_err(|_| "a site's number is too large")?;
        }
        let action = match tag & CODE {
            code::FORK => Action::Fork(self.thread()),
            code::END => Action::End,
            code::JOIN => Action::Join(self.thread()),
            code::ACQUIRE => Action::Acquire(self.object()),
            code::RELEASE => Action::Release(self.object()),
            code::RELEASE_MERGE => Action::ReleaseMerge(self.object()),
            code::RELEASE_ACQUIRE => Action::ReleaseAcquire(self.object()),
            code::TRANSFER => Action::Transfer {
                from: self.object(),
                into: self.object(),
            },
            code::READ => Action::Read(self.range()?),
            code::WRITE => Action::Write(self.range()?),
            code::ATOMIC_LOAD => Action::AtomicLoad(self.atomic()?),
            code::ATOMIC_STORE => Action::AtomicStore(self.atomic()?),
            code::ATOMIC_RMW => Action::AtomicRmw(self.atomic()?),
            code::FENCE => Action::Fence(self.ordering()?),
            code::ALLOC => Action::Alloc(self.range()?),
            code::FREE => {
                let bytes = self.range()?;
                names.forget_memory(bytes);
                Action::Free(bytes)
            }
            code::CALL => Action::Call,
            code::RETURN => Action::Return,
            code => return self.other(code, names).map(|()| None),
        };
        if self.at > self.end {
            return Err(CUT);
        }
        Ok(Some(Event {
            thread: ThreadId(self.bases.thread),
            action,
            site: SiteId(self.bases.site),
        }))
    }

    /// Reads the operands of a record that is no event of ours.
    #[cold]
    fn other(&mut self, code: u8, names: &mut Names) -> Result<(), Wrong> {
        match code {
            code::DEFINE_SITE => {
                let site = u32::try_from(self.number());
                let site = site.map_err(|_| "a site's number is too large")?;
                names.define_site(SiteId(site), self.text()?);
            }
            code::DEFINE_THREAD => {
                let thread = self.thread();
                names.define_thread(thread, self.text()?);
            }
            code::DEFINE_OBJECT => {
                let object = self.object();
                names.define_object(object, self.text()?);
            }
            code::DEFINE_MEMORY => {
                let bytes = self.range()?;
                names.define_memory(bytes, self.text()?);
            }
            _ => {
                let row = self.foreign.get_mut(usize::from(code));
                let row = row.and_then(Option::take);
                let row = row.ok_or("it has a record that the header does not describe")?;
                let passed = row
                    .operands
                    .iter()
                    .try_for_each(|&operand| self.pass(operand));
                self.unknown += u64::from(row.class == Class::Event);
                self.foreign[usize::from(code)] = Some(row);
                passed?;
            }
        }
        if self.at > self.end { Err(CUT) } else { Ok(()) }
    }

    fn pass(&mut self, operand: Operand) -> Result<(), Wrong> {
        if self.at > self.end {
            return Err(CUT);
        }
        match operand {
            Operand::Number | Operand::Thread => drop(self.number()),
            Operand::Object => drop(self.object()),
            Operand::Bytes => drop(self.range()?),
            Operand::Ordering => drop(self.ordering()?),
            Operand::Text => drop(self.text()?),
        }
        Ok(())
    }

    #[inline(always)]
    fn byte(&mut self) -> u8 {
        let byte = self.bytes[self.at];
        self.at += 1;
        byte
    }

    #[inline(always)]
    fn number(&mut self) -> u64 {
        debug_assert!(self.at + WINDOW <= self.bytes.len());
        let (value, next) = get(&self.bytes, self.at);
        self.at = next;
        value
    }

    #[inline(always)]
    fn thread(&mut self) -> ThreadId {
        ThreadId(self.number())
    }

    #[inline(always)]
    fn object(&mut self) -> SyncId {
        let distance = unzigzag(self.number());
        self.bases.object = self.bases.object.wrapping_add_signed(distance);
        SyncId(self.bases.object)
    }

    #[inline(always)]
    fn range(&mut self) -> Result<ByteRange, Wrong> {
        let number = self.number();
        let (distance, len) = match number & OTHER_SIZE {
            OTHER_SIZE => (self.number(), self.number()),
            size => (number >> SIZE_BITS, 1 << size),
        };
        let address = self.bases.address.wrapping_add_signed(unzigzag(distance));
        self.bases.address = address;
        usize::try_from(address)
            .ok()
            .zip(usize::try_from(len).ok())
            .filter(|(start, len)| start.checked_add(*len).is_some())
            .and_then(|(start, len)| ByteRange::new(start, len))
            .ok_or("it has memory of no size, or beyond the address space")
    }

    #[inline(always)]
    fn atomic(&mut self) -> Result<Atomic, Wrong> {
        Ok(Atomic {
            bytes: self.range()?,
            object: self.object(),
            ordering: self.ordering()?,
        })
    }

    #[inline(always)]
    fn ordering(&mut self) -> Result<Ordering, Wrong> {
        Ok(match self.byte() {
            0 => Ordering::Relaxed,
            1 => Ordering::Release,
            2 => Ordering::Acquire,
            3 => Ordering::AcqRel,
            4 => Ordering::SeqCst,
            _ => return Err("it has a memory ordering that is none"),
        })
    }

    fn text(&mut self) -> Result<&str, Wrong> {
        if self.at > self.end {
            return Err(CUT);
        }
        let len = self.number();
        let from = self.at;
        let to = usize::try_from(len)
            .ok()
            .and_then(|len| from.checked_add(len));
        let to = to.filter(|&to| to <= self.end).ok_or(CUT)?;
        if to - from > LONGEST_TEXT {
            return Err("it has a text that is longer than any may be");
        }
        self.at = to;
        std::str::from_utf8(&self.bytes[from..to]).map_err(|_| "it has a text that is not UTF-8")
    }
}
