//! On random programs all clocks agree with the definition of happens-before.

use deadheat_rivals::Clocks;
use deadheat_rivals::dense::Dense;
use deadheat_rivals::shared::Shared;
use deadheat_rivals::sparse::Sparse;
use deadheat_rivals::tree::Trees;
use proptest::prelude::*;
use std::collections::BTreeSet;

const THREADS: usize = 24;
const VARS: usize = 4;

/// What a thread does. Numbers that stand for nobody are taken modulo how many there are.
#[derive(Clone, Copy, Debug)]
enum Event {
    Fork(usize),
    Step(usize),
    Acquire(usize, usize),
    Release(usize, usize),
    ReleaseMerge(usize, usize),
    End(usize),
}

/// The definition: a clock is the set of the steps that happen-before its owner's next one.
#[derive(Default)]
struct Sets {
    steps: usize,
}

impl Clocks for Sets {
    const NAME: &'static str = "sets";
    type Thread = std::cell::RefCell<BTreeSet<usize>>;
    type Var = BTreeSet<usize>;
    type Epoch = usize;

    fn new() -> Self {
        Self::default()
    }

    fn first_thread(&mut self) -> Self::Thread {
        Self::Thread::default()
    }

    fn fork(&mut self, parent: &mut Self::Thread) -> Self::Thread {
        parent.clone()
    }

    fn acquire(&mut self, thread: &mut Self::Thread, var: &Self::Var) {
        thread.get_mut().extend(var);
    }

    fn release(&mut self, thread: &mut Self::Thread, var: &mut Self::Var) {
        var.clone_from(thread.get_mut());
    }

    fn release_merge(&mut self, thread: &mut Self::Thread, var: &mut Self::Var) {
        var.extend(thread.get_mut().iter());
    }

    fn step(&mut self, thread: &Self::Thread) -> usize {
        self.steps += 1;
        thread.borrow_mut().insert(self.steps);
        self.steps
    }

    fn knows(&self, thread: &Self::Thread, epoch: usize) -> bool {
        thread.borrow().contains(&epoch)
    }
}

/// What every thread that runs knows of every step, after every event.
fn answers<C: Clocks>(events: &[Event]) -> Vec<bool> {
    let mut clocks = C::new();
    let mut threads = vec![clocks.first_thread()];
    let mut vars: [C::Var; VARS] = Default::default();
    let mut steps = Vec::new();
    let mut answers = Vec::new();
    for &event in events {
        let running = threads.len();
        match event {
            Event::Fork(t) if running < THREADS => {
                let child = clocks.fork(&mut threads[t % running]);
                threads.push(child);
            }
            Event::Fork(t) | Event::Step(t) => steps.push(clocks.step(&threads[t % running])),
            Event::Acquire(t, v) => clocks.acquire(&mut threads[t % running], &vars[v]),
            Event::Release(t, v) => clocks.release(&mut threads[t % running], &mut vars[v]),
            Event::ReleaseMerge(t, v) => {
                clocks.release_merge(&mut threads[t % running], &mut vars[v]);
            }
            Event::End(t) if running > 1 => drop(threads.swap_remove(t % running)),
            Event::End(_) => {}
        }
        for thread in &threads {
            answers.extend(steps.iter().map(|&step| clocks.knows(thread, step)));
        }
    }
    answers
}

fn events() -> impl Strategy<Value = Event> {
    let on_var = || (0..THREADS, 0..VARS);
    prop_oneof![
        3 => (0..THREADS).prop_map(Event::Fork),
        6 => (0..THREADS).prop_map(Event::Step),
        6 => on_var().prop_map(|(t, v)| Event::Acquire(t, v)),
        5 => on_var().prop_map(|(t, v)| Event::Release(t, v)),
        3 => on_var().prop_map(|(t, v)| Event::ReleaseMerge(t, v)),
        1 => (0..THREADS).prop_map(Event::End),
    ]
}

proptest! {
    #[test]
    fn all_clocks_are_the_definition(events in prop::collection::vec(events(), 0..150)) {
        let expected = answers::<Sets>(&events);
        prop_assert!(answers::<Dense>(&events) == expected, "dense");
        prop_assert!(answers::<Sparse>(&events) == expected, "sparse");
        prop_assert!(answers::<Trees>(&events) == expected, "tree");
        prop_assert!(answers::<Shared>(&events) == expected, "engine");
    }
}
