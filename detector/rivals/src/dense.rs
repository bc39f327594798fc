//! Dense vector clocks: a word for every thread up to the last one known.
//!
//! The textbook's representation (Mattern, 1989; Fidge, 1988), with what FastTrack and
//! ThreadSanitizer made of it: a thread's own component stands apart, so that a thread that knows
//! only old ones has a short vector; a release to the same object reuses its memory; and a clock
//! whose owner's time is known is not looked at.

use crate::{Clocks, Component};

/// Numbers threads.
#[derive(Default)]
pub struct Dense {
    threads: usize,
}

/// A thread's clock.
pub struct Thread {
    own: Component,
    known: Vec<u64>,
}

/// A sync object's clock.
#[derive(Default)]
pub struct Var {
    /// Whose clock this is; none where several were merged.
    own: Option<Component>,
    known: Vec<u64>,
}

fn time_of(known: &[u64], thread: usize) -> u64 {
    known.get(thread).copied().unwrap_or(0)
}

fn learn(known: &mut Vec<u64>, other: &[u64]) {
    if known.len() < other.len() {
        known.reserve_exact(other.len() - known.len());
        known.resize(other.len(), 0);
    }
    for (mine, &theirs) in known.iter_mut().zip(other) {
        *mine = theirs.max(*mine);
    }
}

fn raise(known: &mut Vec<u64>, component: Component) {
    if known.len() <= component.thread {
        known.resize(component.thread + 1, 0);
    }
    let mine = &mut known[component.thread];
    *mine = component.time.max(*mine);
}

impl Thread {
    fn knows(&self, component: Component) -> bool {
        let own = self.own;
        own.thread == component.thread && own.time >= component.time
            || time_of(&self.known, component.thread) >= component.time
    }
}

impl Dense {
    fn next(&mut self, known: Vec<u64>) -> Thread {
        self.threads += 1;
        let own = Component::start(self.threads - 1);
        Thread { own, known }
    }
}

impl Clocks for Dense {
    const NAME: &'static str = "dense";
    type Thread = Thread;
    type Var = Var;
    type Epoch = Component;

    fn new() -> Self {
        Self::default()
    }

    fn first_thread(&mut self) -> Thread {
        self.next(Vec::new())
    }

    fn fork(&mut self, parent: &mut Thread) -> Thread {
        let len = parent.known.len().max(parent.own.thread + 1);
        let mut known = Vec::with_capacity(len);
        known.extend_from_slice(&parent.known);
        raise(&mut known, parent.own);
        parent.own.time += 1;
        self.next(known)
    }

    fn acquire(&mut self, thread: &mut Thread, var: &Var) {
        if var.own.is_some_and(|own| thread.knows(own)) {
            return;
        }
        learn(&mut thread.known, &var.known);
        if let Some(own) = var.own {
            raise(&mut thread.known, own);
        }
    }

    fn release(&mut self, thread: &mut Thread, var: &mut Var) {
        var.known.clone_from(&thread.known);
        var.own = Some(thread.own);
        thread.own.time += 1;
    }

    fn release_merge(&mut self, thread: &mut Thread, var: &mut Var) {
        let replaces = match var.own {
            Some(own) => thread.knows(own),
            None => var.known.is_empty(),
        };
        if replaces {
            return self.release(thread, var);
        }
        if let Some(own) = var.own.take() {
            raise(&mut var.known, own);
        }
        learn(&mut var.known, &thread.known);
        raise(&mut var.known, thread.own);
        thread.own.time += 1;
    }

    fn step(&mut self, thread: &Thread) -> Component {
        thread.own
    }

    fn knows(&self, thread: &Thread, epoch: Component) -> bool {
        thread.knows(epoch)
    }
}
