//! Values of which each goroutine has its own: the [`goroutine_local!`](crate::goroutine_local!)
//! macro.
//!
//! A goroutine keeps them in a list of its own, which it has from the first value on. They are
//! dropped on its stack, after its function has returned or unwound and before its end is seen.

use crate::current;
use crate::goroutine::Goroutine;
use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::thread::LocalKey;

/// A value of which each goroutine has its own; outside a run, each OS thread.
///
/// [`goroutine_local!`](crate::goroutine_local!) declares one. A `thread_local!` is not that: on the
/// parallel scheduler a goroutine goes on on any thread, and on all schedulers it shares its
/// thread with others.
///
/// The value is made when the goroutine first asks for it, and dropped at the goroutine's end,
/// before [`join`](crate::JoinHandle::join) returns. Orders nothing: nobody else sees it.
pub struct GoroutineLocal<T: 'static> {
    make: fn() -> T,
    of_thread: LocalKey<Rc<T>>,
}

/// The value was dropped already: the goroutine, or outside a run the thread, is at its end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AccessError;

impl<T: 'static> GoroutineLocal<T> {
    /// For the macro.
    #[doc(hidden)]
    #[must_use]
    pub const fn new(make: fn() -> T, of_thread: LocalKey<Rc<T>>) -> Self {
        Self { make, of_thread }
    }

    /// Calls `f` with the value.
    ///
    /// # Panics
    ///
    /// Where the value was dropped already: `f` is called by the destructor of another one.
    pub fn with<R>(&'static self, f: impl FnOnce(&T) -> R) -> R {
        match self.try_with(f) {
            Ok(result) => result,
            Err(error) => panic!("{error}"),
        }
    }

    /// Calls `f` with the value, unless that was dropped already.
    ///
    /// # Errors
    ///
    /// Where it was.
    pub fn try_with<R>(&'static self, f: impl FnOnce(&T) -> R) -> Result<R, AccessError> {
        let value = match current::with(|g| g.with_locals(|locals| locals.find(self.key()))) {
            None => self.of_thread()?,
            Some(Found::Value(value)) => downcast(value),
            Some(Found::Dropped) => return Err(AccessError),
            Some(Found::Nothing) => self.made(),
        };
        Ok(f(&value))
    }

    /// Makes the running goroutine's value. If making it has made it already, that one stays.
    fn made(&'static self) -> Rc<T> {
        let made: Rc<T> = Rc::new((self.make)());
        let kept = current::with(|g| g.with_locals(|locals| locals.keep(self.key(), made.clone())));
        downcast(kept.expect("a goroutine stays one"))
    }

    /// The thread's value; never inlined, as the function spans no switch (see `current`).
    #[inline(never)]
    fn of_thread(&'static self) -> Result<Rc<T>, AccessError> {
        self.of_thread.try_with(Rc::clone).map_err(|_| AccessError)
    }

    /// Statics do not overlap, so the address tells this one from others.
    fn key(&'static self) -> usize {
        std::ptr::from_ref(self) as usize
    }
}

fn downcast<T: 'static>(value: Rc<dyn Any>) -> Rc<T> {
    let value = value.downcast();
    value.expect("a key has values of one type")
}

impl<T> fmt::Debug for GoroutineLocal<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GoroutineLocal { .. }")
    }
}

impl fmt::Display for AccessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("use of a goroutine-local that was dropped already, at the goroutine's end")
    }
}

impl std::error::Error for AccessError {}

/// The values of one goroutine.
#[derive(Default)]
pub(crate) struct Locals {
    /// By key; `None` where it was dropped.
    values: Vec<(usize, Option<Rc<dyn Any>>)>,
}

enum Found {
    Value(Rc<dyn Any>),
    Dropped,
    Nothing,
}

impl Locals {
    fn find(&self, key: usize) -> Found {
        match self.values.iter().find(|(of, _)| *of == key) {
            Some((_, Some(value))) => Found::Value(Rc::clone(value)),
            Some((_, None)) => Found::Dropped,
            None => Found::Nothing,
        }
    }

    /// Keeps `value`, unless there is one, and gives what is kept.
    fn keep(&mut self, key: usize, value: Rc<dyn Any>) -> Rc<dyn Any> {
        match self.find(key) {
            Found::Value(first) => return first,
            Found::Dropped => {}
            Found::Nothing => self.values.push((key, Some(Rc::clone(&value)))),
        }
        value
    }

    /// Takes a value out, the one made last first, and remembers that it was dropped.
    fn take_last(&mut self) -> Option<Rc<dyn Any>> {
        let mut values = self.values.iter_mut().rev();
        values.find_map(|(_, value)| value.take())
    }
}

/// Drops the values of the running goroutine `g`, those included that the destructors of others
/// make; each in its turn, also where one panics. Gives the first panic.
pub(crate) fn drop_all(g: &Goroutine) -> Result<(), Box<dyn Any + Send>> {
    let mut result = Ok(());
    while let Some(value) = g.with_own_locals(Locals::take_last).flatten() {
        let dropped = catch_unwind(AssertUnwindSafe(|| drop(value)));
        result = result.and(dropped);
    }
    result
}

/// Declares values of which each goroutine has its own, as `thread_local!` does for threads.
///
/// Outside a run each OS thread has its own. See [`GoroutineLocal`](crate::GoroutineLocal).
///
/// ```
/// # deadheat_runtime::Run::new("doc").go(|| {
/// use deadheat_runtime::{go, goroutine_local};
/// use std::cell::Cell;
///
/// goroutine_local! {
///     /// How deep this goroutine is.
///     static DEPTH: Cell<u32> = Cell::new(0);
/// }
///
/// DEPTH.with(|depth| depth.set(5));
/// let other = go(|| DEPTH.with(Cell::get));
/// assert_eq!(other.join().unwrap(), 0);
/// assert_eq!(DEPTH.with(Cell::get), 5);
/// # }).result.unwrap();
/// ```
#[macro_export]
macro_rules! goroutine_local {
    ($($(#[$attribute:meta])* $visibility:vis static $name:ident: $type:ty = $value:expr);* $(;)?) => {
        $(
            $(#[$attribute])*
            $visibility static $name: $crate::GoroutineLocal<$type> = {
                fn make() -> $type {
                    $value
                }
                ::std::thread_local! {
                    static OF_THREAD: ::std::rc::Rc<$type> = ::std::rc::Rc::new(make());
                }
                $crate::GoroutineLocal::new(make, OF_THREAD)
            };
        )*
    };
}
