//! Threads that are no goroutines, and yet take part in a run.

use crate::current;
use crate::run::Outside;
use std::marker::PhantomData;

/// Says that threads which are no goroutines may make goroutines of the caller's run go on: tasks
/// of an executor that send on channels, say. While the value lives, a run in which every
/// goroutine is blocked waits for them, and reports no deadlock. `None` outside a run.
///
/// Without it, a run waits for such threads only where one of its goroutines is in
/// [`block_on`](crate::block_on), and for ten seconds.
///
/// ```
/// # deadheat_runtime::Run::new("doc").go(|| {
/// use deadheat_runtime::{chan, foreign_threads};
///
/// let _threads = foreign_threads();
/// let (tx, rx) = chan::unbuffered();
/// let thread = std::thread::spawn(move || tx.send(5));
/// assert_eq!(rx.recv(), Ok(5));
/// thread.join().unwrap().unwrap();
/// # }).result.unwrap();
/// ```
#[must_use = "the threads are expected only while the value lives"]
pub fn foreign_threads() -> Option<ForeignThreads> {
    let run = current::with(|g| g.run.clone())?;
    Some(ForeignThreads {
        _outside: run.foreign(),
        not_send: PhantomData,
    })
}

/// While it lives, threads may make goroutines go on; see [`foreign_threads`].
#[derive(Debug)]
pub struct ForeignThreads {
    _outside: Outside,
    /// It is to end with the scope that needs it.
    not_send: PhantomData<*const ()>,
}
