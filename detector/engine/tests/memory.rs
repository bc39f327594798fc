//! The engine does not call the program's allocator, and so can run inside of one.

use deadheat_engine::Source;
use deadheat_engine::access::{AccessKind, ByteRange};
use deadheat_engine::context::{ContextTree, Frame, NodeId};
use deadheat_engine::engine::{Engine, Limits};
use deadheat_engine::sync::{AtomicEffect, AtomicWord, Foreseen, SyncId, SyncVar};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::atomic::Ordering;

thread_local! {
    /// Each test counts its own.
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

struct Counting;

// SAFETY: everything is passed on to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(ptr, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn bytes(start: usize, len: usize) -> ByteRange {
    ByteRange::new(start, len).unwrap()
}

/// All events, by threads that race, in one engine.
fn use_everything(engine: &Engine, contexts: &ContextTree) -> usize {
    let mut races = 0;
    let mut main = engine.first_thread(0).unwrap();
    let mut end = SyncVar::new();
    for i in 1..200u64 {
        let mut child = engine.fork(&mut main, i).unwrap();
        let node = contexts.child(NodeId::ROOT, Frame::Return(i as usize % 9));
        for kind in [AccessKind::Read, AccessKind::Write] {
            let range = bytes(0x1000 + 3 * (i as usize % 50), 1 + i as usize % 40);
            engine.access(&child, kind, range, || node, |_| races += 1);
        }
        engine.sync(SyncId(i % 7), |var| child.release_acquire(var));
        let effect = AtomicEffect::ReadModifyWrite(Ordering::Relaxed);
        let word = bytes(0x9000, 8);
        engine.atomic(
            &mut child,
            AtomicWord {
                id: SyncId(100),
                foreseen: Foreseen::NoRelease,
            },
            word,
            || ((), effect),
            || node,
            |_| races += 1,
        );
        child.fence(Ordering::SeqCst);
        child.release_merge(&mut end);
        if i % 3 == 0 {
            main.acquire(&end);
            engine.reset(bytes(0x1000, 64));
        }
    }
    engine.sweep(|_| {});
    races
}

#[test]
fn nothing_is_allocated_after_an_engine_is_made() {
    let engine = Engine::with(&Source::system(), Limits::default()).unwrap();
    let contexts = ContextTree::new(&Source::system(), 1 << 20).unwrap();
    let before = ALLOCATIONS.get();
    let races = use_everything(&engine, &contexts);
    let after = ALLOCATIONS.get();
    assert!(races > 100, "{races} races are few");
    assert_eq!(after - before, 0);
}

#[test]
fn any_source_serves() {
    let engine = Engine::with(&Source::global(), Limits::default()).unwrap();
    let contexts = ContextTree::new(&Source::global(), 1 << 20).unwrap();
    let mapped = Engine::new();
    assert_eq!(
        use_everything(&engine, &contexts),
        use_everything(&mapped, &contexts)
    );
}
