//! Things that are to be used again: who gets what, and what is made.

use crate::{builders, everywhere, passes};
use deadheat_runtime::sync::Pool;
use deadheat_runtime::{Run, go, yield_now};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A pool of numbers, each made once.
fn numbers() -> Arc<Pool<usize>> {
    let next = AtomicUsize::new(0);
    Arc::new(Pool::new(move || next.fetch_add(1, Ordering::Relaxed)))
}

#[test]
fn nobody_has_what_another_has() {
    passes(|| {
        let pool = numbers();
        let held = Arc::new([const { AtomicUsize::new(0) }; 1000]);
        let users: Vec<_> = (0..4)
            .map(|_| {
                let (pool, held) = (pool.clone(), held.clone());
                go(move || {
                    for _ in 0..20 {
                        let number = pool.get();
                        assert_eq!(held[number].fetch_add(1, Ordering::SeqCst), 0);
                        yield_now();
                        held[number].fetch_sub(1, Ordering::SeqCst);
                        pool.put(number);
                    }
                })
            })
            .collect();
        users.into_iter().for_each(|user| user.join().unwrap());
    });
}

#[test]
fn without_detection_what_is_put_in_is_had_before_anything_is_made() {
    for builder in builders() {
        let outcome = builder.go(|| {
            let pool = numbers();
            // Put in by others, perhaps on other processors.
            let all: Vec<_> = (0..8).map(|_| pool.get()).collect();
            let putters: Vec<_> = all
                .into_iter()
                .map(|number| {
                    let pool = pool.clone();
                    go(move || pool.put(number))
                })
                .collect();
            putters
                .into_iter()
                .for_each(|putter| putter.join().unwrap());
            let mut again: Vec<_> = (0..8).map(|_| pool.get()).collect();
            again.sort_unstable();
            (again, pool.get())
        });
        assert_eq!(outcome.result.unwrap(), ((0..8).collect(), 8));
    }
}

#[test]
fn detection_forgets_some_as_the_seed_draws() {
    let kept = |seed| {
        let run = Run::new("test").seed(seed).detect(true);
        let outcome = run.go(|| {
            let pool = Pool::new(|| 0);
            (0..100).for_each(|_| pool.put(1));
            std::iter::from_fn(|| pool.try_get()).count()
        });
        outcome.result.unwrap()
    };
    for seed in 0..10 {
        assert!((50..95).contains(&kept(seed)), "{}", kept(seed));
        assert_eq!(kept(seed), kept(seed));
    }
}

/// Uses its pool when it is made or dropped, and switches there.
struct Reenters(Arc<Pool<u8>>);

impl Drop for Reenters {
    fn drop(&mut self) {
        yield_now();
        self.0.put(1);
    }
}

#[test]
fn makers_and_destructors_may_do_anything() {
    everywhere(
        || {
            let small = Arc::new(Pool::new(|| 0));
            let inner = small.clone();
            let pool = Pool::new(move || {
                yield_now();
                Reenters(inner.clone())
            });
            let (a, b) = (pool.get(), pool.get());
            pool.put(a);
            pool.put(b);
            pool.clear();
            assert!(pool.try_get().is_none());
        },
        |outcome| outcome.result.unwrap(),
    );
}

#[test]
fn plain_threads_use_it_too() {
    let pool = numbers();
    let other = pool.clone();
    std::thread::spawn(move || other.put(77)).join().unwrap();
    assert_eq!((pool.get(), pool.get()), (77, 0));
}
