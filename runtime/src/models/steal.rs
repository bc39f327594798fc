//! Each entry of a ring is taken once, by its owner or by a thief, whole.

use super::{Entry, interleave};
use crate::scheduler::parallel::processor::Processor;
use crate::scheduler::parallel::ring::{Ring, SLOTS};
use loom::thread;
use std::sync::Arc;

fn number(entry: Arc<Entry>) -> usize {
    entry.number()
}

/// What is left in `ring`, taken by its owner.
fn rest(ring: &Ring<Entry>) -> Vec<usize> {
    std::iter::from_fn(|| ring.pop()).map(number).collect()
}

fn filled(numbers: std::ops::Range<usize>) -> Arc<Ring<Entry>> {
    let ring = Arc::new(Ring::new());
    for n in numbers {
        assert!(ring.push(Entry::new(n)).is_ok());
    }
    ring
}

/// A thief's part: half, and what it then has in its own ring.
fn steal(ring: &Ring<Entry>) -> Vec<usize> {
    let own = Ring::new();
    let first = ring.steal(&own).map(number);
    first.into_iter().chain(rest(&own)).collect()
}

#[track_caller]
fn each_once(mut taken: Vec<usize>, n: usize) {
    taken.sort_unstable();
    assert_eq!(taken, (0..n).collect::<Vec<_>>());
}

/// The owner comes round to the slots that the thief copies.
#[test]
fn a_thief_beside_an_owner_that_comes_round() {
    interleave(3, || {
        let ring = filled(0..3);
        let other = Arc::clone(&ring);
        let thief = thread::spawn(move || steal(&other));
        let mut taken = Vec::new();
        taken.extend(ring.pop().map(number));
        let mut pushed = 3;
        while pushed < 6 && ring.push(Entry::new(pushed)).is_ok() {
            pushed += 1;
            taken.extend(ring.pop().map(number));
        }
        taken.extend(thief.join().unwrap());
        taken.extend(rest(&ring));
        each_once(taken, pushed);
    });
}

#[test]
fn two_thieves_and_an_owner() {
    interleave(2, || {
        let ring = filled(0..3);
        let thieves = [(); 2].map(|()| {
            let ring = Arc::clone(&ring);
            thread::spawn(move || steal(&ring))
        });
        let mut taken: Vec<_> = ring.pop().map(number).into_iter().collect();
        for thief in thieves {
            taken.extend(thief.join().unwrap());
        }
        taken.extend(rest(&ring));
        each_once(taken, 3);
    });
}

/// The owner of a full ring takes half of it beside a thief, and comes round to the slots.
#[test]
fn a_thief_beside_an_owner_that_sheds() {
    interleave(3, || {
        let ring = filled(0..SLOTS as usize);
        let other = Arc::clone(&ring);
        let thief = thread::spawn(move || steal(&other));
        let mut taken: Vec<_> = ring.pop_half().into_iter().map(number).collect();
        let mut pushed = SLOTS as usize;
        while pushed < 6 && ring.push(Entry::new(pushed)).is_ok() {
            pushed += 1;
        }
        taken.extend(thief.join().unwrap());
        taken.extend(rest(&ring));
        each_once(taken, pushed);
    });
}

/// A thief that sees what was pushed sees what was written before.
#[test]
fn a_thief_that_waits_for_a_push() {
    interleave(3, || {
        let ring = filled(0..0);
        let other = Arc::clone(&ring);
        let thief = thread::spawn(move || steal(&other));
        for n in 0..2 {
            assert!(ring.push(Entry::new(n)).is_ok());
        }
        let mut taken = rest(&ring);
        taken.extend(thief.join().unwrap());
        each_once(taken, 2);
    });
}

/// A full ring is full until something was taken out of it.
#[test]
fn a_push_into_a_full_ring_beside_a_thief() {
    interleave(3, || {
        let ring = filled(0..SLOTS as usize);
        let other = Arc::clone(&ring);
        let thief = thread::spawn(move || other.steal_one().map(number));
        let last = ring.push(Entry::new(SLOTS as usize)).err();
        let mut taken: Vec<_> = last.map(number).into_iter().collect();
        taken.extend(rest(&ring));
        taken.extend(thief.join().unwrap());
        each_once(taken, SLOTS as usize + 1);
    });
}

/// What is next is taken once, also where it is replaced at the same time.
#[test]
fn what_is_next_is_replaced_popped_and_stolen() {
    interleave(3, || {
        let processor = Arc::new(Processor::<Entry>::new());
        assert!(processor.set_next(Entry::new(0)).is_none());
        let victim = Arc::clone(&processor);
        let thief = thread::spawn(move || {
            let mark = victim.next_mark();
            victim.steal_next(mark).map(number)
        });
        let mut taken = Vec::new();
        taken.extend(processor.set_next(Entry::new(1)).map(number));
        taken.extend(processor.pop().map(number));
        taken.extend(thief.join().unwrap());
        taken.extend(std::iter::from_fn(|| processor.pop()).map(number));
        each_once(taken, 2);
    });
}
