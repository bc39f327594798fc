//! Who blocks or keeps an OS thread, and who panics.

use super::{Site, inject};
use crate::random::Random;
use deadheat::{blocking, chan, yield_now};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Calls that block the thread.
pub(super) fn blocking_calls(site: &Arc<Site>, random: &mut Random) {
    let all: Vec<_> = (0..random.between(1, 4))
        .map(|_| {
            let time = Duration::from_micros(random.between(0, 200) as u64);
            let panics = random.once_in(6);
            let caller = site.go(move || {
                blocking(|| {
                    std::thread::sleep(time);
                    if panics {
                        inject();
                    }
                });
            });
            (caller, panics)
        })
        .collect();
    for (caller, panics) in all {
        site.join(caller, panics);
    }
}

/// Passes no safepoint for longer than the scheduler allows.
pub(super) fn spin(site: &Arc<Site>, random: &mut Random) {
    let time = Duration::from_millis(random.between(5, 40) as u64);
    let spinner = site.go(move || {
        let begin = Instant::now();
        while begin.elapsed() < time {
            std::hint::spin_loop();
        }
        yield_now();
    });
    spinner.join().expect("no panic");
}

/// Panics, and destructors that block on the way.
pub(super) fn panics(site: &Arc<Site>, random: &mut Random) {
    struct Tell(chan::Sender<()>);
    impl Drop for Tell {
        fn drop(&mut self) {
            self.0.send(()).expect("somebody listens");
        }
    }
    let blocks = random.once_in(4);
    let (tx, rx) = match blocks {
        true => chan::unbuffered(),
        false => chan::bounded(1),
    };
    let panics = random.once_in(2);
    let goroutine = site.go(move || {
        let _tell = Tell(tx);
        yield_now();
        if panics {
            inject();
        }
    });
    rx.recv().expect("the destructor ran");
    site.join(goroutine, panics);
}
