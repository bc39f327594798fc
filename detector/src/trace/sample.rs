//! Events and traces for the tests of this module, and properties of any trace.

use super::{Ended, Reader, TraceError, Writer};
use crate::access::ByteRange;
use crate::event::{Action, Atomic, Event, SiteId, ThreadId};
use crate::sync::SyncId;
use proptest::prelude::*;
use std::sync::atomic::Ordering;

/// One event of each action.
pub(super) fn events() -> Vec<Event> {
    let bytes = ByteRange::new(0x7f00_1234_5678, 8).unwrap();
    let object = SyncId(0x7f00_0000_0040);
    let atomic = |ordering| Atomic {
        bytes,
        object,
        ordering,
    };
    let actions = [
        Action::Fork(ThreadId(2)),
        Action::Acquire(object),
        Action::Release(object),
        Action::ReleaseMerge(SyncId(1)),
        Action::ReleaseAcquire(SyncId(u64::MAX)),
        Action::Transfer {
            from: object,
            into: SyncId(3),
        },
        Action::Alloc(ByteRange::new(0x1000, 4096).unwrap()),
        Action::Read(bytes),
        Action::Write(ByteRange::new(1, 1).unwrap()),
        Action::AtomicLoad(atomic(Ordering::Acquire)),
        Action::AtomicStore(atomic(Ordering::Release)),
        Action::AtomicRmw(atomic(Ordering::AcqRel)),
        Action::Fence(Ordering::SeqCst),
        Action::Call,
        Action::Return,
        Action::Free(ByteRange::new(0x1000, 4096).unwrap()),
        Action::End,
        Action::Join(ThreadId(2)),
    ];
    let event = |(i, action)| Event {
        thread: ThreadId(i as u64 / 5),
        action,
        site: SiteId(i as u32 * 7 % 5),
    };
    actions.into_iter().enumerate().map(event).collect()
}

/// All events that can be read of `file`, which is not damaged.
pub(super) fn read(file: &[u8]) -> (Vec<Event>, Option<Ended>) {
    let (events, ended) = try_read(file);
    (events, ended.unwrap())
}

/// All events that can be read of `file`, and how that ended.
pub(super) fn try_read(file: &[u8]) -> (Vec<Event>, Result<Option<Ended>, TraceError>) {
    let mut events = Vec::new();
    let mut reader = match Reader::new(file) {
        Ok(reader) => reader,
        Err(error) => return (events, Err(error)),
    };
    loop {
        match reader.next_event() {
            Ok(Some(event)) => events.push(event),
            Ok(None) => return (events, Ok(reader.ended())),
            Err(error) => {
                assert!(matches!(reader.next_event(), Ok(None)), "it stops there");
                return (events, Err(error));
            }
        }
    }
}

/// A trace of several blocks, with names, and its events.
pub(super) fn trace() -> (Vec<u8>, Vec<Event>) {
    let events = events();
    let mut writer = Writer::new(Vec::new()).unwrap();
    writer.define_site(SiteId(3), "src/lib.rs:3:5").unwrap();
    writer.define_thread(ThreadId(2), "worker").unwrap();
    for part in events.chunks(5) {
        part.iter().for_each(|event| writer.event(event).unwrap());
        writer.define_object(SyncId(1), "lock é").unwrap();
        let bytes = ByteRange::new(0x1000, 8).unwrap();
        writer.define_memory(bytes, "hits").unwrap();
        writer.flush().unwrap();
    }
    (writer.finish().unwrap(), events)
}

fn numbers() -> impl Strategy<Value = u64> {
    prop_oneof![
        0u64..100,
        any::<u64>(),
        (any::<u64>(), 0u32..64).prop_map(|(n, s)| n >> s)
    ]
}

fn ranges() -> impl Strategy<Value = ByteRange> {
    (numbers(), numbers()).prop_filter_map("it has bytes", |(start, len)| {
        ByteRange::new(start as usize, len as usize)
    })
}

fn orderings() -> impl Strategy<Value = Ordering> {
    use Ordering::{AcqRel, Acquire, Relaxed, Release, SeqCst};
    prop::sample::select(&[Relaxed, Release, Acquire, AcqRel, SeqCst][..])
}

fn atomics() -> impl Strategy<Value = Atomic> {
    let parts = (ranges(), numbers(), orderings());
    parts.prop_map(|(bytes, object, ordering)| Atomic {
        bytes,
        object: SyncId(object),
        ordering,
    })
}

/// Any event at all.
pub(super) fn any_event() -> impl Strategy<Value = Event> {
    let thread = || numbers().prop_map(ThreadId);
    let object = || numbers().prop_map(SyncId);
    let action = prop_oneof![
        thread().prop_map(Action::Fork),
        Just(Action::End),
        thread().prop_map(Action::Join),
        object().prop_map(Action::Acquire),
        object().prop_map(Action::Release),
        object().prop_map(Action::ReleaseMerge),
        object().prop_map(Action::ReleaseAcquire),
        (object(), object()).prop_map(|(from, into)| Action::Transfer { from, into }),
        ranges().prop_map(Action::Read),
        ranges().prop_map(Action::Write),
        atomics().prop_map(Action::AtomicLoad),
        atomics().prop_map(Action::AtomicStore),
        atomics().prop_map(Action::AtomicRmw),
        orderings().prop_map(Action::Fence),
        ranges().prop_map(Action::Alloc),
        ranges().prop_map(Action::Free),
        Just(Action::Call),
        Just(Action::Return),
    ];
    (thread(), action, numbers()).prop_map(|(thread, action, site)| Event {
        thread,
        action,
        site: SiteId(site as u32),
    })
}
