//! Nobody sleeps while there is work and a free processor. A wake-up that is lost leaves everybody
//! asleep, which `loom` reports as a deadlock.

use super::{Entry, interleave};
use crate::scheduler::parallel::idle::{Idle, Sleepers, Wake};
use crate::scheduler::parallel::processor::Processor;
use loom::sync::{Condvar, Mutex};
use loom::thread::{self, JoinHandle};
use std::cell::Cell;
use std::sync::Arc;

/// What workers share: the parts of the scheduler that the protocol is about.
struct Floor {
    idle: Idle,
    /// The first is that of whoever makes entries ready, and runs none itself.
    processors: Vec<Processor<Entry>>,
    state: Mutex<State>,
    /// Notified for those who sleep.
    changed: Condvar,
    /// Notified for those who run an entry, when all are run.
    all_run: Condvar,
    /// How many entries there are. All must run at once: each waits for the others.
    entries: usize,
}

#[derive(Default)]
struct State {
    free: Vec<usize>,
    sleepers: Sleepers,
    ran: usize,
    started: Vec<JoinHandle<()>>,
}

impl Floor {
    fn new(processors: usize, free: &[usize], entries: usize) -> Arc<Self> {
        let idle = Idle::new();
        idle.set_free(free.len());
        let state = State {
            free: free.to_vec(),
            ..State::default()
        };
        Arc::new(Self {
            idle,
            processors: (0..processors).map(|_| Processor::new()).collect(),
            state: Mutex::new(state),
            changed: Condvar::new(),
            all_run: Condvar::new(),
            entries,
        })
    }

    /// Queues an entry.
    fn ready(self: &Arc<Self>, number: usize) {
        assert!(self.processors[0].push(Entry::new(number)).is_ok());
        self.wake_one();
    }

    fn wake_one(self: &Arc<Self>) {
        if !self.idle.wants_wake() {
            return;
        }
        let mut state = self.state.lock().unwrap();
        match self.idle.wake(&mut state.sleepers) {
            Some(Wake::Sleeper) => self.changed.notify_one(),
            Some(Wake::New) => {
                let worker = self.start(None, true);
                state.started.push(worker);
            }
            None => {}
        }
    }

    fn start(self: &Arc<Self>, processor: Option<usize>, spins: bool) -> JoinHandle<()> {
        let floor = Arc::clone(self);
        thread::spawn(move || floor.work(processor, &Cell::new(spins)))
    }

    fn work(self: &Arc<Self>, mut processor: Option<usize>, spins: &Cell<bool>) {
        while self.state.lock().unwrap().ran < self.entries {
            if let Some(own) = processor {
                if !spins.get() {
                    self.idle.start_spinning(spins);
                }
                let (own, victim) = (&self.processors[own], &self.processors[0]);
                if let Some(entry) = own.pop().or_else(|| own.steal(victim)) {
                    if self.idle.stop_spinning(spins) {
                        self.wake_one();
                    }
                    self.run(&entry);
                    continue;
                }
            }
            self.sleep(&mut processor, spins);
        }
    }

    /// Returns when all entries run.
    fn run(&self, entry: &Entry) {
        assert!(entry.number() < self.entries);
        let mut state = self.state.lock().unwrap();
        state.ran += 1;
        if state.ran == self.entries {
            self.changed.notify_all();
            self.all_run.notify_all();
        }
        while state.ran < self.entries {
            state = self.all_run.wait(state).unwrap();
        }
    }

    fn sleep(&self, processor: &mut Option<usize>, spins: &Cell<bool>) {
        let mut state = self.state.lock().unwrap();
        if let Some(own) = processor.take() {
            state.free.push(own);
            self.idle.set_free(state.free.len());
        }
        let has_work = || self.processors.iter().any(Processor::has_work);
        if self.idle.last_look(spins, has_work) {
            self.take_free(&mut state, processor);
            if processor.is_some() {
                return;
            }
        }
        if state.ran == self.entries {
            return;
        }
        state.sleepers.asleep += 1;
        state = self.changed.wait(state).unwrap();
        state.sleepers.asleep -= 1;
        self.take_free(&mut state, processor);
        let has = processor.is_some();
        self.idle.woken(&mut state.sleepers, spins, has);
    }

    fn take_free(&self, state: &mut State, processor: &mut Option<usize>) {
        *processor = state.free.pop();
        self.idle.set_free(state.free.len());
    }

    fn join(&self, workers: impl IntoIterator<Item = JoinHandle<()>>) {
        for worker in workers {
            worker.join().unwrap();
        }
        loop {
            let started = std::mem::take(&mut self.state.lock().unwrap().started);
            if started.is_empty() {
                break;
            }
            for worker in started {
                worker.join().unwrap();
            }
        }
        assert_eq!(self.state.lock().unwrap().ran, self.entries);
    }
}

#[test]
fn what_is_queued_while_a_worker_falls_asleep_is_run() {
    interleave(3, || {
        let floor = Floor::new(2, &[], 1);
        let worker = floor.start(Some(1), false);
        floor.ready(0);
        floor.join([worker]);
    });
}

#[test]
fn a_worker_that_sleeps_is_woken() {
    interleave(3, || {
        let floor = Floor::new(2, &[1], 1);
        let worker = floor.start(None, false);
        floor.ready(0);
        floor.join([worker]);
    });
}

/// The second entry counts on the worker that spins, and takes the first.
#[test]
fn the_last_one_that_spins_wakes_another() {
    interleave(2, || {
        let floor = Floor::new(3, &[2], 2);
        let worker = floor.start(Some(1), false);
        floor.ready(0);
        floor.ready(1);
        floor.join([worker]);
    });
}
