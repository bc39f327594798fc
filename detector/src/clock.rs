//! Logical time: thread indices, epochs and vector clocks.
//!
//! A *vector clock* maps every thread of execution to the latest of its times that
//! happens-before the clock's owner (Mattern, 1989; Fidge, 1988). An *epoch* `c@t` is one
//! component of such a clock, and enough to name a single access (Flanagan and Freund,
//! *FastTrack*, PLDI 2009).
//!
//! Relies on nothing but memory; knows nothing of sync objects or shadow memory.

use smallvec::SmallVec;
use std::fmt;

/// The index of a thread of execution (here: of a goroutine) in a detector's clocks.
///
/// Indices are dense and start at 0, the thread that the detector was created with.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Tid(u32);

impl Tid {
    /// The largest number of threads that one detector can tell apart.
    pub const LIMIT: usize = 1 << Epoch::TID_BITS;

    /// The index `index`, or `None` where it does not fit an [`Epoch`].
    #[must_use]
    pub fn new(index: usize) -> Option<Self> {
        (index < Self::LIMIT).then_some(Self(index as u32))
    }

    /// The position of this thread's component in a clock.
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// A thread's own logical time: the number of times it has released, plus one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Time(u64);

impl Time {
    /// Before anything the thread did. Every clock has this component for threads it knows nothing of.
    pub const ZERO: Self = Self(0);
    /// When a thread starts.
    pub const START: Self = Self(1);

    /// The time after this one.
    ///
    /// # Panics
    ///
    /// After 2^40 - 1 releases by one thread, which an epoch cannot count.
    #[must_use]
    pub fn next(self) -> Self {
        assert!(
            self.0 < Epoch::TIME_MASK,
            "one goroutine released {} times: more than the detector can count",
            self.0
        );
        Self(self.0 + 1)
    }

    /// The time as a plain number.
    #[must_use]
    pub fn get(self) -> u64 {
        self.0
    }
}

/// `c@t`: the time `c` of thread `t`, in one word.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Epoch(u64);

impl Epoch {
    const TID_BITS: u32 = 24;
    const TIME_BITS: u32 = 64 - Self::TID_BITS;
    const TIME_MASK: u64 = (1 << Self::TIME_BITS) - 1;

    /// The epoch `time@tid`.
    #[must_use]
    pub fn new(tid: Tid, time: Time) -> Self {
        Self(u64::from(tid.0) << Self::TIME_BITS | time.0)
    }

    /// The thread of this epoch.
    #[must_use]
    pub fn tid(self) -> Tid {
        Tid((self.0 >> Self::TIME_BITS) as u32)
    }

    /// The time of this epoch.
    #[must_use]
    pub fn time(self) -> Time {
        Time(self.0 & Self::TIME_MASK)
    }
}

impl fmt::Debug for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.time().0, self.tid().0)
    }
}

/// A vector clock: for every thread, the latest of its times that is known to have happened.
///
/// Components beyond the stored ones are [`Time::ZERO`], so the empty clock is the least one.
#[derive(Clone, Default, Debug)]
pub struct VectorClock {
    times: SmallVec<[Time; 4]>,
}

impl VectorClock {
    /// The clock that knows of nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The component of `tid`.
    #[must_use]
    pub fn get(&self, tid: Tid) -> Time {
        self.times.get(tid.index()).copied().unwrap_or(Time::ZERO)
    }

    /// Sets the component of `tid`.
    pub fn set(&mut self, tid: Tid, time: Time) {
        if self.times.len() <= tid.index() {
            self.times.resize(tid.index() + 1, Time::ZERO);
        }
        self.times[tid.index()] = time;
    }

    /// Makes this the least clock that is at least as late as both, component by component.
    pub fn join(&mut self, other: &Self) {
        if self.times.len() < other.times.len() {
            self.times.resize(other.times.len(), Time::ZERO);
        }
        for (mine, theirs) in self.times.iter_mut().zip(&other.times) {
            *mine = (*mine).max(*theirs);
        }
    }

    /// Whether what happened at `epoch` happens-before the owner of this clock.
    #[must_use]
    pub fn contains(&self, epoch: Epoch) -> bool {
        epoch.time() <= self.get(epoch.tid())
    }

    /// Whether this clock knows of nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.times.iter().all(|&time| time == Time::ZERO)
    }
}

impl PartialEq for VectorClock {
    fn eq(&self, other: &Self) -> bool {
        let longest = self.times.len().max(other.times.len());
        (0..longest).all(|i| {
            let at = |clock: &Self| clock.times.get(i).copied().unwrap_or(Time::ZERO);
            at(self) == at(other)
        })
    }
}

impl Eq for VectorClock {}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn tid(index: usize) -> Tid {
        Tid::new(index).unwrap()
    }

    fn clock(times: &[u64]) -> VectorClock {
        let mut clock = VectorClock::new();
        for (i, &time) in times.iter().enumerate() {
            clock.set(tid(i), Time(time));
        }
        clock
    }

    #[test]
    fn epoch_keeps_both_halves_at_their_limits() {
        let epoch = Epoch::new(tid(Tid::LIMIT - 1), Time(Epoch::TIME_MASK));
        assert_eq!(epoch.tid().index(), Tid::LIMIT - 1);
        assert_eq!(epoch.time().get(), Epoch::TIME_MASK);
        assert_eq!(Tid::new(Tid::LIMIT), None);
    }

    #[test]
    fn trailing_zeros_do_not_distinguish_clocks() {
        assert_eq!(clock(&[1, 2]), clock(&[1, 2, 0, 0]));
        assert_ne!(clock(&[1, 2]), clock(&[1, 2, 3]));
    }

    #[test]
    #[should_panic(expected = "more than the detector can count")]
    fn time_does_not_wrap() {
        let _ = Time(Epoch::TIME_MASK).next();
    }

    proptest! {
        #[test]
        fn join_is_the_least_upper_bound(a in prop::collection::vec(0u64..9, 0..9), b in prop::collection::vec(0u64..9, 0..9)) {
            let mut joined = clock(&a);
            joined.join(&clock(&b));
            for i in 0..10 {
                let at = |v: &[u64]| v.get(i).copied().unwrap_or(0);
                prop_assert_eq!(joined.get(tid(i)).get(), at(&a).max(at(&b)));
            }
            let mut other_way = clock(&b);
            other_way.join(&clock(&a));
            prop_assert_eq!(joined, other_way);
        }

        #[test]
        fn contains_is_a_comparison_of_one_component(times in prop::collection::vec(0u64..9, 0..9), i in 0usize..10, time in 1u64..9) {
            let expected = time <= times.get(i).copied().unwrap_or(0);
            prop_assert_eq!(clock(&times).contains(Epoch::new(tid(i), Time(time))), expected);
        }
    }
}
