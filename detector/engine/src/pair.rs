//! Two words that change together: the state of a granule, or of half of one. They are read one at a time; only an exchange sees
//! both at once, and it decides.
//!
//! # How two words are exchanged by one
//!
//! Pairs are neighbours by twos, and the *first* words of two neighbours lie beside each other: so where both have the same, which
//! is how programs use arrays, one locked instruction exchanges both (`cmpxchg16b`, which every x86-64 processor since 2006 has).
//! It is what an access mostly waits for.
//!
//! Then the two words of a pair do not lie beside each other. Whoever exchanges both puts `BUSY` in the place of the first, if
//! that is what it expected; nobody else changes the pair then. It looks at the second word, and writes both, the first one last.
//! Whoever reads the first word meanwhile waits for that, a few instructions. So what is to be seen afterwards is seen from
//! the locked instruction on, which is a full barrier: what is read after an exchange is read after its words can be seen.
//!
//! Where a thread is interrupted between, and another waits for it, that one gives the processor away.
//!
//! What was made zero meanwhile would be written over by the last two steps. So whoever gives empty memory back first puts
//! `BUSY` everywhere ([`TwoPairs::claim`]): then nobody else is in between.

/// The two words of a [`Pair`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Words {
    pub(crate) low: u64,
    pub(crate) high: u64,
}

impl Words {
    pub(crate) const ZERO: Self = Self { low: 0, high: 0 };
}

/// What is the same of all pairs.
macro_rules! looks {
    () => {
        /// Both words, the second read first. They may belong to different states, but where the
        /// first is one that only the caller writes, both are of the caller's writing.
        #[inline(always)]
        pub(crate) fn load(self) -> Words {
            let high = self.high();
            let low = self.low();
            Words { low, high }
        }

        /// The same for who does not wait: while both words are being exchanged, the first has its top bit set, as where it leads
        /// to more than one record.
        #[inline(always)]
        pub(crate) fn glance(self) -> Words {
            let high = self.high();
            let low = self.glance_low();
            Words { low, high }
        }

        /// Whether both words still are `words`, at one moment.
        ///
        /// Two reads cannot tell, but only if the pair left `words` and came back in between; where
        /// a state never comes back (see `history`), they can.
        pub(crate) fn is_still(self, words: Words) -> bool {
            // What was read before must have been read before this.
            crate::primitive::fence(crate::primitive::Ordering::Acquire);
            self.low() == words.low && self.high() == words.high
        }
    };
}

/// What is done to two neighbours, one after the other, where each is changed in one step.
#[cfg(any(loom, not(target_arch = "x86_64")))]
macro_rules! one_by_one {
    () => {
        #[inline]
        pub(crate) fn renew_both(&self, old: Words, low: u64) -> bool {
            self.pair(0).renew(old, low) && self.pair(1).renew(old, low)
        }

        #[inline]
        pub(crate) fn replace_both(&self, old: Words, new: Words) -> bool {
            self.pair(0).replace(old, new) && self.pair(1).replace(old, new)
        }

        /// Nobody need wait: an exchange comes before the memory is made zero, or after.
        pub(crate) fn claim(&self) -> bool {
            [0, 1].iter().all(|&number| self.pair(number).low() == 0)
        }

        pub(crate) fn unclaim(&self) {}
    };
}

#[cfg(any(loom, target_arch = "x86_64"))]
pub(crate) mod split {
    use super::Words;
    use crate::primitive::{AtomicU64, Ordering, spin_loop};
    use crate::source::Source;

    /// What stands for the first word of a pair while both are being exchanged. No first word is this.
    const BUSY: u64 = u64::MAX;
    /// So many looks are made at it before the processor is given away.
    const LOOKS: u32 = if cfg!(loom) { 1 } else { 64 };

    /// Two neighbours.
    #[repr(C, align(32))]
    #[derive(Default)]
    pub(crate) struct TwoPairs {
        firsts: [AtomicU64; 2],
        seconds: [AtomicU64; 2],
    }

    /// Two words.
    #[derive(Clone, Copy)]
    pub(crate) struct Pair<'a> {
        low: &'a AtomicU64,
        high: &'a AtomicU64,
    }

    impl TwoPairs {
        /// One of them, by its number's last bit.
        #[inline(always)]
        pub(crate) fn pair(&self, number: usize) -> Pair<'_> {
            Pair {
                low: &self.firsts[number % 2],
                high: &self.seconds[number % 2],
            }
        }
    }

    #[cfg(not(loom))]
    impl TwoPairs {
        /// Puts `low` in place of the first word of `old` in both; `false` where something else was there, or a second word is not
        /// that of `old` any more: then the first ones may have been put there.
        #[inline(always)]
        pub(crate) fn renew_both(&self, old: Words, low: u64) -> bool {
            self.exchange_firsts(old.low, low) && self.have_seconds(old.high)
        }

        /// Puts `new` in place of `old` in both; `false` where something else is in one. (Other processors may then have put it in
        /// the other.)
        #[inline(always)]
        pub(crate) fn replace_both(&self, old: Words, new: Words) -> bool {
            if !self.exchange_firsts(old.low, BUSY) {
                return false;
            }
            let is_same = self.have_seconds(old.high);
            let put = if is_same { new } else { old };
            for number in 0..2 {
                self.pair(number).finish(is_same, put);
            }
            is_same
        }

        /// Has everybody wait who comes to either, if both are empty: until [`Self::unclaim`], or until the memory is made zero.
        pub(crate) fn claim(&self) -> bool {
            self.exchange_firsts(0, BUSY)
        }

        /// The end of that.
        pub(crate) fn unclaim(&self) {
            for first in &self.firsts {
                first.store(0, Ordering::Release);
            }
        }

        #[inline(always)]
        fn have_seconds(&self, high: u64) -> bool {
            let seconds = [0, 1].map(|number| self.seconds[number].load(Ordering::Acquire));
            seconds == [high; 2]
        }

        /// Puts `new` in place of `old` in both first words at once.
        #[inline(always)]
        fn exchange_firsts(&self, old: u64, new: u64) -> bool {
            debug_assert_ne!(old, BUSY, "what nobody has seen to end");
            let done: u64;
            // SAFETY: the operand is 16 bytes, aligned to 16 by the type, and valid as `self` is.
            // `cmpxchg16b` wants its new low word in rbx, which is the compiler's own: it is exchanged
            // before and restored after, and all operands are in named registers, so that none is
            // rbx. All other clobbers are declared.
            unsafe {
                core::arch::asm!(
                    "xchg rsi, rbx",
                    "lock cmpxchg16b [rdi]",
                    "mov rbx, rsi",
                    "sete cl",
                    inout("rsi") new => _,
                    in("rdi") core::ptr::from_ref(&self.firsts),
                    inout("rcx") new => done,
                    inout("rax") old => _,
                    inout("rdx") old => _,
                    options(nostack),
                );
            }
            done as u8 != 0
        }
    }

    #[cfg(loom)]
    impl TwoPairs {
        /// As it is done by one instruction, here by one for each.
        pub(crate) fn claim(&self, number: usize) -> bool {
            self.pair(number).exchange_low(0, BUSY)
        }

        /// What a page is made when it is given back.
        pub(crate) fn make_zero(&self, number: usize) {
            self.seconds[number].store(0, Ordering::Relaxed);
            self.firsts[number].store(0, Ordering::Release);
        }
    }

    impl Pair<'_> {
        looks!();

        /// The first word alone.
        #[inline(always)]
        pub(crate) fn low(self) -> u64 {
            match self.glance_low() {
                BUSY => self.low_later(),
                low => low,
            }
        }

        /// The same, as in [`Self::glance`].
        #[inline(always)]
        pub(crate) fn glance_low(self) -> u64 {
            self.low.load(Ordering::Acquire)
        }

        /// The same, where another thread is about to write it.
        #[cold]
        #[inline(never)]
        fn low_later(self) -> u64 {
            loop {
                for _ in 0..LOOKS {
                    spin_loop();
                    let low = self.glance_low();
                    if low != BUSY {
                        return low;
                    }
                }
                (Source::default().relax)();
            }
        }

        /// The second word alone.
        #[inline(always)]
        pub(crate) fn high(self) -> u64 {
            self.high.load(Ordering::Acquire)
        }

        /// Where it is.
        #[inline(always)]
        pub(crate) fn place(self) -> *const AtomicU64 {
            self.low
        }

        /// Puts `new` in place of `old`, both words at once; `false` where something else is there.
        #[inline(always)]
        pub(crate) fn replace(self, old: Words, new: Words) -> bool {
            if !self.exchange_low(old.low, BUSY) {
                return false;
            }
            let is_same = self.high() == old.high;
            self.finish(is_same, if is_same { new } else { old });
            is_same
        }

        /// Ends an exchange that has begun: puts the words there, or only the first of them.
        #[inline(always)]
        fn finish(self, both: bool, words: Words) {
            if both {
                self.high.store(words.high, Ordering::Relaxed);
            }
            self.low.store(words.low, Ordering::Release);
        }

        /// Puts `low` in place of the first word of `old`; `false` where something else was there, or the
        /// second word is not that of `old` any more: then the first may have been put there. Cheaper than
        /// [`Self::replace`].
        #[inline(always)]
        pub(crate) fn renew(self, old: Words, low: u64) -> bool {
            self.exchange_low(old.low, low) && self.high() == old.high
        }

        #[inline(always)]
        fn exchange_low(self, old: u64, new: u64) -> bool {
            debug_assert_ne!(old, BUSY, "what nobody has seen to end");
            let exchanged =
                self.low
                    .compare_exchange(old, new, Ordering::SeqCst, Ordering::Relaxed);
            // As the locked instruction is one.
            #[cfg(loom)]
            crate::primitive::fence(Ordering::SeqCst);
            exchanged.is_ok()
        }
    }
}

#[cfg(all(not(loom), not(target_arch = "x86_64")))]
mod whole {
    use super::Words;
    use portable_atomic::{AtomicU128, Ordering};

    /// Two neighbours: each two words in one 128-bit atomic.
    #[derive(Default)]
    pub(crate) struct TwoPairs {
        pairs: [AtomicU128; 2],
    }

    /// Two words.
    #[derive(Clone, Copy)]
    pub(crate) struct Pair<'a> {
        both: &'a AtomicU128,
    }

    impl TwoPairs {
        #[inline]
        pub(crate) fn pair(&self, number: usize) -> Pair<'_> {
            Pair {
                both: &self.pairs[number % 2],
            }
        }

        one_by_one!();
    }

    impl Pair<'_> {
        looks!();

        #[inline]
        pub(crate) fn low(self) -> u64 {
            self.both.load(Ordering::Acquire) as u64
        }

        #[inline]
        pub(crate) fn glance_low(self) -> u64 {
            self.low()
        }

        #[inline]
        pub(crate) fn high(self) -> u64 {
            (self.both.load(Ordering::Acquire) >> 64) as u64
        }

        #[inline]
        pub(crate) fn place(self) -> *const AtomicU128 {
            self.both
        }

        #[inline]
        pub(crate) fn replace(self, old: Words, new: Words) -> bool {
            let pack = |words: Words| u128::from(words.high) << 64 | u128::from(words.low);
            let (old, new) = (pack(old), pack(new));
            self.both
                .compare_exchange(old, new, Ordering::SeqCst, Ordering::Relaxed)
                .is_ok()
        }

        #[inline]
        pub(crate) fn renew(self, old: Words, low: u64) -> bool {
            self.replace(old, Words { low, ..old })
        }
    }
}

#[cfg(loom)]
mod step {
    use super::Words;
    use loom::sync::Mutex;

    /// Two neighbours.
    #[derive(Default)]
    pub(crate) struct TwoPairs {
        pairs: [Mutex<Words>; 2],
    }

    /// Each operation is one step; the halves are read in different steps, as in hardware.
    #[derive(Clone, Copy)]
    pub(crate) struct Pair<'a> {
        both: &'a Mutex<Words>,
    }

    impl TwoPairs {
        pub(crate) fn pair(&self, number: usize) -> Pair<'_> {
            Pair {
                both: &self.pairs[number % 2],
            }
        }

        one_by_one!();
    }

    impl Pair<'_> {
        looks!();

        pub(crate) fn low(self) -> u64 {
            self.both.lock().unwrap().low
        }

        pub(crate) fn glance_low(self) -> u64 {
            self.low()
        }

        pub(crate) fn high(self) -> u64 {
            self.both.lock().unwrap().high
        }

        pub(crate) fn place(self) -> *const Mutex<Words> {
            self.both
        }

        pub(crate) fn replace(self, old: Words, new: Words) -> bool {
            let mut both = self.both.lock().unwrap();
            let same = *both == old;
            if same {
                *both = new;
            }
            same
        }

        pub(crate) fn renew(self, old: Words, low: u64) -> bool {
            let mut both = self.both.lock().unwrap();
            let same = both.low == old.low;
            if same {
                both.low = low;
            }
            drop(both);
            same && self.high() == old.high
        }
    }
}

#[cfg(all(not(loom), target_arch = "x86_64"))]
pub(crate) use split::{Pair, TwoPairs};
#[cfg(loom)]
pub(crate) use step::{Pair, TwoPairs};
#[cfg(all(not(loom), not(target_arch = "x86_64")))]
pub(crate) use whole::{Pair, TwoPairs};

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_pair_changes_as_one() {
        let pairs = TwoPairs::default();
        let pair = pairs.pair(0);
        let some = Words { low: 7, high: 9 };
        assert!(!pair.replace(some, Words::ZERO));
        assert!(pair.replace(Words::ZERO, some));
        assert!(!pair.replace(Words { low: 7, high: 8 }, Words::ZERO));
        assert_eq!(pair.load(), some);
        assert!(pair.is_still(some));
    }

    #[test]
    fn the_first_word_is_renewed_beside_the_same_second() {
        let pairs = TwoPairs::default();
        let pair = pairs.pair(0);
        let some = Words { low: 7, high: 9 };
        assert!(pair.replace(Words::ZERO, some));
        assert!(pair.renew(some, 8));
        assert_eq!(pair.load(), Words { low: 8, high: 9 });
        assert!(!pair.renew(some, 10), "the first is another");
        let other = Words { low: 8, high: 5 };
        assert!(!pair.renew(other, 10), "the second is another");
    }

    #[test]
    fn concurrent_increments_of_both_words_are_not_lost() {
        const EACH: u64 = 10_000;
        let pairs = TwoPairs::default();
        let pair = pairs.pair(0);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..EACH {
                        loop {
                            let old = pair.load();
                            let new = Words {
                                low: old.low + 1,
                                high: old.high + 2,
                            };
                            if pair.replace(old, new) {
                                break;
                            }
                        }
                    }
                });
            }
        });
        let expected = Words {
            low: 4 * EACH,
            high: 8 * EACH,
        };
        assert_eq!(pair.load(), expected);
    }

    #[test]
    fn neighbours_change_as_one_where_both_have_the_same() {
        let pairs = TwoPairs::default();
        let some = Words { low: 7, high: 9 };
        assert!(!pairs.replace_both(some, Words::ZERO));
        assert!(pairs.replace_both(Words::ZERO, some));
        assert!(pairs.renew_both(some, 8));
        let renewed = Words { low: 8, high: 9 };
        let both = || [0, 1].map(|number| pairs.pair(number).load());
        assert_eq!(both(), [renewed; 2]);
        assert!(!pairs.renew_both(some, 10), "the first words are others");
        let other = Words { low: 8, high: 5 };
        assert!(!pairs.replace_both(other, Words::ZERO));
        assert_eq!(both(), [renewed; 2], "the second ones were others");
        assert!(pairs.pair(0).replace(renewed, other));
        assert!(!pairs.replace_both(renewed, Words::ZERO));
        assert_eq!(both(), [other, renewed], "one second word was another");
        assert!(pairs.pair(0).replace(other, some));
        assert!(!pairs.replace_both(renewed, Words::ZERO));
        assert!(!pairs.renew_both(renewed, 11));
        assert_eq!(both(), [some, renewed], "one first word was another");
    }

    #[test]
    #[cfg(target_arch = "x86_64")]
    fn concurrent_increments_of_neighbours_are_not_lost() {
        const EACH: u64 = 10_000;
        let pairs = TwoPairs::default();
        let next = |old: Words| Words {
            low: old.low + 1,
            high: old.high + 2,
        };
        let both = || {
            let old = pairs.pair(0).load();
            pairs.replace_both(old, next(old))
        };
        let one = |number| {
            let pair = pairs.pair(number);
            let old = pair.load();
            pair.replace(old, next(old))
        };
        // Both where they are alike, or each: in the end, each was incremented by all but who did so to the other.
        let done: std::vec::Vec<[u64; 2]> = std::thread::scope(|scope| {
            let threads: std::vec::Vec<_> = (0..4)
                .map(|thread| {
                    scope.spawn(move || {
                        let mut done = [0; 2];
                        for turn in 0..EACH {
                            let number = (turn + thread) as usize % 2;
                            if turn % 3 > 0 && both() {
                                done = done.map(|count| count + 1);
                            } else if one(number) {
                                done[number] += 1;
                            }
                        }
                        done
                    })
                })
                .collect();
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .collect()
        });
        for number in 0..2 {
            let low = done.iter().map(|done| done[number]).sum();
            let expected = Words { low, high: 2 * low };
            assert_eq!(pairs.pair(number).load(), expected);
        }
    }
}
