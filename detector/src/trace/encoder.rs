//! The records of one block, written.

use super::format::{LARGEST_SIZE, OTHER_SITE, OTHER_SIZE, OTHER_THREAD, SIZE_BITS, code};
use super::varint::{put, zigzag};
use crate::access::ByteRange;
use crate::event::{Action, Atomic, Event, SiteId, ThreadId};
use crate::sync::SyncId;
use std::sync::atomic::Ordering;

/// What the next record's numbers are told apart from. Every block begins with zeros.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Bases {
    pub(super) thread: u64,
    pub(super) site: u32,
    pub(super) address: u64,
    pub(super) object: u64,
}

/// The payload of a block while it is gathered.
#[derive(Default)]
pub(super) struct Encoder {
    payload: Vec<u8>,
    bases: Bases,
}

impl Encoder {
    /// The records so far.
    pub(super) fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// Begins the next block.
    pub(super) fn clear(&mut self) {
        self.payload.clear();
        self.bases = Bases::default();
    }

    /// Adds an event.
    #[inline]
    pub(super) fn event(&mut self, event: &Event) {
        let code = match event.action {
            Action::Fork(_) => code::FORK,
            Action::End => code::END,
            Action::Join(_) => code::JOIN,
            Action::Acquire(_) => code::ACQUIRE,
            Action::Release(_) => code::RELEASE,
            Action::ReleaseMerge(_) => code::RELEASE_MERGE,
            Action::ReleaseAcquire(_) => code::RELEASE_ACQUIRE,
            Action::Transfer { .. } => code::TRANSFER,
            Action::Read(_) => code::READ,
            Action::Write(_) => code::WRITE,
            Action::AtomicLoad(_) => code::ATOMIC_LOAD,
            Action::AtomicStore(_) => code::ATOMIC_STORE,
            Action::AtomicRmw(_) => code::ATOMIC_RMW,
            Action::Fence(_) => code::FENCE,
            Action::Alloc(_) => code::ALLOC,
            Action::Free(_) => code::FREE,
            Action::Call => code::CALL,
            Action::Return => code::RETURN,
        };
        self.tag(code, event.thread, event.site);
        match event.action {
            Action::End | Action::Call | Action::Return => {}
            Action::Fork(thread) | Action::Join(thread) => put(&mut self.payload, thread.0),
            Action::Acquire(object)
            | Action::Release(object)
            | Action::ReleaseMerge(object)
            | Action::ReleaseAcquire(object) => self.object(object),
            Action::Transfer { from, into } => {
                self.object(from);
                self.object(into);
            }
            Action::Read(bytes)
            | Action::Write(bytes)
            | Action::Alloc(bytes)
            | Action::Free(bytes) => self.bytes(bytes),
            Action::AtomicLoad(atomic)
            | Action::AtomicStore(atomic)
            | Action::AtomicRmw(atomic) => self.atomic(atomic),
            Action::Fence(ordering) => self.payload.push(number_of(ordering)),
        }
    }

    pub(super) fn define_site(&mut self, site: SiteId, name: &str) {
        self.payload.push(code::DEFINE_SITE);
        put(&mut self.payload, u64::from(site.0));
        self.text(name);
    }

    pub(super) fn define_thread(&mut self, thread: ThreadId, name: &str) {
        self.payload.push(code::DEFINE_THREAD);
        put(&mut self.payload, thread.0);
        self.text(name);
    }

    pub(super) fn define_object(&mut self, object: SyncId, name: &str) {
        self.payload.push(code::DEFINE_OBJECT);
        self.object(object);
        self.text(name);
    }

    pub(super) fn define_memory(&mut self, bytes: ByteRange, name: &str) {
        self.payload.push(code::DEFINE_MEMORY);
        self.bytes(bytes);
        self.text(name);
    }

    fn tag(&mut self, code: u8, thread: ThreadId, site: SiteId) {
        let mut tag = code;
        if thread.0 != self.bases.thread {
            tag |= OTHER_THREAD;
        }
        if site.0 != self.bases.site {
            tag |= OTHER_SITE;
        }
        self.payload.push(tag);
        if thread.0 != self.bases.thread {
            self.bases.thread = thread.0;
            put(&mut self.payload, thread.0);
        }
        if site.0 != self.bases.site {
            let distance = i64::from(site.0) - i64::from(self.bases.site);
            self.bases.site = site.0;
            put(&mut self.payload, zigzag(distance));
        }
    }

    fn object(&mut self, object: SyncId) {
        put_distance(&mut self.payload, &mut self.bases.object, object.0);
    }

    fn bytes(&mut self, bytes: ByteRange) {
        let (start, len) = (bytes.start() as u64, bytes.len() as u64);
        let distance = zigzag(start.wrapping_sub(self.bases.address).cast_signed());
        self.bases.address = start;
        let size = len.trailing_zeros();
        if len.is_power_of_two() && size <= LARGEST_SIZE && distance < 1 << (64 - SIZE_BITS) {
            put(&mut self.payload, distance << SIZE_BITS | u64::from(size));
        } else {
            put(&mut self.payload, OTHER_SIZE);
            put(&mut self.payload, distance);
            put(&mut self.payload, len);
        }
    }

    fn atomic(&mut self, atomic: Atomic) {
        self.bytes(atomic.bytes);
        self.object(atomic.object);
        self.payload.push(number_of(atomic.ordering));
    }

    fn text(&mut self, text: &str) {
        put(&mut self.payload, text.len() as u64);
        self.payload.extend_from_slice(text.as_bytes());
    }
}

fn put_distance(out: &mut Vec<u8>, base: &mut u64, value: u64) {
    put(out, zigzag(value.wrapping_sub(*base).cast_signed()));
    *base = value;
}

fn number_of(ordering: Ordering) -> u8 {
    match ordering {
        Ordering::Relaxed => 0,
        Ordering::Release => 1,
        Ordering::Acquire => 2,
        Ordering::AcqRel => 3,
        Ordering::SeqCst => 4,
        _ => unreachable!("C++20 has no other"),
    }
}
