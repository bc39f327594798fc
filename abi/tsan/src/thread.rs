//! The state of a thread of the program, or of a fiber: its clock, its call stack, and whether it is
//! inside of the library.
//!
//! # The call stack
//!
//! `__tsan_func_entry` and `__tsan_func_exit` push and pop return addresses, and nothing else: they
//! are called far more often than an access has to be recorded. When one has, the part of the stack
//! that was not yet *folded* into the tree of call stacks is folded, and each frame keeps its node. A
//! frame keeps the stack pointer of its function, too, so that `longjmp` can drop the frames that
//! it leaves.
//!
//! # Inside
//!
//! Whoever calls the engine, or takes a lock of the library, is *inside* first. One who is inside is
//! not interrupted by handlers of the program ([`crate::interpose::signal`]), makes no events, and is
//! waited for by a thread that forks the process ([`crate::interpose::process`]).

use crate::alone;
use crate::interpose::signal;
use crate::looks::Looks;
use crate::report;
use crate::runtime::Runtime;
use deadheat_detector::access::AccessKind;
use deadheat_detector::clock::Time;
use deadheat_detector::context::{Frame as Step, NodeId};
use deadheat_detector::engine::{AtOnce, TwoWords, Word};
use deadheat_detector::sync::{Acquired, AtomicEffect, SyncVar, ThreadClock};
use parking_lot::Mutex;
use smallvec::SmallVec;
use std::cell::{Cell, UnsafeCell};
use std::ptr::null_mut;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering, compiler_fence};

/// Frames of a call stack that are kept; a deeper one ends there.
const DEPTH: usize = 1 << 18;

/// One call that has not returned.
#[derive(Clone, Copy)]
struct Frame {
    /// Where it was called: a return address.
    site: usize,
    /// The lower half of the stack pointer in it.
    stack: u32,
    /// The call stack up to here, once it is folded.
    node: NodeId,
}

/// What an access was, beside its kind: six bits at the top of its site.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Place(pub(crate) usize);

const SIZE_SHIFT: u32 = 48;
const CLASS_SHIFT: u32 = 52;
const ADDRESS: usize = (1 << SIZE_SHIFT) - 1;

/// Why an access was made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(usize)]
pub(crate) enum Class {
    /// By the program, plainly or atomically, as its kind says.
    Ordinary,
    /// By the program, volatile.
    Volatile,
    /// The memory was freed.
    Free,
    /// A function of the C library made it.
    Library,
}

impl Place {
    /// At the return address `site`, of 1, 2, 4, 8 or 16 bytes; 0 for as many as it turns out.
    #[inline(always)]
    pub(crate) const fn new(site: usize, size: usize, class: Class) -> Self {
        let size = if size == 0 {
            0
        } else {
            size.ilog2() as usize + 1
        };
        Self(site & ADDRESS | size << SIZE_SHIFT | (class as usize) << CLASS_SHIFT)
    }

    pub(crate) fn site(self) -> usize {
        self.0 & ADDRESS
    }

    /// The number of bytes, where it is known.
    pub(crate) fn size(self) -> Option<u64> {
        let size = self.0 >> SIZE_SHIFT & 0xf;
        (size > 0).then(|| 1 << (size - 1))
    }

    pub(crate) fn class(self) -> Class {
        match self.0 >> CLASS_SHIFT & 3 {
            0 => Class::Ordinary,
            1 => Class::Volatile,
            2 => Class::Free,
            _ => Class::Library,
        }
    }
}

/// What reports say of a thread; shared, because the other side of a race may ask. On cache lines of its own, for the
/// thread notes every release there.
#[derive(Debug)]
#[repr(align(128))]
pub(crate) struct Info {
    pub(crate) number: u64,
    pub(crate) creator: Option<u64>,
    pub(crate) created_at: NodeId,
    pub(crate) name: Mutex<Option<String>>,
    pub(crate) finished: AtomicBool,
    pub(crate) last_release: LastSync,
}

/// A thread's last synchronisation of a kind: what, where, and when on its clock. Whoever asks may
/// get parts of two that followed each other at once.
#[derive(Debug, Default)]
pub(crate) struct LastSync {
    /// One more than the operation's number; zero while there was none.
    operation: AtomicU8,
    site: AtomicU64,
    time: AtomicU64,
}

impl LastSync {
    pub(crate) fn note(&self, operation: Operation, site: usize, time: Time) {
        self.operation.store(operation as u8 + 1, Ordering::Relaxed);
        self.site.store(site as u64, Ordering::Relaxed);
        self.time.store(time.get(), Ordering::Relaxed);
    }

    /// The operation, its site and its time, if there was one.
    pub(crate) fn get(&self) -> Option<(&'static str, usize, u64)> {
        let operation = self.operation.load(Ordering::Relaxed);
        let site = self.site.load(Ordering::Relaxed) as usize;
        let name = OPERATIONS.get(usize::from(operation.checked_sub(1)?))?;
        Some((name, site, self.time.load(Ordering::Relaxed)))
    }
}

macro_rules! operations {
    ($($name:ident = $words:literal,)*) => {
        /// What orders threads.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[repr(u8)]
        pub(crate) enum Operation { $(#[doc = $words] $name,)* }
        const OPERATIONS: &[&str] = &[$($words,)*];
    };
}

operations! {
    ThreadStart = "thread start",
    ThreadEnd = "thread end",
    ThreadJoin = "thread join",
    MutexLock = "mutex lock",
    MutexUnlock = "mutex unlock",
    ReadLock = "read lock",
    ReadUnlock = "read unlock",
    WriteLock = "write lock",
    WriteUnlock = "write unlock",
    CondWait = "condition wait",
    Once = "once",
    Barrier = "barrier wait",
    SemaphorePost = "semaphore post",
    SemaphoreWait = "semaphore wait",
    Receive = "read from a pipe or socket",
    Send = "write to a pipe or socket",
    AtomicLoad = "atomic load",
    AtomicStore = "atomic store",
    AtomicUpdate = "atomic read-modify-write",
    Fence = "fence",
    Annotated = "annotated synchronisation",
    AtExit = "exit handler",
    Signal = "signal",
}

/// A step in the tree of call stacks: from the first node, by a call from the site, to the second.
type Known = (NodeId, NodeId, usize);

/// Steps that were looked up, in pairs with the same hash: the latest of them comes first.
const STEPS: usize = 1 << STEP_BITS;
const STEP_BITS: u32 = 9;

/// Where the steps from `node` by a call from `site` are.
#[inline(always)]
fn hash_of(node: NodeId, site: usize) -> usize {
    let hash = (site ^ (node.number() as usize) << 20).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    hash >> (usize::BITS - STEP_BITS)
}

/// Where such a step leads, if it is one of those `known`.
#[inline(always)]
fn known_step(known: &[Known; 2], node: NodeId, site: usize) -> Option<NodeId> {
    let step = known.iter().find(|step| step.0 == node && step.2 == site);
    step.map(|step| step.1)
}

/// The state of one thread or fiber. Only whoever runs it uses it, and handlers of signals on top of that
/// one: hence cells, and atomics where a handler may come in between.
#[repr(C, align(64))]
pub(crate) struct State {
    pub(crate) clock: UnsafeCell<ThreadClock>,
    top: Cell<*mut Frame>,
    /// Frames below are folded.
    folded: Cell<*mut Frame>,
    bottom: *mut Frame,
    limit: *mut Frame,
    /// Calls that were not kept.
    beyond: Cell<usize>,
    inside: AtomicU32,
    /// A signal came while the thread was inside.
    pub(crate) signalled: AtomicBool,
    /// Since how many `__tsan_ignore_thread_begin` accesses are not recorded.
    pub(crate) ignoring: Cell<u32>,
    pub(crate) info: Arc<Info>,
    pub(crate) last_acquire: LastSync,
    /// What a join acquires.
    pub(crate) end: Arc<Mutex<SyncVar>>,
    /// Locks for reading and writing that it holds for writing.
    pub(crate) write_locks: UnsafeCell<SmallVec<[usize; 4]>>,
    /// What `pthread_once` is about to call.
    pub(crate) once: Cell<Option<(usize, unsafe extern "C" fn())>>,
    pub(crate) handlers: signal::Pending,
    /// Rounds of key destructors that are left before the thread ends.
    pub(crate) rounds: Cell<u32>,
    steps: UnsafeCell<[[Known; 2]; STEPS]>,
    /// How it has looked at atomics.
    pub(crate) looks: Looks,
    /// What it has read of atomics.
    acquired: UnsafeCell<Acquired>,
}

// SAFETY: a state is used by the one thread that runs it; others look at its atomics, and, while
// all threads stand still, at all of it.
unsafe impl Sync for State {}
// SAFETY: as above; fibers move between threads, and take nothing thread-local with them.
unsafe impl Send for State {}

impl State {
    pub(crate) fn new(clock: ThreadClock, info: Arc<Info>) -> Box<Self> {
        let bytes = DEPTH * size_of::<Frame>();
        // SAFETY: a new mapping of pages that come when they are touched.
        let bottom = unsafe {
            libc::mmap(
                null_mut(),
                bytes,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE,
                -1,
                0,
            )
        };
        // Without a stack, reports have none.
        let (bottom, depth) = match bottom {
            libc::MAP_FAILED => (null_mut(), 0),
            bottom => (bottom.cast::<Frame>(), DEPTH),
        };
        Box::new(Self {
            clock: UnsafeCell::new(clock),
            top: Cell::new(bottom),
            folded: Cell::new(bottom),
            bottom,
            limit: bottom.wrapping_add(depth),
            beyond: Cell::new(0),
            inside: AtomicU32::new(0),
            signalled: AtomicBool::new(false),
            ignoring: Cell::new(0),
            info,
            last_acquire: LastSync::default(),
            end: Arc::default(),
            write_locks: UnsafeCell::default(),
            once: Cell::new(None),
            handlers: signal::Pending::default(),
            rounds: Cell::new(0),
            steps: UnsafeCell::new([[(NodeId::ROOT, NodeId::ROOT, 0); 2]; STEPS]),
            looks: Looks::default(),
            acquired: UnsafeCell::default(),
        })
    }

    /// The call of a function, from `site`, whose stack pointer is `stack`.
    #[inline(always)]
    pub(crate) fn call(&self, site: usize, stack: usize) {
        let top = self.top.get();
        if top == self.limit {
            self.beyond.set(self.beyond.get() + 1);
            return;
        }
        self.top.set(top.wrapping_add(1));
        let frame = Frame {
            site,
            stack: stack as u32,
            node: NodeId::ROOT,
        };
        // SAFETY: `top` lies within the mapping, below its limit.
        unsafe { top.write(frame) };
    }

    /// The return from the latest call.
    #[inline(always)]
    pub(crate) fn leave(&self) {
        if self.beyond.get() > 0 {
            return self.beyond.set(self.beyond.get() - 1);
        }
        if self.top.get() == self.bottom {
            return;
        }
        let top = self.top.get().wrapping_sub(1);
        self.top.set(top);
        self.folded.set(self.folded.get().min(top));
    }

    /// Drops the frames of functions whose stack pointer lies below `stack`: control has left them.
    pub(crate) fn unwind_to(&self, stack: usize) {
        self.beyond.set(0);
        while self.top.get() != self.bottom {
            let top = self.top.get().wrapping_sub(1);
            // SAFETY: frames below the top were written.
            let frame = unsafe { *top };
            // Half the stack pointer tells the order of frames of one stack.
            if frame.stack.wrapping_sub(stack as u32) as i32 >= 0 {
                break;
            }
            self.top.set(top);
        }
        self.folded.set(self.folded.get().min(self.top.get()));
    }

    /// The present call stack.
    pub(crate) fn node(&self, runtime: &Runtime) -> NodeId {
        let top = self.top.get();
        let mut at = self.folded.get();
        let mut node = NodeId::ROOT;
        if at > self.bottom {
            // SAFETY: frames below the top were written.
            node = unsafe { (*at.sub(1)).node };
        }
        while at < top {
            // SAFETY: as above; only this thread changes its frames.
            unsafe {
                node = self.step(runtime, node, (*at).site);
                (*at).node = node;
                at = at.add(1);
            }
        }
        self.folded.set(top);
        node
    }

    /// The call stack of something at `place`.
    #[inline]
    pub(crate) fn node_at(&self, runtime: &Runtime, place: Place) -> NodeId {
        let node = self.node(runtime);
        if place.site() == 0 {
            return node;
        }
        self.step(runtime, node, place.0)
    }

    /// The call stack of something at `place`, which has a site, if it is known without the tree.
    #[inline(always)]
    fn known_node_at(&self, place: Place) -> Option<NodeId> {
        let top = self.top.get();
        if self.folded.get() != top || top == self.bottom {
            return None;
        }
        // SAFETY: frames below the top were written.
        let node = unsafe { (*top.sub(1)).node };
        let hash = hash_of(node, place.0);
        // SAFETY: only this thread uses its steps, and no handler comes in between: it is inside.
        let known = unsafe { &(*self.steps.get())[hash] };
        known_step(known, node, place.0)
    }

    /// The call stack `node` with a call from `site` on top.
    #[inline]
    fn step(&self, runtime: &Runtime, node: NodeId, site: usize) -> NodeId {
        // SAFETY: only this thread uses its steps, and no handler comes in between: it is inside.
        let known = unsafe { &mut (*self.steps.get())[hash_of(node, site)] };
        if let Some(child) = known_step(known, node, site) {
            return child;
        }
        let frame = Step::Return(site);
        let child = runtime.contexts.child_folding_recursion(node, frame);
        *known = [(node, child, site), known[0]];
        child
    }

    /// Enters the library; `None` where the thread is inside already.
    #[inline(always)]
    pub(crate) fn enter(&'static self) -> Option<Inside> {
        if self.inside.load(Ordering::Relaxed) != 0 {
            return None;
        }
        self.inside.store(1, Ordering::Relaxed);
        compiler_fence(Ordering::SeqCst);
        if crate::interpose::process::is_forking() {
            self.wait_for_fork();
        }
        Some(Inside { state: self })
    }

    #[cold]
    fn wait_for_fork(&self) {
        while crate::interpose::process::is_forking() {
            self.inside.store(0, Ordering::SeqCst);
            // SAFETY: the call has no preconditions.
            unsafe { libc::sched_yield() };
            self.inside.store(1, Ordering::SeqCst);
        }
    }

    /// Whether the thread is inside.
    pub(crate) fn is_inside(&self) -> bool {
        self.inside.load(Ordering::SeqCst) != 0
    }
}

impl Drop for State {
    fn drop(&mut self) {
        if !self.bottom.is_null() {
            // SAFETY: the mapping was made with this length and is nobody else's.
            unsafe { libc::munmap(self.bottom.cast(), DEPTH * size_of::<Frame>()) };
        }
    }
}

/// A thread that is inside.
pub(crate) struct Inside {
    pub(crate) state: &'static State,
}

impl Inside {
    pub(crate) fn runtime(&self) -> &'static Runtime {
        crate::runtime::get()
    }

    /// The thread's clock.
    #[allow(
        clippy::mut_from_ref,
        reason = "there is one `Inside` at a time for a state"
    )]
    pub(crate) fn clock(&self) -> &mut ThreadClock {
        // SAFETY: only the thread that is inside uses its clock, and it makes one reference at a time.
        unsafe { &mut *self.state.clock.get() }
    }

    /// What the thread has read of atomics.
    #[allow(
        clippy::mut_from_ref,
        reason = "there is one `Inside` at a time for a state"
    )]
    pub(crate) fn acquired(&self) -> &mut Acquired {
        // SAFETY: as for the clock.
        unsafe { &mut *self.state.acquired.get() }
    }

    /// Ends an atomic operation at `address`.
    #[inline(always)]
    pub(crate) fn end_atomic(self, address: usize, effect: AtomicEffect) {
        if let AtomicEffect::Load(_) = effect {
            return self.end_look(address, false);
        }
        let looks = &self.state.looks;
        if self.clock().has_learned() || effect.releases() {
            looks.end();
        } else {
            looks.interrupt();
        }
    }

    /// Ends an operation that has only read the atomic at `address`, to which others have left something since the thread looked
    /// there before, if that `has_changed`.
    #[inline(always)]
    pub(crate) fn end_look(self, address: usize, has_changed: bool) {
        let state = self.state;
        let has_learned = self.clock().has_learned();
        drop(self);
        if has_learned {
            state.looks.end();
        } else {
            state.looks.in_vain(address, has_changed);
        }
    }

    /// Notes that the thread is about to release.
    pub(crate) fn note_release(&self, operation: Operation, site: usize) {
        let time = self.clock().epoch().time();
        self.state.info.last_release.note(operation, site, time);
    }

    /// Notes that the thread has acquired.
    pub(crate) fn note_acquire(&self, operation: Operation, site: usize) {
        let time = self.clock().epoch().time();
        self.state.last_acquire.note(operation, site, time);
    }

    /// Whether accesses are recorded.
    pub(crate) fn records(&self) -> bool {
        self.state.ignoring.get() == 0 && !alone::is_alone()
    }

    /// Event: an access to the bytes from `address` on that `word` is, which is not told to have been made before.
    #[inline(always)]
    pub(crate) fn access_word(
        &self,
        kind: AccessKind,
        address: usize,
        word: Word<'_>,
        place: Place,
    ) {
        if self.state.ignoring.get() == 0 {
            let runtime = self.runtime();
            let node = self.state.node_at(runtime, place);
            let attempt = runtime.engine.word_at_once(self.clock(), kind, word, node);
            if attempt != AtOnce::Done {
                report::access_after(attempt, self, kind, address, word.len(), place);
            }
        }
    }

    /// Event: an access to both `words` from `address` on, if its call stack is known without the tree: whether it is.
    #[inline(always)]
    pub(crate) fn access_two_words(
        &self,
        kind: AccessKind,
        address: usize,
        words: TwoWords<'_>,
        place: Place,
    ) -> bool {
        let Some(node) = self.state.known_node_at(place) else {
            return false;
        };
        if self.state.ignoring.get() == 0 {
            self.access_two_words_by(kind, address, words, node, place);
        }
        true
    }

    /// The same, by the call stack `node`.
    #[inline(always)]
    fn access_two_words_by(
        &self,
        kind: AccessKind,
        address: usize,
        words: TwoWords<'_>,
        node: NodeId,
        place: Place,
    ) {
        let engine = &self.runtime().engine;
        let (attempt, done) = engine.two_words_at_once(self.clock(), kind, words, node);
        match attempt {
            AtOnce::Done => {}
            AtOnce::Begun | AtOnce::BothBegun => {
                let len = 16 - done;
                report::access_after(attempt, self, kind, address + done, len, place);
            }
            AtOnce::No => self.access_one_by_one(kind, address, node, place),
        }
    }

    /// Event: an access to sixteen bytes.
    #[inline(never)]
    pub(crate) fn access_sixteen(&self, kind: AccessKind, address: usize, place: Place) {
        if self.state.ignoring.get() != 0 {
            return;
        }
        let runtime = self.runtime();
        let node = self.state.node_at(runtime, place);
        match runtime.engine.two_words(address) {
            Some(words) => self.access_two_words_by(kind, address, words, node, place),
            None => self.access_one_by_one(kind, address, node, place),
        }
    }

    /// The same, by the call stack `node`, a word after the other.
    #[inline(never)]
    fn access_one_by_one(&self, kind: AccessKind, address: usize, node: NodeId, place: Place) {
        let engine = &self.runtime().engine;
        let next = address.wrapping_add(8);
        let (Some(first), Some(second)) = (engine.word(address, 8), engine.word(next, 8)) else {
            return self.access(kind, address, 16, place);
        };
        let attempt = engine.word_or_repeat(self.clock(), kind, first, || node);
        if attempt != AtOnce::Done {
            return report::access_after(attempt, self, kind, address, 16, place);
        }
        let attempt = engine.word_or_repeat(self.clock(), kind, second, || node);
        if attempt != AtOnce::Done {
            report::access_after(attempt, self, kind, next, 8, place);
        }
    }

    /// Event: an access of an atomic operation to `size` bytes.
    #[inline(always)]
    pub(crate) fn access_atomic(
        &self,
        kind: AccessKind,
        address: usize,
        size: usize,
        place: Place,
    ) {
        let engine = &self.runtime().engine;
        match engine.word(address, size) {
            Some(word) if engine.has_made(self.clock().epoch(), kind, word) => {}
            Some(word) => self.access_word(kind, address, word, place),
            None => self.access(kind, address, size, place),
        }
    }

    /// Event: an access to `size` bytes.
    #[inline(never)]
    pub(crate) fn access(&self, kind: AccessKind, address: usize, size: usize, place: Place) {
        if self.records()
            && let Some(bytes) = report::bytes_at(address, size)
        {
            let runtime = self.runtime();
            let node = || self.state.node_at(runtime, place);
            let (attempt, next) = runtime
                .engine
                .range_at_once(self.clock(), kind, bytes, node);
            if attempt != AtOnce::Done {
                report::access_after(attempt, self, kind, next, bytes.end() - next, place);
            }
        }
    }
}

impl Drop for Inside {
    #[inline(always)]
    fn drop(&mut self) {
        compiler_fence(Ordering::SeqCst);
        self.state.inside.store(0, Ordering::Relaxed);
        compiler_fence(Ordering::SeqCst);
        if self.state.signalled.load(Ordering::Relaxed) {
            signal::deliver(self.state);
        }
    }
}
