//! Walks by rules, held against the library's, on stacks of many shapes.

use super::LastWalk;
use crate::context::{ContextTree, Frame};
use crate::stack::Operation;
use crate::unwind::{self, Addresses, Bounds, MAX_FRAMES, Visitor};
use parking_lot::Mutex;
use proptest::prelude::*;
use std::ffi::{CString, c_int, c_void};
use std::hint::black_box;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

const EVERYWHERE: Range<usize> = 0..usize::MAX;

/// Holds a walk of the stack against the library's, from the caller's frame on. `by_rules`: whether
/// rules should have been enough. Gives the number of frames.
#[inline(never)]
fn compare(stack: &Range<usize>, by_rules: bool) -> usize {
    let mut visitor = Visitor {
        bounds: Bounds { stack, from: 0 },
        addresses: Addresses::new(),
    };
    assert_eq!(super::walk(&mut visitor), by_rules);
    let remembered = remembered(stack);
    let ours = match by_rules {
        // Without the frames of the walk, and of this function.
        true => visitor.addresses[2..].to_vec(),
        false => outside(&unwind::walk(stack)),
    };
    let mut theirs = Vec::new();
    let mut is_outside = false;
    backtrace::trace(|frame| {
        let goes_on = stack.contains(&(frame.sp() as usize)) && !frame.ip().is_null();
        if goes_on && is_outside {
            theirs.push(frame.ip() as usize);
        }
        is_outside |= is_compare(frame);
        goes_on
    });
    if ours.len() + 2 == MAX_FRAMES {
        theirs.truncate(ours.len());
    }
    assert_eq!(ours, theirs);
    let is_whole = ours.len() + 2 < MAX_FRAMES;
    if is_whole {
        assert_eq!(remembered.is_some(), by_rules);
    }
    if let Some(mut remembered) = remembered {
        if !is_whole {
            // It has place for one frame more.
            remembered.truncate(ours.len());
        }
        assert_eq!(remembered, ours);
    }
    ours.len()
}

/// The same walk, made from the one before it, which was perhaps another thread's: the addresses from
/// the caller's caller on. `None` where rules were not enough.
#[inline(never)]
fn remembered(stack: &Range<usize>) -> Option<Vec<usize>> {
    static LAST: Mutex<Option<(ContextTree, LastWalk)>> = Mutex::new(None);
    let here = 0u8;
    let from = (&raw const here).addr();
    let mut last = LAST.lock();
    let (tree, last) = last.get_or_insert_default();
    let operation = Operation::at(Location::caller());
    let mut walk = || {
        let child = |node, frame| tree.child(node, frame);
        last.node(Bounds { stack, from }, operation, child)
    };
    let node = walk()?;
    for _ in 0..2 {
        assert_eq!(walk(), Some(node), "the same walk again");
    }
    // Without the place, and the frame of `compare`.
    let frames = tree.frames(node).into_iter().skip(2);
    let frames = frames.map(|frame| match frame {
        Frame::Return(ip) => ip,
        frame => panic!("{frame:?}"),
    });
    Some(frames.collect())
}

fn is_compare(frame: &backtrace::Frame) -> bool {
    std::ptr::eq(frame.symbol_address(), compare as *const c_void)
}

/// The addresses outside of [`compare`].
fn outside(addresses: &[usize]) -> Vec<usize> {
    let mut within = 0;
    let mut here = 0;
    backtrace::trace(|frame| {
        if is_compare(frame) {
            // As far from the outermost end as there.
            here = within;
        }
        within += usize::from(!frame.ip().is_null());
        true
    });
    addresses[addresses.len() - (within - here) + 1..].to_vec()
}

/// What one call looks like on the stack.
#[derive(Clone, Copy, Debug)]
enum Shape {
    Plain,
    Closure,
    Dynamic,
    /// Many words, found from the stack pointer.
    Large,
    /// Moved to a boundary, so that it is found from the frame pointer.
    Aligned,
    CatchUnwind,
    /// Called by the C library.
    Sort,
    /// In a destructor, while a panic unwinds.
    Unwinding,
    /// On a stack of its own; what is further out is not looked at.
    Coroutine,
    Thread,
}

/// Makes these calls, one in another, then compares.
#[inline(never)]
fn descend(shapes: &[Shape], stack: &Range<usize>) -> usize {
    let Some((shape, rest)) = shapes.split_first() else {
        return black_box(compare(stack, true));
    };
    // What is done with the result afterwards keeps the frames.
    black_box(match shape {
        Shape::Plain => descend(rest, stack),
        Shape::Closure => (black_box(|| black_box(descend(rest, stack))))(),
        Shape::Dynamic => {
            let call: &dyn Fn() -> usize = &|| black_box(descend(rest, stack));
            black_box(call)()
        }
        Shape::Large => large(rest, stack),
        Shape::Aligned => aligned(rest, stack),
        Shape::CatchUnwind => {
            catch_unwind(AssertUnwindSafe(|| descend(rest, stack))).expect("no panic")
        }
        Shape::Sort => sort(rest, stack),
        Shape::Unwinding => unwinding(rest, stack),
        Shape::Coroutine => coroutine(rest),
        Shape::Thread => {
            let rest = rest.to_vec();
            let there = std::thread::spawn(move || descend(&rest, &EVERYWHERE));
            there.join().expect("no panic")
        }
    })
}

#[inline(never)]
fn large(rest: &[Shape], stack: &Range<usize>) -> usize {
    let words = black_box([7usize; 3000]);
    descend(rest, stack) + black_box(&words)[0] - 7
}

#[inline(never)]
fn aligned(rest: &[Shape], stack: &Range<usize>) -> usize {
    #[repr(align(256))]
    struct Aligned([usize; 4]);
    let words = black_box(Aligned([7; 4]));
    descend(rest, stack) + black_box(&words).0[0] - 7
}

fn sort(rest: &[Shape], stack: &Range<usize>) -> usize {
    struct Call<'a> {
        rest: &'a [Shape],
        stack: &'a Range<usize>,
        frames: usize,
    }
    extern "C" fn order(call: *const c_void, _: *const c_void) -> c_int {
        // SAFETY: each element points to the call below, which nobody else looks at meanwhile.
        let call = unsafe { &mut **call.cast::<*mut Call<'_>>() };
        call.frames = descend(call.rest, call.stack);
        0
    }
    let mut call = Call {
        rest,
        stack,
        frames: 0,
    };
    let mut elements = [&raw mut call; 2];
    // SAFETY: the array has two elements of this size.
    unsafe {
        libc::qsort(
            elements.as_mut_ptr().cast(),
            2,
            size_of::<*mut Call<'_>>(),
            Some(order),
        );
    }
    call.frames
}

fn unwinding(rest: &[Shape], stack: &Range<usize>) -> usize {
    struct OnDrop<'a>(&'a [Shape], &'a Range<usize>, &'a mut usize);
    impl Drop for OnDrop<'_> {
        fn drop(&mut self) {
            assert!(std::thread::panicking());
            *self.2 = descend(self.0, self.1);
        }
    }
    let mut frames = 0;
    let result = catch_unwind(AssertUnwindSafe(|| {
        let _on_drop = OnDrop(rest, stack, &mut frames);
        // Without a message on the screen.
        std::panic::resume_unwind(Box::new(()));
    }));
    assert!(result.is_err());
    frames
}

fn coroutine(rest: &[Shape]) -> usize {
    use corosensei::stack::{DefaultStack, Stack};

    let stack = DefaultStack::new(1 << 20).expect("memory");
    let addresses = stack.limit().get()..stack.base().get();
    let rest = rest.to_vec();
    let mut coroutine = corosensei::Coroutine::with_stack(stack, move |_, ()| {
        black_box(descend(&rest, &addresses))
    });
    match coroutine.resume(()) {
        corosensei::CoroutineResult::<(), _>::Return(frames) => frames,
        corosensei::CoroutineResult::Yield(()) => unreachable!("it does not yield"),
    }
}

fn shape() -> impl Strategy<Value = Shape> {
    use Shape::*;
    prop::sample::select(vec![
        Plain,
        Closure,
        Dynamic,
        Large,
        Aligned,
        CatchUnwind,
        Sort,
        Unwinding,
        Coroutine,
        Thread,
    ])
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 200,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn any_nest_of_calls_is_walked_as_by_the_library(shapes in prop::collection::vec(shape(), 0..12)) {
        descend(&shapes, &EVERYWHERE);
    }
}

#[test]
fn each_shape_has_its_frames() {
    let shallow = descend(&[], &EVERYWHERE);
    for shape in [
        Shape::Plain,
        Shape::Closure,
        Shape::Dynamic,
        Shape::Large,
        Shape::Aligned,
        Shape::CatchUnwind,
        Shape::Sort,
        Shape::Unwinding,
    ] {
        assert!(descend(&[shape], &EVERYWHERE) > shallow, "{shape:?}");
    }
    // The trampoline, the closure, and this one's.
    assert!(descend(&[Shape::Coroutine], &EVERYWHERE) >= 3);
}

#[test]
fn of_a_deep_stack_the_innermost_frames_are_kept() {
    let frames = descend(&[Shape::Plain; 1000], &EVERYWHERE);
    assert_eq!(frames, MAX_FRAMES - 2);
}

/// Calls `f` from one of two places, so that frames further in lie where they did, and are others.
#[inline(never)]
fn from_one_of_two(first: bool, f: &dyn Fn() -> usize) -> usize {
    let frames = if first { f() } else { f() + black_box(0) };
    black_box(frames)
}

#[test]
fn a_frame_that_was_called_from_elsewhere_is_another_one() {
    for places in 0..1 << 6 {
        let at = |i: u32| places >> i & 1 == 0;
        let inner = || from_one_of_two(at(2), &|| compare(&EVERYWHERE, true));
        let middle = || from_one_of_two(at(1), &inner);
        // Each twice in a row, and after each other one.
        from_one_of_two(at(0), &middle);
        from_one_of_two(at(3), &middle);
    }
}

#[test]
fn a_panic_hook_sees_who_panics() {
    let before = std::panic::take_hook();
    static SEEN: AtomicU32 = AtomicU32::new(0);
    let name = "a_panic_hook_sees_who_panics, inside";
    std::panic::set_hook(Box::new(move |info| {
        if std::thread::current().name() == Some(name) {
            compare(&EVERYWHERE, true);
            SEEN.fetch_add(1, Ordering::Relaxed);
        } else {
            before(info);
        }
    }));
    let thread = std::thread::Builder::new().name(name.to_owned());
    let thread = thread.spawn(|| panic!("as it should")).expect("a thread");
    assert!(thread.join().is_err());
    assert_eq!(SEEN.load(Ordering::Relaxed), 1);
}

#[test]
fn a_coroutine_that_is_walked_to_the_threads_end_is_left_to_the_library() {
    let mut coroutine = corosensei::Coroutine::new(|_: &corosensei::Yielder<(), ()>, ()| {
        compare(&EVERYWHERE, false)
    });
    let frames = match coroutine.resume(()) {
        corosensei::CoroutineResult::Return(frames) => frames,
        corosensei::CoroutineResult::Yield(()) => unreachable!("it does not yield"),
    };
    assert!(frames > 8, "{frames}");
}

#[test]
fn a_signal_handler_is_left_to_the_library() {
    static FRAMES: AtomicU32 = AtomicU32::new(0);
    extern "C" fn handler(_: c_int) {
        FRAMES.store(compare(&EVERYWHERE, false) as u32, Ordering::Relaxed);
    }
    // SAFETY: the signal is raised on this thread only, outside of the allocator, and no other test
    // of this process has a use for it.
    unsafe {
        libc::signal(libc::SIGUSR2, handler as *const () as usize);
        libc::raise(libc::SIGUSR2);
    }
    assert!(FRAMES.load(Ordering::Relaxed) > 8);
}

/// A shared object with one function, which has a frame of this size and calls what it is given.
struct Object(*mut c_void);

impl Object {
    fn load(folder: &Path, bytes: usize) -> Self {
        let source = folder.join("call.c");
        let object = folder.join(format!("call-{bytes}.so"));
        let text = format!(
            "void call(void (*f)(void)) {{ volatile char room[{bytes}]; room[0] = 1; f(); room[1] = 1; }}"
        );
        std::fs::write(&source, text).expect("a folder to write to");
        let mut compiler = Command::new("cc");
        compiler.args(["-O1", "-fno-omit-frame-pointer", "-fPIC", "-shared", "-o"]);
        compiler.arg(&object).arg(&source);
        assert!(compiler.status().expect("a C compiler").success());
        let path = CString::new(object.to_str().expect("UTF-8")).expect("no zeros");
        // SAFETY: the object has no code that runs when it is loaded.
        let handle = unsafe { libc::dlopen(path.as_ptr(), libc::RTLD_NOW | libc::RTLD_LOCAL) };
        assert!(!handle.is_null());
        Self(handle)
    }

    fn call(&self) {
        extern "C" fn compare_here() {
            compare(&EVERYWHERE, false);
        }
        // SAFETY: the object is loaded.
        let function = unsafe { libc::dlsym(self.0, c"call".as_ptr()) };
        assert!(!function.is_null());
        // SAFETY: the function has this type, as its source says.
        let function: extern "C" fn(extern "C" fn()) = unsafe { std::mem::transmute(function) };
        function(compare_here);
    }
}

impl Drop for Object {
    fn drop(&mut self) {
        // SAFETY: nobody calls its function any more.
        unsafe { libc::dlclose(self.0) };
    }
}

#[test]
fn what_can_be_unloaded_is_left_to_the_library() {
    let folder = tempfile::tempdir().expect("a folder");
    // Mostly at one address, one after the other.
    for bytes in [64, 4000, 256, 64] {
        let object = Object::load(folder.path(), bytes);
        object.call();
        object.call();
    }
}

#[test]
fn threads_that_learn_at_once_learn_the_same() {
    let shapes = [
        Shape::Dynamic,
        Shape::Large,
        Shape::Sort,
        Shape::Unwinding,
        Shape::Coroutine,
        Shape::Aligned,
    ];
    std::thread::scope(|scope| {
        for first in 0..shapes.len() {
            scope.spawn(move || {
                for _ in 0..50 {
                    descend(&shapes[first..], &EVERYWHERE);
                    descend(&shapes[..first], &EVERYWHERE);
                }
            });
        }
    });
}
