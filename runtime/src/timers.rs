//! What is to happen at a certain time, earliest first.
//!
//! A heap of four children to a node, as Go's: it is half as deep as one of two, and what is compared
//! lies side by side. Whatever is in it knows its place there, so that it can be taken out before its
//! time: a timer that was stopped takes no memory.

use crate::later::Call;
use crate::waiter::Waiter;
use std::sync::Arc;
use std::time::Duration;

/// The children of a node of the heap.
const CHILDREN: usize = 4;

/// What a timer does.
pub(crate) enum Target {
    /// Claims the waiter by way of the case, and wakes it.
    Wait(Waiter, usize),
    /// Starts a goroutine.
    Call(Arc<Call>),
}

impl Target {
    fn is_wait(&self) -> bool {
        matches!(self, Self::Wait(..))
    }

    /// Whether nothing is left to be done.
    fn is_over(&self) -> bool {
        matches!(self, Self::Wait(waiter, _) if waiter.is_claimed())
    }
}

/// A timer whose time has come; whoever took it calls [`Self::act`], without the lock of the timers.
#[must_use]
pub(crate) enum Fired {
    /// A waiter that has been claimed.
    Wake(Waiter),
    /// A goroutine that is to start.
    Start(Arc<Call>),
}

impl Fired {
    pub(crate) fn act(self) {
        match self {
            Self::Wake(waiter) => waiter.wake_by_time(),
            Self::Start(call) => call.start(),
        }
    }
}

/// What tells a timer from all others, also from those that are gone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct TimerKey {
    place: usize,
    generation: u64,
}

/// A node of the heap.
#[derive(Clone, Copy)]
struct Node {
    /// Time since the run's start.
    due: Duration,
    /// Timers that are due together fire in the order they were set; no two have the same.
    order: u64,
    place: usize,
}

impl Node {
    fn is_before(&self, other: &Self) -> bool {
        (self.due, self.order) < (other.due, other.order)
    }
}

/// What belongs to a timer, at a place that stays its own.
struct Place {
    /// Where in the heap its node is.
    position: usize,
    /// The `order` of the timer that has the place.
    generation: u64,
    target: Option<Target>,
}

/// A heap of timers.
#[derive(Default)]
pub(crate) struct Timers {
    heap: Vec<Node>,
    places: Vec<Place>,
    free: Vec<usize>,
    /// How many of the targets are waits.
    waits: usize,
    set: u64,
}

impl Timers {
    /// Has `target` fire once `due` has come.
    pub(crate) fn add(&mut self, due: Duration, target: Target) -> TimerKey {
        self.set += 1;
        self.waits += usize::from(target.is_wait());
        let node = Node {
            due,
            order: self.set,
            place: self.put(target),
        };
        self.heap.push(node);
        self.sift_up(self.heap.len() - 1);
        TimerKey {
            place: node.place,
            generation: node.order,
        }
    }

    /// Takes a timer out before its time; `None` where it has fired, or was taken out.
    pub(crate) fn remove(&mut self, key: TimerKey) -> Option<Target> {
        let place = self.places.get(key.place)?;
        let there = place.generation == key.generation && place.target.is_some();
        let position = place.position;
        there.then(|| self.take(position))
    }

    /// When the next timer that still matters is due.
    pub(crate) fn next_due(&mut self) -> Option<Duration> {
        while let Some(first) = self.heap.first().copied() {
            let target = &self.places[first.place].target;
            if !target.as_ref().is_some_and(Target::is_over) {
                return Some(first.due);
            }
            self.take(0);
        }
        None
    }

    /// Whether any timer ends a wait.
    pub(crate) fn has_waits(&self) -> bool {
        self.waits > 0
    }

    /// Takes a timer that is due at `now`; the caller has it act.
    pub(crate) fn fire(&mut self, now: Duration) -> Option<Fired> {
        while self.next_due().is_some_and(|due| due <= now) {
            match self.take(0) {
                Target::Wait(waiter, case) if waiter.claim(case) => {
                    return Some(Fired::Wake(waiter));
                }
                Target::Wait(..) => {}
                Target::Call(call) => return Some(Fired::Start(call)),
            }
        }
        None
    }

    /// Empties the heap, and gives what was in it; no later timer has the key of an earlier one.
    pub(crate) fn take_all(&mut self) -> Self {
        let empty = Self {
            set: self.set,
            ..Self::default()
        };
        std::mem::replace(self, empty)
    }

    /// What was to start, in the order in which it was set.
    pub(crate) fn into_calls(self) -> Vec<Arc<Call>> {
        let mut calls: Vec<_> = self
            .places
            .into_iter()
            .filter_map(|place| match place.target {
                Some(Target::Call(call)) => Some((place.generation, call)),
                _ => None,
            })
            .collect();
        calls.sort_unstable_by_key(|(order, _)| *order);
        calls.into_iter().map(|(_, call)| call).collect()
    }

    fn put(&mut self, target: Target) -> usize {
        let place = Place {
            position: self.heap.len(),
            generation: self.set,
            target: Some(target),
        };
        if let Some(free) = self.free.pop() {
            self.places[free] = place;
            return free;
        }
        self.places.push(place);
        self.places.len() - 1
    }

    /// Takes the node at `position` out of the heap.
    fn take(&mut self, position: usize) -> Target {
        let node = self.heap.swap_remove(position);
        if position < self.heap.len() {
            self.places[self.heap[position].place].position = position;
            self.sift_down(position);
            self.sift_up(position);
        }
        self.free.push(node.place);
        let target = self.places[node.place].target.take();
        let target = target.expect("a node of the heap has a target");
        self.waits -= usize::from(target.is_wait());
        target
    }

    fn sift_up(&mut self, mut position: usize) {
        while position > 0 {
            let parent = (position - 1) / CHILDREN;
            if !self.heap[position].is_before(&self.heap[parent]) {
                return;
            }
            self.swap(position, parent);
            position = parent;
        }
    }

    fn sift_down(&mut self, mut position: usize) {
        loop {
            let first = CHILDREN * position + 1;
            let children = first..(first + CHILDREN).min(self.heap.len());
            let least =
                children.min_by_key(|&child| (self.heap[child].due, self.heap[child].order));
            match least {
                Some(least) if self.heap[least].is_before(&self.heap[position]) => {
                    self.swap(position, least);
                    position = least;
                }
                _ => return,
            }
        }
    }

    fn swap(&mut self, a: usize, b: usize) {
        self.heap.swap(a, b);
        for position in [a, b] {
            self.places[self.heap[position].place].position = position;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scheduler::rng::Rng;
    use std::collections::BTreeMap;
    use std::task::Waker;

    fn wait() -> (Waiter, Target) {
        let waiter = Waiter::task(Waker::noop().clone());
        let target = Target::Wait(waiter.clone(), 0);
        (waiter, target)
    }

    #[test]
    fn fires_as_a_sorted_map_says_whatever_is_taken_out() {
        let mut rng = Rng::new(5);
        for _ in 0..50 {
            let mut timers = Timers::default();
            let mut model = BTreeMap::new();
            for order in 0..rng.below(300) {
                let due = Duration::from_nanos(rng.below(40) as u64);
                let (waiter, target) = wait();
                let key = timers.add(due, target);
                model.insert((due, order), (key, waiter));
                if rng.below(3) == 0 {
                    let which = rng.below(model.len());
                    let id = *model.keys().nth(which).unwrap();
                    let (key, _) = model.remove(&id).unwrap();
                    assert!(timers.remove(key).is_some());
                    assert!(timers.remove(key).is_none());
                }
                if rng.below(7) == 0 {
                    let which = rng.below(model.len() + 1);
                    // Completed elsewhere: it must not fire.
                    if let Some(id) = model.keys().nth(which).copied() {
                        assert!(model[&id].1.claim(1));
                        model.remove(&id);
                    }
                }
            }
            for ((due, _), (key, expected)) in model {
                assert_eq!(timers.next_due(), Some(due));
                assert!(due.is_zero() || timers.fire(due - Duration::from_nanos(1)).is_none());
                let Some(Fired::Wake(waiter)) = timers.fire(due) else {
                    panic!("nothing fires at {due:?}");
                };
                assert!(waiter.is(&expected));
                assert!(timers.remove(key).is_none());
            }
            assert_eq!(timers.next_due(), None);
            assert!(!timers.has_waits());
        }
    }

    #[test]
    fn what_was_taken_out_takes_no_memory() {
        let mut timers = Timers::default();
        for n in 0..100_000 {
            let key = timers.add(Duration::from_secs(3600), wait().1);
            assert!(timers.remove(key).is_some(), "{n}");
        }
        assert_eq!((timers.heap.len(), timers.places.len()), (0, 1));
    }
}
