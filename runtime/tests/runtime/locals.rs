//! Values that each goroutine has of its own.

use crate::{everywhere, message, passes};
use deadheat_runtime::sync::Mutex;
use deadheat_runtime::{AccessError, chan, go, goroutine_local, yield_now};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

goroutine_local! {
    static COUNT: Cell<usize> = Cell::new(100);
    static NAMES: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

#[test]
fn each_goroutine_has_its_own_wherever_it_runs() {
    passes(|| {
        let workers: Vec<_> = (0..6)
            .map(|i| {
                go(move || {
                    for _ in 0..10 {
                        COUNT.with(|count| {
                            let before = count.get();
                            // It may go on on another thread, after others have counted there.
                            yield_now();
                            count.set(before + i);
                        });
                    }
                    COUNT.with(Cell::get)
                })
            })
            .collect();
        for (i, worker) in workers.into_iter().enumerate() {
            assert_eq!(worker.join().unwrap(), 100 + 10 * i);
        }
        assert_eq!(COUNT.with(Cell::get), 100);
    });
}

#[test]
fn several_do_not_mix() {
    passes(|| {
        NAMES.with(|names| {
            names.borrow_mut().push("main".to_owned());
            COUNT.with(|count| count.set(names.borrow().len()));
        });
        assert_eq!(COUNT.with(Cell::get), 1);
        assert!(
            go(|| NAMES.with(|names| names.borrow().is_empty()))
                .join()
                .unwrap()
        );
    });
}

/// Where it counts its drops.
type Drops = Arc<Mutex<Vec<&'static str>>>;

struct Noisy(&'static str, Drops);

impl Drop for Noisy {
    fn drop(&mut self) {
        // A destructor may block.
        self.1.lock().push(self.0);
    }
}

goroutine_local! {
    static FIRST: RefCell<Option<Noisy>> = const { RefCell::new(None) };
    static SECOND: RefCell<Option<Noisy>> = const { RefCell::new(None) };
}

#[test]
fn they_are_dropped_before_the_end_is_seen() {
    passes(|| {
        for panics in [false, true] {
            let drops = Drops::default();
            let theirs = drops.clone();
            let g = go(move || {
                FIRST.with(|first| *first.borrow_mut() = Some(Noisy("first", theirs.clone())));
                SECOND.with(|second| *second.borrow_mut() = Some(Noisy("second", theirs.clone())));
                assert!(theirs.lock().is_empty());
                assert!(!panics, "as it should");
            });
            assert_eq!(g.join().is_err(), panics);
            assert_eq!(*drops.lock(), ["second", "first"]);
        }
    });
}

#[test]
fn they_are_dropped_when_a_leftover_is_unwound() {
    struct CountDrop;
    static DROPPED: AtomicUsize = AtomicUsize::new(0);
    impl Drop for CountDrop {
        fn drop(&mut self) {
            DROPPED.fetch_add(1, Ordering::SeqCst);
        }
    }
    goroutine_local! { static KEPT: CountDrop = CountDrop }
    everywhere(
        || {
            let (tx, rx) = chan::unbuffered::<()>();
            let (ready, made) = chan::unbuffered();
            drop(go(move || {
                KEPT.with(|_| ());
                ready.send(()).unwrap();
                let _ = rx.recv();
            }));
            made.recv().unwrap();
            std::mem::forget(tx);
        },
        |outcome| {
            outcome.result.unwrap();
            assert_eq!(DROPPED.swap(0, Ordering::SeqCst), 1);
        },
    );
}

#[test]
fn a_destructor_may_use_others_but_not_itself() {
    type Seen = (usize, Result<(), AccessError>);
    struct Last(Arc<Mutex<Option<Seen>>>);
    goroutine_local! { static LAST: RefCell<Option<Last>> = const { RefCell::new(None) } }
    impl Drop for Last {
        fn drop(&mut self) {
            // The count is made here, and dropped after.
            let count = COUNT.with(Cell::get);
            *self.0.lock() = Some((count, LAST.try_with(|_| ())));
        }
    }
    passes(|| {
        let seen = Arc::default();
        let last = Last(Arc::clone(&seen));
        let g = go(move || LAST.with(|place| *place.borrow_mut() = Some(last)));
        g.join().unwrap();
        assert_eq!(*seen.lock(), Some((100, Err(AccessError))));
    });
}

#[test]
fn a_destructor_that_panics_is_the_goroutines_panic() {
    struct PanicOnDrop;
    impl Drop for PanicOnDrop {
        fn drop(&mut self) {
            panic!("dropped");
        }
    }
    goroutine_local! { static PANICS: PanicOnDrop = PanicOnDrop }
    passes(|| {
        let drops = Drops::default();
        let theirs = drops.clone();
        let g = go(move || {
            FIRST.with(|first| *first.borrow_mut() = Some(Noisy("first", theirs)));
            PANICS.with(|_| ());
        });
        assert_eq!(message(&*g.join().unwrap_err()), "dropped");
        assert_eq!(*drops.lock(), ["first"]);
    });
}

#[test]
fn they_need_not_be_send() {
    goroutine_local! { static SHARED: Rc<Cell<u8>> = Rc::new(Cell::new(1)) }
    passes(|| {
        let g = go(|| {
            let mine = SHARED.with(Rc::clone);
            yield_now();
            mine.set(2);
            SHARED.with(|shared| shared.get())
        });
        assert_eq!(g.join().unwrap(), 2);
    });
}

#[test]
fn outside_a_run_each_thread_has_its_own() {
    COUNT.with(|count| count.set(1));
    let other = std::thread::spawn(|| COUNT.with(Cell::get));
    assert_eq!(other.join().unwrap(), 100);
    assert_eq!(COUNT.with(Cell::get), 1);
}
