//! Sparse clocks: the known components only, sorted by thread, the first five inline.
//!
//! A join merges two sorted lists; a component is found by bisection.

use crate::{Clocks, Component};
use smallvec::SmallVec;
use std::cmp::Ordering;

/// As many components inline as the engine's clocks have.
const INLINE: usize = 5;
const TIME_BITS: u32 = 36;

/// A thread's number over its time, in one word.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Packed(u64);

impl Packed {
    fn new(component: Component) -> Self {
        Self((component.thread as u64) << TIME_BITS | component.time)
    }

    fn thread(self) -> u64 {
        self.0 >> TIME_BITS
    }

    /// Whether this is the same thread's, and not earlier.
    fn reaches(self, other: Self) -> bool {
        self >= other && self.thread() == other.thread()
    }
}

type Known = SmallVec<[Packed; INLINE]>;

/// Numbers threads.
#[derive(Default)]
pub struct Sparse {
    threads: usize,
}

/// A thread's clock.
pub struct Thread {
    own: Component,
    known: Known,
}

/// A sync object's clock.
#[derive(Default)]
pub struct Var {
    /// Whose clock this is; none where several were merged.
    own: Option<Packed>,
    known: Known,
}

fn place(known: &Known, thread: u64) -> Result<usize, usize> {
    // What is learned is mostly of the last thread known, or of one beyond.
    match known.last().map(|last| last.thread().cmp(&thread)) {
        None | Some(Ordering::Less) => Err(known.len()),
        Some(Ordering::Equal) => Ok(known.len() - 1),
        Some(Ordering::Greater) => known.binary_search_by_key(&thread, |packed| packed.thread()),
    }
}

fn has(known: &Known, packed: Packed) -> bool {
    place(known, packed.thread()).is_ok_and(|i| known[i] >= packed)
}

fn raise(known: &mut Known, packed: Packed) {
    match place(known, packed.thread()) {
        Ok(i) => known[i] = known[i].max(packed),
        Err(i) => known.insert(i, packed),
    }
}

/// Makes `known` a copy of `other`, in its own memory where that is enough.
fn copy(known: &mut Known, other: &[Packed]) {
    known.clear();
    known.reserve_exact(other.len());
    known.extend_from_slice(other);
}

/// Raises `known` to the larger components of both, in place and from the back.
fn learn(known: &mut Known, other: &[Packed]) {
    let mut i = known.len();
    let mut j = other.len();
    let missing = missing(known, other);
    known.reserve_exact(missing);
    known.resize(i + missing, Packed(0));
    let known = known.as_mut_slice();
    // Places from `i` up to `to` are free: as many as components of `other[..j]` are missing.
    let mut to = known.len();
    while j > 0 {
        let theirs = other[j - 1];
        let order = match i {
            0 => Ordering::Less,
            _ => known[i - 1].thread().cmp(&theirs.thread()),
        };
        to -= 1;
        known[to] = match order {
            Ordering::Less => theirs,
            Ordering::Greater => known[i - 1],
            Ordering::Equal => known[i - 1].max(theirs),
        };
        i -= usize::from(order.is_ge());
        j -= usize::from(order.is_le());
    }
}

/// How many components of `other` are of threads that `known` has none of.
fn missing(known: &[Packed], other: &[Packed]) -> usize {
    let mut i = 0;
    let is_missing = |theirs: &&Packed| {
        while i < known.len() && known[i].thread() < theirs.thread() {
            i += 1;
        }
        i == known.len() || known[i].thread() != theirs.thread()
    };
    other.iter().filter(is_missing).count()
}

impl Thread {
    fn knows(&self, packed: Packed) -> bool {
        Packed::new(self.own).reaches(packed) || has(&self.known, packed)
    }
}

impl Sparse {
    fn next(&mut self, known: Known) -> Thread {
        self.threads += 1;
        let own = Component::start(self.threads - 1);
        Thread { own, known }
    }
}

impl Clocks for Sparse {
    const NAME: &'static str = "sparse";
    type Thread = Thread;
    type Var = Var;
    type Epoch = Component;

    fn new() -> Self {
        Self::default()
    }

    fn first_thread(&mut self) -> Thread {
        self.next(Known::new())
    }

    fn fork(&mut self, parent: &mut Thread) -> Thread {
        let mut known = Known::new();
        copy(&mut known, &parent.known);
        raise(&mut known, Packed::new(parent.own));
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
        copy(&mut var.known, &thread.known);
        var.own = Some(Packed::new(thread.own));
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
        raise(&mut var.known, Packed::new(thread.own));
        thread.own.time += 1;
    }

    fn step(&mut self, thread: &Thread) -> Component {
        thread.own
    }

    fn knows(&self, thread: &Thread, epoch: Component) -> bool {
        thread.knows(Packed::new(epoch))
    }
}
