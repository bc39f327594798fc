//! G: a goroutine, and what it takes to run it on whatever OS thread comes along.
//!
//! A goroutine owns a stack from its first step to its last. [`Goroutine::resume`] switches to
//! it, [`suspend`] switches back to whoever resumed it. Who may resume it is settled by its
//! [`Status`]:
//!
//! ```text
//!                 ready                    resume
//!   Parked  ──────────────► Runnable ──────────────► Running ──► Finished
//!      ▲                        ▲                       │
//!      │ park, nothing pending  └── yield, or a wake ───┤
//!      └──────────────────────────  came while parking ◄┘
//! ```
//!
//! `status.rs` says why no wake-up is lost on the way into `Parked`.

use crate::claim::Claim;
use crate::dump::GoroutineState;
use crate::local::Locals;
use crate::run::Run;
use crate::scheduler::parallel::Worker;
use crate::stack::GoroutineStack;
use crate::status::Status;
use crate::task::Body;
use crate::wait_site::{WaitSite, Waiting};
use crate::waiter::WaitReason;
use corosensei::{Coroutine, CoroutineResult, Yielder};
use deadheat_detector::RawStack;
use deadheat_detector::thread::Thread;
use parking_lot::Mutex;
use std::cell::{Cell, UnsafeCell};
use std::ops::Range;
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

/// A shared goroutine. Its run keeps one until the run is over.
pub(crate) type G = Arc<Goroutine>;

/// What a goroutine is to be.
pub(crate) struct About {
    pub(crate) id: u64,
    pub(crate) creator: Option<u64>,
    pub(crate) created: &'static Location<'static>,
    /// The size of the stack that it gets.
    pub(crate) stack_size: usize,
    pub(crate) body: Body,
}

/// Why a goroutine gave its thread back.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Switch {
    /// It can go on at once.
    Yield,
    /// It waits until it is made ready.
    Park,
    /// It has returned.
    Finish,
}

/// How many safepoints destructors may pass at a time when a run is over; whoever needs more
/// than that is taken to wait for something that will not come.
const SAFEPOINTS_OF_DESTRUCTORS: u32 = 10_000;

type Fiber = Coroutine<(), Switch, (), GoroutineStack>;

enum Stage {
    New(Body),
    Started(Fiber),
    Ended,
}

/// What a goroutine is to look to at its next safepoint or switch: bits of `attention`.
///
/// Its run is over: it unwinds.
const CANCELLED: u8 = 1;
/// It leaves its stack in `stack_shown`, and goes on.
const SHOW: u8 = 2;
/// It was resumed only for that, and gives the thread back at once.
const SHOW_AND_RETURN: u8 = 4;
/// It polls a future, and does not switch at safepoints.
const POLLING: u8 = 8;

/// What came of the wish to see a goroutine's stack.
pub(crate) enum Shown {
    /// This is it.
    Stack(Box<RawStack>),
    /// It will be there ([`Goroutine::take_shown`]) when the goroutine comes to a safepoint.
    Asked,
    /// It has none.
    NotStarted,
}

/// What stays the same from a goroutine's start to its end.
struct Fixed {
    id: u64,
    creator: Option<u64>,
    created: &'static Location<'static>,
    stack_size: usize,
    name: OnceLock<Box<str>>,
}

/// A goroutine, and, when that has ended, another one ([`Goroutines`](crate::goroutines::Goroutines)).
pub(crate) struct Goroutine {
    pub(crate) run: Arc<Run>,
    /// Changed where it has ended, and nobody else has it.
    fixed: UnsafeCell<Fixed>,
    status: Status,
    stage: UnsafeCell<Stage>,
    yielder: Cell<Option<NonNull<Yielder<(), Switch>>>>,
    /// Its detector state, on the heap: most goroutines have none.
    thread: UnsafeCell<Option<Box<Thread>>>,
    in_detector: Cell<bool>,
    /// The worker of the parallel scheduler that runs it; null where none does.
    worker: Cell<*const Worker>,
    /// Safepoints that destructors passed since the run's end.
    pub(crate) safepoints: Cell<u32>,
    /// Where its stack lies; a signal handler reads it.
    stack_start: AtomicUsize,
    stack_end: AtomicUsize,
    /// Who completes the operation that it is blocked in.
    pub(crate) claim: Claim,
    waiting: WaitSite,
    attention: AtomicU8,
    unwinding: Cell<bool>,
    stack_shown: Mutex<Option<Box<RawStack>>>,
    /// Its own values; only the goroutine itself looks at them.
    locals: UnsafeCell<Option<Box<Locals>>>,
}

// SAFETY: the cells are touched by the thread that runs the goroutine only, or, while it does
// not run, by the one thread that won the right to resume it (`begin`); handing that right
// over goes through `status` with release and acquire. `fixed` is changed where nobody else has the
// goroutine. What the stack itself holds belongs to
// a body that is `Send` and to this runtime's operations; that neither thread-local addresses, nor
// values that share state with a thread-local, may be kept across a switch is the documented
// rule for users.
unsafe impl Send for Goroutine {}
// SAFETY: as above; everything else is atomic or locked.
unsafe impl Sync for Goroutine {}

impl Fixed {
    fn new(about: &About) -> Self {
        Self {
            id: about.id,
            creator: about.creator,
            created: about.created,
            stack_size: about.stack_size,
            name: OnceLock::new(),
        }
    }
}

/// The payload that unwinds a goroutine whose run is over.
pub(crate) struct Cancelled;

impl Goroutine {
    /// A goroutine that can run, and is in no queue yet.
    pub(crate) fn new(run: Arc<Run>, about: About) -> G {
        Arc::new(Self {
            run,
            fixed: UnsafeCell::new(Fixed::new(&about)),
            status: Status::new(),
            stage: UnsafeCell::new(Stage::New(about.body)),
            yielder: Cell::new(None),
            thread: UnsafeCell::new(None),
            in_detector: Cell::new(false),
            worker: Cell::new(std::ptr::null()),
            safepoints: Cell::new(0),
            stack_start: AtomicUsize::new(0),
            stack_end: AtomicUsize::new(usize::MAX),
            claim: Claim::new(),
            waiting: WaitSite::default(),
            attention: AtomicU8::new(0),
            unwinding: Cell::new(false),
            stack_shown: Mutex::new(None),
            locals: UnsafeCell::new(None),
        })
    }

    /// Makes another goroutine of one that has ended: one that can run, and is in no queue yet. Who still
    /// has an operation of the old one in a queue comes too late for it.
    ///
    /// # Safety
    ///
    /// It has ended, and nobody else looks at more than whether it has.
    pub(crate) unsafe fn use_again(&self, about: About) {
        // SAFETY: by the caller.
        unsafe {
            *self.fixed.get() = Fixed::new(&about);
            *self.stage.get() = Stage::New(about.body);
            *self.locals.get() = None;
        }
        self.stack_start.store(0, Ordering::Relaxed);
        self.stack_end.store(usize::MAX, Ordering::Relaxed);
        self.attention.store(0, Ordering::Relaxed);
        self.unwinding.set(false);
        self.status.revive();
    }

    /// Gives the goroutine its detector state.
    ///
    /// # Safety
    ///
    /// It is in no queue yet.
    pub(crate) unsafe fn set_thread(&self, thread: Thread) {
        // SAFETY: by the caller, nobody runs it.
        unsafe { *self.thread.get() = Some(Box::new(thread)) };
    }

    /// Whether it is a goroutine of this run.
    #[inline]
    pub(crate) fn is_of(&self, run: &Arc<Run>) -> bool {
        Arc::ptr_eq(&self.run, run)
    }

    fn fixed(&self) -> &Fixed {
        // SAFETY: it changes only where it has ended and nobody else has it.
        unsafe { &*self.fixed.get() }
    }

    /// The number that reports and dumps show.
    pub(crate) fn id(&self) -> u64 {
        self.fixed().id
    }

    /// Who started it; nobody, where it is a run's main goroutine.
    pub(crate) fn creator(&self) -> Option<u64> {
        self.fixed().creator
    }

    /// Where it was started.
    pub(crate) fn created(&self) -> &'static Location<'static> {
        self.fixed().created
    }

    /// Whether this is its run's main goroutine.
    pub(crate) fn is_main(&self) -> bool {
        self.creator().is_none()
    }

    /// The goroutine, to keep.
    #[inline]
    pub(crate) fn counted(&self) -> G {
        // SAFETY: every goroutine is made in an `Arc`, in `new`, and the borrow says that it is there.
        unsafe {
            Arc::increment_strong_count(self);
            Arc::from_raw(self)
        }
    }

    /// Wakes the goroutine; `true` where the caller must hand it to the scheduler.
    #[inline]
    pub(crate) fn make_ready(&self) -> bool {
        self.status.make_ready()
    }

    /// Gives a goroutine that was just made ready to its scheduler.
    #[inline]
    pub(crate) fn hand_over(self: G) {
        let here = crate::current::with(|g| g.is_of(&self.run)) == Some(true);
        if here {
            // SAFETY: the caller is a goroutine of the same run, which is not over before that has
            // switched away.
            let scheduler = unsafe { &*Arc::as_ptr(&self.run.scheduler) };
            scheduler.ready(self);
        } else {
            // Where it ends at once, so may its run.
            let run = Arc::clone(&self.run);
            run.scheduler.ready(self);
        }
    }

    /// Runs the goroutine until it switches back. `Yield` means that the caller must queue it
    /// again; `Park` that somebody else will.
    ///
    /// The caller took the goroutine from a queue, so nobody else resumes it.
    pub(crate) fn resume(self: &G) -> Switch {
        self.resume_by(std::ptr::null())
    }

    /// [`Self::resume`], on a thread of the parallel scheduler.
    #[inline(always)]
    pub(crate) fn resume_on(self: &G, worker: &Worker) -> Switch {
        // SAFETY: nobody else runs it, so its detector state is there and still.
        if let Some(thread) = unsafe { &mut *self.thread.get() } {
            thread.run_on(worker.index());
        }
        self.resume_by(worker)
    }

    #[inline(always)]
    fn resume_by(self: &G, worker: *const Worker) -> Switch {
        self.worker.set(worker);
        self.status.resume();
        self.safepoints.set(0);
        let previous = crate::current::enter(self);
        // SAFETY: the caller has the exclusive right to resume this goroutine, and the
        // goroutine itself never touches its stage.
        let switch = unsafe { self.switch_to() };
        crate::current::leave(previous);
        self.status.switched(switch)
    }

    /// Inlined, like all that a switch returns through: a processor foresees a return from the call that it
    /// has seen last, which was another goroutine's.
    ///
    /// # Safety
    ///
    /// Nobody else may resume this goroutine at the same time.
    #[inline(always)]
    unsafe fn switch_to(self: &G) -> Switch {
        // SAFETY: the caller's right to resume covers the stage.
        let stage = unsafe { &mut *self.stage.get() };
        if let Stage::New(_) = stage {
            self.begin(stage);
        }
        let Stage::Started(fiber) = stage else {
            return Switch::Finish;
        };
        // SAFETY: nobody else runs it, so its detector state is there and still.
        let twin = unsafe { &*self.thread.get() }
            .as_ref()
            .and_then(|thread| thread.twin());
        // SAFETY: as above; what follows switches to it.
        let runner = twin.map(|twin| unsafe { twin.enter() });
        let result = fiber.resume(());
        if let Some(runner) = runner {
            runner.leave(matches!(result, CoroutineResult::Return(())));
        }
        match result {
            CoroutineResult::Yield(switch) => switch,
            CoroutineResult::Return(()) => {
                // SAFETY: the goroutine has returned, and the caller is who resumed it.
                let thread = unsafe { &mut *self.thread.get() };
                self.finish(stage, thread);
                Switch::Finish
            }
        }
    }

    /// Gives a new goroutine a stack; where there is none, it has ended.
    #[inline(never)]
    fn begin(self: &G, stage: &mut Stage) {
        let Stage::New(body) = std::mem::replace(stage, Stage::Ended) else {
            return;
        };
        match self.take_stack() {
            Some(stack) => *stage = Stage::Started(self.start(stack, body)),
            // Destructors may block, which takes a stack.
            None => std::mem::forget(body),
        }
    }

    /// Takes the stack of one that has returned, and its detector state.
    #[inline(never)]
    fn finish(&self, stage: &mut Stage, thread: &mut Option<Box<Thread>>) {
        if let Stage::Started(fiber) = std::mem::replace(stage, Stage::Ended) {
            self.put_stack(fiber.into_stack());
        }
        if thread.is_some() {
            *thread = None;
        }
    }

    /// A stack; `None`, with the failure noted as this goroutine's, where there is no memory.
    fn take_stack(self: &G) -> Option<GoroutineStack> {
        let size = self.fixed().stack_size;
        let own = self
            .worker()
            .filter(|_| size == self.run.usual_stack)
            .and_then(Worker::take_stack);
        if own.is_some() {
            return own;
        }
        let stack = self.run.stacks.take(size);
        if let Err(error) = &stack {
            let message = format!(
                "no memory for its stack: {error} (on Linux, vm.max_map_count bounds the number of stacks)"
            );
            self.run.note_panic(self, &message);
        }
        stack.ok()
    }

    fn put_stack(&self, stack: GoroutineStack) {
        let usual = stack.addresses().len() == self.run.usual_stack;
        let left = match self.worker().filter(|_| usual) {
            Some(worker) => worker.put_stack(stack),
            None => Some(stack),
        };
        if let Some(stack) = left {
            self.run.stacks.put(stack);
        }
    }

    fn start(self: &G, stack: GoroutineStack, body: Body) -> Fiber {
        let addresses = stack.addresses();
        self.stack_start.store(addresses.start, Ordering::Relaxed);
        self.stack_end.store(addresses.end, Ordering::Relaxed);
        // SAFETY: the goroutine has not run yet, so nobody else uses its detector state.
        if let Some(thread) = unsafe { &mut *self.thread.get() } {
            thread.set_stack(addresses);
        }
        let g = Arc::as_ptr(self);
        Coroutine::with_stack(stack, move |yielder, ()| {
            // SAFETY: whoever resumes a goroutine has it.
            let g = unsafe { &*g };
            g.yielder.set(Some(NonNull::from(yielder)));
            let body = AssertUnwindSafe(move || {
                if g.is_cancelled() {
                    // What it has captured is dropped as part of the goroutine.
                    body.discard();
                } else {
                    body.run(g);
                }
            });
            // The body catches its own panics, but not those of what it drops at its end.
            if let Err(payload) = catch_unwind(body)
                && !payload.is::<Cancelled>()
            {
                g.run.note_panic(g, &*payload);
            }
        })
    }

    /// Gives the thread back. Only the goroutine itself calls this.
    #[inline(always)]
    pub(crate) fn suspend(&self, switch: Switch) {
        let yielder = self
            .yielder
            .get()
            .expect("a running goroutine has a yielder");
        // SAFETY: the yielder lies at the base of this goroutine's stack, on which this very
        // call runs, and lives until the body has returned.
        unsafe { yielder.as_ref() }.suspend(switch);
        if self.attention.load(Ordering::Acquire) & (SHOW | SHOW_AND_RETURN) != 0 {
            self.show_asked();
        }
    }

    /// Shows its stack, as long as that is asked for.
    #[cold]
    fn show_asked(&self) {
        while self.attention.load(Ordering::Acquire) & (SHOW | SHOW_AND_RETURN) != 0 {
            if self.show_stack() & SHOW_AND_RETURN != 0 {
                let yielder = self.yielder.get().expect("as in `suspend`");
                // SAFETY: as in `suspend`.
                unsafe { yielder.as_ref() }.suspend(Switch::Park);
            }
        }
    }

    /// Leaves this goroutine's stack where it was asked for, and says in which way it was. Only
    /// the goroutine itself calls this.
    #[cold]
    fn show_stack(&self) -> u8 {
        let asked = SHOW | SHOW_AND_RETURN;
        let attention = self.attention.fetch_and(!asked, Ordering::AcqRel);
        let stack = RawStack::here(&self.stack_addresses(), self.wait_site());
        *self.stack_shown.lock() = Some(Box::new(stack));
        attention
    }

    fn wait_site(&self) -> Option<&'static Location<'static>> {
        self.waiting().map(|waiting| waiting.at)
    }

    /// Parks the goroutine once; it may be woken for nothing. Unwinds it where its run is over
    /// and `give_up` agrees that nobody has completed its operation.
    #[inline(always)]
    pub(crate) fn park(&self, reason: WaitReason, give_up: impl FnOnce() -> bool) {
        self.set_wait_reason(Some(reason));
        self.suspend(Switch::Park);
        self.set_wait_reason(None);
        if self.must_unwind() && give_up() {
            self.unwind();
        }
    }

    /// A point at which the scheduler may run somebody else here.
    #[inline]
    pub(crate) fn safepoint(&self) {
        let attention = self.attention.load(Ordering::Relaxed);
        if attention != 0 {
            self.attend(attention);
        } else if self.is_asked() {
            self.let_run();
        }
    }

    /// Whether the scheduler is to be asked who runs now. On the parallel one, three loads.
    #[inline]
    fn is_asked(&self) -> bool {
        self.worker().is_none_or(Worker::should_yield)
    }

    /// Lets others run, if the scheduler says so.
    #[inline(never)]
    fn let_run(&self) {
        if self.may_switch() && self.run.scheduler.should_yield(self) {
            self.give_way();
        }
    }

    /// A safepoint at which there is something to attend to.
    #[cold]
    fn attend(&self, attention: u8) {
        if attention & SHOW != 0 {
            self.show_stack();
        }
        if attention & POLLING != 0 {
            return;
        }
        if attention & CANCELLED != 0 {
            self.safepoint_when_cancelled();
        } else {
            self.let_run();
        }
    }

    /// Whether the goroutine polls a future from now on, and so does not switch at safepoints; gives
    /// whether it did before. Only the goroutine itself calls this.
    pub(crate) fn set_polling(&self, polling: bool) -> bool {
        let before = if polling {
            self.attention.fetch_or(POLLING, Ordering::Relaxed)
        } else {
            self.attention.fetch_and(!POLLING, Ordering::Relaxed)
        };
        before & POLLING != 0
    }

    /// Lets others run, if there are any.
    #[inline(always)]
    pub(crate) fn yield_now(&self) {
        if self.is_cancelled() {
            self.safepoint_when_cancelled();
        } else {
            self.give_way();
        }
    }

    /// The run is over: the goroutine unwinds from here, or, if it unwinds already, its
    /// destructors get a long but bounded time.
    #[cold]
    fn safepoint_when_cancelled(&self) {
        if !self.unwinding.get() {
            self.give_way();
            return;
        }
        let passed = self.safepoints.get() + 1;
        self.safepoints.set(passed);
        if passed >= SAFEPOINTS_OF_DESTRUCTORS {
            self.suspend(Switch::Yield);
        }
    }

    /// Whether the goroutine may leave its thread. While a panic unwinds it must come back to
    /// the same one, which counts panics: the controlled scheduler has only one, and so does
    /// the end of a run.
    pub(crate) fn may_switch(&self) -> bool {
        !crate::current::is_panicking() || self.is_cancelled() || !self.run.scheduler.is_parallel()
    }

    /// Lets others run. Unwinds the goroutine where its run is over.
    #[inline(always)]
    pub(crate) fn give_way(&self) {
        if !self.may_switch() {
            return self.lend_thread();
        }
        self.suspend(Switch::Yield);
        if self.must_unwind() {
            self.unwind();
        }
    }

    /// Lets others run elsewhere, where the goroutine may not leave its thread.
    #[cold]
    fn lend_thread(&self) {
        self.run.scheduler.lend(true);
        std::thread::yield_now();
        self.run.scheduler.lend(false);
    }

    /// Whether the run is over and the goroutine is not unwinding already; a second panic
    /// inside a destructor would abort the process.
    ///
    /// Where another goroutine of this thread is stuck in the middle of a panic, this one cannot
    /// tell whether it panics itself, and is not unwound.
    fn must_unwind(&self) -> bool {
        self.is_cancelled() && !self.unwinding.get() && !crate::current::is_panicking()
    }

    #[cold]
    fn unwind(&self) -> ! {
        self.unwinding.set(true);
        std::panic::resume_unwind(Box::new(Cancelled))
    }

    /// From now on the goroutine unwinds at its next switch, or ends without having started.
    pub(crate) fn cancel(&self) {
        self.attention.fetch_or(CANCELLED, Ordering::Relaxed);
    }

    fn is_cancelled(&self) -> bool {
        self.attention.load(Ordering::Relaxed) & CANCELLED != 0
    }

    /// Leaks the stack and all on it. For a goroutine that blocks for ever while it unwinds.
    ///
    /// # Safety
    ///
    /// The goroutine must not be running, and must never be resumed again.
    pub(crate) unsafe fn abandon(&self) {
        // SAFETY: the caller vouches that nobody runs or resumes the goroutine.
        let stage = unsafe { &mut *self.stage.get() };
        std::mem::forget(std::mem::replace(stage, Stage::Ended));
        // SAFETY: as above. What lies on the stack may share state with them.
        std::mem::forget(unsafe { &mut *self.locals.get() }.take());
        self.status.finish();
    }

    pub(crate) fn is_finished(&self) -> bool {
        self.status.is_finished()
    }

    pub(crate) fn is_running(&self) -> bool {
        self.status.is_running()
    }

    /// Where the stack lies, guard included; everywhere, before the first step.
    pub(crate) fn stack_addresses(&self) -> Range<usize> {
        self.stack_start.load(Ordering::Relaxed)..self.stack_end.load(Ordering::Relaxed)
    }

    /// The worker that runs the goroutine. Only the goroutine itself calls this.
    #[inline]
    pub(crate) fn worker(&self) -> Option<&Worker> {
        // SAFETY: set by the thread that resumed the goroutine, to null or to its worker, which stays
        // in its place until the goroutine has switched back.
        unsafe { self.worker.get().as_ref() }
    }

    /// What the goroutine waits for.
    pub(crate) fn waiting(&self) -> Option<Waiting> {
        self.waiting.get()
    }

    /// Gives the goroutine a name; the first one given stays.
    pub(crate) fn set_name(&self, name: &str) {
        let _ = self.fixed().name.set(name.into());
    }

    /// Its name, if it was given one.
    pub(crate) fn name(&self) -> Option<&str> {
        self.fixed().name.get().map(|name| &**name)
    }

    /// Whether the goroutine waits for what somebody outside the run `run`, its own, has.
    ///
    /// To be called only while the goroutine does not run.
    pub(crate) fn waits_outside(&self, run: u64) -> bool {
        self.waiting.is_held_outside(run)
    }

    /// The goroutine waits, or does not any more. Only the goroutine itself calls this.
    #[inline]
    pub(crate) fn set_wait_reason(&self, reason: Option<WaitReason>) {
        match reason {
            Some(reason) => {
                let now = match self.worker() {
                    Some(worker) => worker.about_now(),
                    None => self.run.scheduler.about_now(),
                };
                self.waiting.set(reason, now);
            }
            None => self.waiting.clear(),
        }
    }

    /// Whether it runs, can run, or waits.
    pub(crate) fn state(&self) -> GoroutineState {
        match self.waiting() {
            Some(Waiting { what, at, since }) => GoroutineState::Waiting {
                what,
                at,
                waited: self.run.scheduler.now().saturating_sub(since),
            },
            None if self.is_running() => GoroutineState::Running,
            None => GoroutineState::Runnable,
        }
    }

    /// Whether it waits on its OS thread.
    pub(crate) fn holds_thread(&self) -> bool {
        self.is_running() && self.waiting().is_some()
    }

    /// The stack of the running goroutine itself, which calls this.
    pub(crate) fn own_stack(&self) -> Shown {
        Shown::Stack(Box::new(RawStack::here(&self.stack_addresses(), None)))
    }

    /// Sees to it that the goroutine shows its stack. One that is parked is resumed here for just
    /// long enough to look at itself, and so is one that can run, where nobody else resumes it
    /// (`stopped`); all others are asked to do it when they come to a safepoint.
    ///
    /// Calls for the goroutines of a run do not overlap, and end before its goroutines are unwound.
    /// A goroutine does not call this for itself.
    pub(crate) fn show(self: &G, stopped: bool) -> Shown {
        if self.stack_addresses().end == usize::MAX {
            return Shown::NotStarted;
        }
        self.stack_shown.lock().take();
        let held = self.show_parked() || stopped && self.show_runnable();
        match self.take_shown() {
            Some(stack) if held => Shown::Stack(stack),
            _ => {
                self.attention.fetch_or(SHOW, Ordering::Release);
                Shown::Asked
            }
        }
    }

    /// Resumes the goroutine, if it is parked, for just long enough to show its stack. A wake-up that
    /// comes meanwhile takes effect afterwards.
    pub(crate) fn show_parked(self: &G) -> bool {
        let held = self.status.hold_parked();
        if held {
            // SAFETY: holding a parked goroutine is the right to resume it.
            unsafe { self.show_held() };
            if self.status.release_parked() {
                self.run.scheduler.ready(self.clone());
            }
        }
        held
    }

    /// The same of one that can run, where nobody else resumes it.
    fn show_runnable(self: &G) -> bool {
        let held = self.status.hold_runnable();
        if held {
            // SAFETY: by the caller, nobody else resumes it.
            unsafe { self.show_held() };
            self.status.release_runnable();
        }
        held
    }

    /// What the goroutine has shown since it was asked.
    pub(crate) fn take_shown(&self) -> Option<Box<RawStack>> {
        self.stack_shown.lock().take()
    }

    /// Resumes the goroutine, which has started, to show its stack.
    ///
    /// # Safety
    ///
    /// Nobody else may resume this goroutine at the same time.
    unsafe fn show_held(self: &G) {
        self.attention.fetch_or(SHOW_AND_RETURN, Ordering::Release);
        self.worker.set(std::ptr::null());
        let previous = crate::current::enter(self);
        // SAFETY: by the caller.
        unsafe { self.switch_to() };
        crate::current::leave(previous);
    }

    /// Calls `f`, which calls nothing of the user's, with the goroutine's own values, if it has
    /// ever had any. Only the goroutine itself calls this.
    pub(crate) fn with_own_locals<R>(&self, f: impl FnOnce(&mut Locals) -> R) -> Option<R> {
        // SAFETY: only the goroutine itself gets here, while it runs, and `f` does not get here
        // again, so this is the only reference.
        let locals = unsafe { &mut *self.locals.get() };
        locals.as_deref_mut().map(f)
    }

    /// [`Self::with_own_locals`], with room for values from now on.
    pub(crate) fn with_locals<R>(&self, f: impl FnOnce(&mut Locals) -> R) -> R {
        // SAFETY: as there.
        let locals = unsafe { &mut *self.locals.get() };
        f(locals.get_or_insert_default())
    }

    /// Calls `f` with the goroutine's detector state. `None` where detection is off, and where
    /// the call comes from within such a call (from an allocator, say).
    ///
    /// Only the goroutine itself calls this.
    pub(crate) fn with_thread<R>(&self, f: impl FnOnce(&mut Thread) -> R) -> Option<R> {
        struct Leave<'a>(&'a Cell<bool>);
        impl Drop for Leave<'_> {
            fn drop(&mut self) {
                self.0.set(false);
            }
        }
        if self.in_detector.replace(true) {
            return None;
        }
        let _leave = Leave(&self.in_detector);
        // SAFETY: only the goroutine itself gets here, while it runs, and `in_detector` keeps a
        // nested call out, so this is the only reference.
        let thread = unsafe { &mut *self.thread.get() };
        thread.as_deref_mut().map(f)
    }
}
