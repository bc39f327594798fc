//! A processor that is taken from a goroutine which does not let go: nothing that it had queued is lost
//! or run twice, and there is never one right to run too many or too few.

use super::{Entry, interleave};
use crate::scheduler::parallel::processor::Processor;
use loom::sync::Mutex;
use loom::thread;
use std::sync::Arc;

/// What lies under the scheduler's lock.
#[derive(Default)]
struct State {
    global: Vec<Arc<Entry>>,
    /// Rights to run that nobody uses; of one, which the owner had.
    rights: usize,
}

struct Floor {
    processor: Processor<Entry>,
    state: Mutex<State>,
}

impl Floor {
    /// The owner's next entry; `None` where it has given the processor up.
    fn next(&self) -> Option<usize> {
        if self.processor.is_lost() {
            let mut state = self.state.lock().unwrap();
            state.global.extend(self.processor.drain());
            self.processor.leave();
            return None;
        }
        let next = self.processor.pop();
        if next.is_none() {
            let mut state = self.state.lock().unwrap();
            state.global.extend(self.processor.drain());
            if !self.processor.is_lost() {
                state.rights += 1;
            }
            self.processor.leave();
        }
        next.map(|entry| entry.number())
    }

    /// The owner's part. Each entry that it runs makes the next one ready.
    fn own(&self, entries: usize) -> Vec<usize> {
        let mut ran = Vec::new();
        while let Some(number) = self.next() {
            ran.push(number);
            self.processor.set_running(true);
            let made = number + 2;
            if made < entries {
                assert!(self.processor.push(Entry::new(made)).is_ok());
            }
            self.processor.set_running(false);
        }
        ran
    }

    /// What `sysmon` does once it has seen slice number `slices` for too long.
    fn retake(&self, slices: u32) -> bool {
        let mut state = self.state.lock().unwrap();
        let taken = self.processor.take_away(slices);
        if taken {
            state.global.extend(self.processor.drain());
            state.rights += 1;
        }
        taken
    }
}

const ENTRIES: usize = 4;

fn check(looks: usize) {
    interleave(3, move || {
        let floor = Arc::new(Floor {
            processor: Processor::new(),
            state: Mutex::default(),
        });
        for number in 0..2 {
            assert!(floor.processor.push(Entry::new(number)).is_ok());
        }
        let owner = Arc::clone(&floor);
        let owner = thread::spawn(move || owner.own(ENTRIES));
        let taken = (0..looks).filter(|_| floor.retake(floor.processor.slices()));
        let taken = taken.count();
        let mut all = owner.join().unwrap();
        let mut state = floor.state.lock().unwrap();
        // Nobody has a processor any more: the one right is free, once.
        assert!(taken <= 1);
        assert_eq!(state.rights, 1);
        assert!(!floor.processor.is_lost() && !floor.processor.has_work());
        // Each entry was run, or is in the global queue, or is to be made by one that is.
        all.extend(state.global.drain(..).map(|entry| entry.number()));
        all.sort_unstable();
        let made = all.windows(2).all(|pair| pair[0] != pair[1]);
        assert!(made && all.contains(&0) && all.contains(&1), "{all:?}");
        assert!(taken == 1 || all.len() == ENTRIES, "{all:?}");
    });
}

#[test]
fn an_owner_beside_one_look() {
    check(1);
}

#[test]
fn a_processor_is_taken_once() {
    check(2);
}

/// A slice that has ended is not taken for the one that went on for too long.
#[test]
fn a_new_slice_is_left_alone() {
    interleave(3, || {
        let processor = Processor::<Entry>::new();
        processor.begin_slice();
        let seen = processor.slices();
        processor.set_running(true);
        processor.begin_slice();
        assert!(!processor.take_away(seen));
        assert!(processor.take_away(processor.slices()));
        assert!(processor.should_yield());
    });
}
