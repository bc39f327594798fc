//! The same threads to another detector: the one behind `--instrument`.
//!
//! A process whose code was instrumented by the compiler has a detector of its own, which sees every access
//! and knows threads of the operating system. Where such a process runs goroutines, each of them is a *fiber* to
//! that detector: its twin. What orders goroutines is told there as it is told here. Whether that detector is there
//! is asked of the dynamic linker, once.
//!
//! The names of objects must not be addresses, which are the names of the program's own: those of
//! [`SyncVar`](crate::sync::SyncVar)s have the top bit, the others get the one below.

use crate::event::{Action, Atomic};
use crate::sync::SyncId;
use std::ffi::{CString, c_char, c_int, c_void};
use std::ops::Range;
use std::ptr::NonNull;
use std::sync::OnceLock;
use std::sync::atomic::Ordering;

/// An object by which whoever runs a fiber learns what the fiber did, in the end.
const ENDS: u64 = 1 << 61;
/// Names that front ends give.
const GIVEN: u64 = 1 << 62;

macro_rules! interface {
    ($($field:ident = $name:literal ($($argument:ty),*) $(-> $result:ty)?;)*) => {
        /// The other detector's functions: [its documentation](https://docs.rs/deadheat-tsan) has them.
        struct Functions { $($field: unsafe extern "C" fn($($argument),*) $(-> $result)?,)* }

        impl Functions {
            /// `None` where nothing in the process is instrumented.
            #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
            fn find() -> Option<Self> {
                $(
                    // SAFETY: a name that ends with zero, and a handle that `dlsym` knows.
                    let $field = unsafe {
                        libc::dlsym(libc::RTLD_DEFAULT, concat!($name, "\0").as_ptr().cast())
                    };
                    if $field.is_null() {
                        return None;
                    }
                )*
                // SAFETY: the functions of these names have these types.
                unsafe {
                    Some(Self { $($field: std::mem::transmute::<
                        *mut c_void, unsafe extern "C" fn($($argument),*) $(-> $result)?>($field),)* })
                }
            }
        }
    };
}

interface! {
    create = "__deadheat_fiber_create"() -> *mut c_void;
    current = "__deadheat_fiber_current"() -> *mut c_void;
    switch_to = "__deadheat_fiber_switch_to"(*mut c_void);
    end = "__deadheat_fiber_end"(*mut c_void);
    set_name = "__deadheat_fiber_set_name"(*mut c_void, *const c_char);
    set_stack = "__deadheat_fiber_set_stack"(*mut c_void, usize);
    edge = "__deadheat_fiber_edge"(u64, c_int, c_int);
    transfer = "__deadheat_fiber_transfer"(u64, u64);
}

#[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
impl Functions {
    fn find() -> Option<Self> {
        None
    }
}

fn functions() -> Option<&'static Functions> {
    static FUNCTIONS: OnceLock<Option<Functions>> = OnceLock::new();
    FUNCTIONS.get_or_init(Functions::find).as_ref()
}

/// What an operation on an object is to the other detector.
#[derive(Clone, Copy)]
#[repr(i32)]
enum Edge {
    Load,
    Store,
    ReadModifyWrite,
    Fence,
}

/// A thread of this detector's, as the other one knows it. Dropping it ends it there.
#[derive(Debug)]
pub(crate) struct Twin(Place);

impl std::fmt::Debug for Functions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Functions")
    }
}

impl Twin {
    /// A new one, after all that the caller did; `None` where there is no other detector.
    pub(crate) fn new(number: u64) -> Option<Self> {
        let functions = functions()?;
        // SAFETY: it may be called anywhere.
        let fiber = NonNull::new(unsafe { (functions.create)() })?;
        let twin = Self(Place { fiber, functions });
        twin.set_name(&format!("goroutine {number}"));
        Some(twin)
    }

    pub(crate) fn set_name(&self, name: &str) {
        let name: Vec<u8> = name.bytes().filter(|byte| *byte != 0).collect();
        if let Ok(name) = CString::new(name) {
            // SAFETY: the fiber has not ended, and the name is a string of C.
            unsafe { (self.0.functions.set_name)(self.0.fiber.as_ptr(), name.as_ptr()) };
        }
    }

    /// The stack is the fiber's from now on: what others did there before is no matter.
    pub(crate) fn set_stack(&self, addresses: &Range<usize>) {
        let start = std::ptr::without_provenance_mut(addresses.start);
        // SAFETY: nothing is read or written there.
        unsafe { (self.0.functions.set_stack)(start, addresses.len()) };
    }

    /// What it takes to run it.
    pub(crate) fn place(&self) -> Place {
        self.0
    }
}

impl Place {
    fn edge(self, object: SyncId, edge: Edge, ordering: Ordering) {
        let ordering = match ordering {
            Ordering::Relaxed => 0,
            Ordering::Acquire => 2,
            Ordering::Release => 3,
            Ordering::AcqRel => 4,
            _ => 5,
        };
        // SAFETY: the name is nobody else's.
        unsafe { (self.functions.edge)(name(object), edge as c_int, ordering) };
    }

    /// An event of the thread, which is running.
    pub(crate) fn note(self, action: &Action) {
        match *action {
            Action::Acquire(object) => self.edge(object, Edge::Load, Ordering::Acquire),
            Action::Release(object) => self.edge(object, Edge::Store, Ordering::Release),
            Action::ReleaseMerge(object) => {
                self.edge(object, Edge::ReadModifyWrite, Ordering::Release);
            }
            Action::ReleaseAcquire(object) => {
                self.edge(object, Edge::Load, Ordering::Acquire);
                self.edge(object, Edge::Store, Ordering::Release);
            }
            Action::Transfer { from, into } => {
                // SAFETY: the names are nobody else's.
                unsafe { (self.functions.transfer)(name(from), name(into)) };
            }
            Action::AtomicLoad(Atomic {
                object, ordering, ..
            }) => {
                self.edge(object, Edge::Load, ordering);
            }
            Action::AtomicStore(Atomic {
                object, ordering, ..
            }) => {
                self.edge(object, Edge::Store, ordering);
            }
            Action::AtomicRmw(Atomic {
                object, ordering, ..
            }) => {
                self.edge(object, Edge::ReadModifyWrite, ordering);
            }
            Action::Fence(ordering) => self.edge(SyncId(0), Edge::Fence, ordering),
            // Its accesses are seen there, its beginning and end are told by themselves, a join is an
            // acquire here.
            Action::Fork(_)
            | Action::End
            | Action::Join(_)
            | Action::Read(_)
            | Action::Write(_)
            | Action::Alloc(_)
            | Action::Free(_)
            | Action::Call
            | Action::Return => {}
        }
    }
}

impl Drop for Twin {
    fn drop(&mut self) {
        // SAFETY: whoever ends a thread has switched away from it.
        unsafe { (self.0.functions.end)(self.0.fiber.as_ptr()) };
    }
}

fn name(object: SyncId) -> u64 {
    if object.0 >> 63 == 0 {
        object.0 | GIVEN
    } else {
        object.0
    }
}

/// Where the other detector has a thread: what is needed to run it.
///
/// Whoever switches to a thread's stack calls [`Self::enter`] before, and [`Runner::leave`] when control is back.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    fiber: NonNull<c_void>,
    functions: &'static Functions,
}

// SAFETY: the other detector lets a fiber go on upon any thread, one at a time; who runs a
// thread's state owns it.
unsafe impl Send for Place {}
// SAFETY: what takes it without being unsafe may be called by anybody at any time.
unsafe impl Sync for Place {}

impl Place {
    /// What happens from now on is the thread's.
    ///
    /// # Safety
    ///
    /// The thread has not ended, and nobody else runs it.
    #[must_use = "control comes back"]
    pub unsafe fn enter(self) -> Runner {
        // SAFETY: as the caller says.
        let own = unsafe {
            let own = (self.functions.current)();
            (self.functions.switch_to)(self.fiber.as_ptr());
            own
        };
        Runner { own, place: self }
    }
}

/// Who runs a thread.
#[derive(Debug)]
pub struct Runner {
    own: *mut c_void,
    place: Place,
}

impl Runner {
    /// What happens from now on is the caller's own, after all that the thread did if that `is_over`.
    pub fn leave(self, is_over: bool) {
        let Place { fiber, functions } = self.place;
        let object = ENDS | fiber.as_ptr().addr() as u64;
        let (release, acquire) = (3, 2);
        // SAFETY: the caller's fiber is its own still, and the object's name is the thread's own.
        unsafe {
            if is_over {
                (functions.edge)(object, Edge::Store as c_int, release);
            }
            (functions.switch_to)(self.own);
            if is_over {
                (functions.edge)(object, Edge::Load as c_int, acquire);
            }
        }
    }
}
