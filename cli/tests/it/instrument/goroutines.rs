//! Goroutines in plain Rust under detection: each is a thread of execution of its own, on either scheduler.

use super::{functions, races, run};
use crate::krate::Krate;
use std::fs;
use std::path::Path;

/// A manifest of a crate that uses Deadheat's goroutines.
fn with_goroutines() -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    format!(
        "[package]\nname = \"krate\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[workspace]\n\
         [dependencies]\ndeadheat = {{ path = {root:?} }}\n"
    )
}

#[test]
fn plain_accesses_of_goroutines_are_each_goroutines_own() {
    let tests = r#"
        use deadheat::{chan, go, sync::{Mutex, WaitGroup}, yield_now};
        use std::cell::UnsafeCell;
        use std::sync::Arc;

        #[derive(Default)]
        struct Plain(UnsafeCell<Vec<u64>>);
        // SAFETY: whether accesses are ordered is what the tests are about.
        unsafe impl Sync for Plain {}
        // SAFETY: as above.
        unsafe impl Send for Plain {}

        impl Plain {
            fn push(&self) {
                // SAFETY: whether others are at it is what the tests are about.
                unsafe { (*self.0.get()).push(1) };
            }
        }

        fn cell() -> [Arc<Plain>; 2] {
            let cell = Arc::new(Plain::default());
            [cell.clone(), cell]
        }

        fn first(cell: &Plain) { cell.push(); }
        fn second(cell: &Plain) { cell.push(); }

        #[deadheat::test] fn racy() {
            let [a, b] = cell();
            let a = go(move || first(&a));
            let b = go(move || second(&b));
            a.join().unwrap();
            b.join().unwrap();
        }

        #[deadheat::test] fn dropped_handles_order_nothing() {
            let [a, b] = cell();
            drop(go(move || { first(&a); yield_now(); }));
            for _ in 0..100 { yield_now(); }
            second(&b);
        }

        #[deadheat::test] fn by_channel() {
            let [a, b] = cell();
            let (tx, rx) = chan::unbuffered();
            let one = go(move || { a.push(); tx.send(Box::new(7)).unwrap(); });
            assert_eq!(*rx.recv().unwrap(), 7);
            b.push();
            one.join().unwrap();
        }

        #[deadheat::test] fn by_buffered_channel() {
            let [a, b] = cell();
            let (tx, rx) = chan::bounded(2);
            let one = go(move || for i in 0..20 {
                if i == 10 { a.push(); }
                tx.send(vec![i; 100]).unwrap();
            });
            let all: Vec<_> = std::iter::from_fn(|| rx.recv().ok()).collect();
            assert_eq!(all.len(), 20);
            b.push();
            one.join().unwrap();
        }

        #[deadheat::test] fn by_mutex() {
            let shared = Arc::new(Mutex::new(Vec::new()));
            let all: Vec<_> = (0..4).map(|i| {
                let shared = shared.clone();
                go(move || for _ in 0..10 { shared.lock().push(i); yield_now(); })
            }).collect();
            for one in all { one.join().unwrap(); }
            assert_eq!(shared.lock().len(), 40);
        }

        #[deadheat::test] fn by_wait_group() {
            let [a, b] = cell();
            let group = Arc::new(WaitGroup::new());
            group.add(1);
            let done = group.clone();
            drop(go(move || { a.push(); drop(a); done.done(); }));
            group.wait();
            b.push();
        }

        #[deadheat::test] fn by_join() {
            let [a, b] = cell();
            go(move || a.push()).join().unwrap();
            b.push();
        }

        #[deadheat::test] fn results_and_stacks_are_used_again() {
            for _ in 0..200 {
                let one = go(|| { let local = [3u64; 64]; std::hint::black_box(&local); local.to_vec() });
                let two = go(|| { let local = [4u64; 64]; std::hint::black_box(&local); local.to_vec() });
                assert_eq!(one.join().unwrap().len() + two.join().unwrap().len(), 128);
            }
        }
    "#;
    let krate = Krate::with_files(&[("Cargo.toml", &with_goroutines()), ("src/lib.rs", tests)]);
    let lock = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.lock");
    fs::copy(lock, krate.path().join("Cargo.lock")).unwrap();
    let log = krate.path().join("target/deadheat/reports.jsonl");
    // On the parallel scheduler, nothing makes the goroutine whose handle is dropped run at all.
    let always: &[_] = &["::racy", "::dropped_handles_order_nothing"];
    for (scheduler, racy) in [("controlled", always), ("parallel", &always[..1])] {
        let scheduler = format!("--scheduler={scheduler}");
        let _ = fs::remove_file(&log);
        run(
            &krate,
            &["test", "--offline", "--instrument", "--lib", &scheduler],
        )
        .expect(66, &["8 passed"]);
        let found = functions(&krate, &["krate::first", "krate::second"]);
        assert_eq!(found, ["krate::first", "krate::second"], "{scheduler}");
        let races = races(&krate);
        let is_there = |name: &&str| races.iter().any(|race| race.contains(*name));
        assert!(racy.iter().all(is_there), "{scheduler}");
        let ordered = ["::by_", "::results_"].iter().find(|name| is_there(name));
        assert_eq!(ordered, None, "{scheduler}: {races:#?}");
    }
}
