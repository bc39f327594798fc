//! The atomics that the rest is built from, in one place so that `loom` can stand in for them.
//!
//! [`Pair`] is two words that change together: the state of a granule. Its halves are read one
//! at a time; only a compare-exchange sees both at once, and it decides.

#[cfg(not(loom))]
pub(crate) use core::hint::spin_loop;
#[cfg(not(loom))]
pub(crate) use core::sync::atomic::{
    AtomicBool, AtomicPtr, AtomicU8, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence,
};
#[cfg(loom)]
pub(crate) use loom::hint::spin_loop;
#[cfg(loom)]
pub(crate) use loom::sync::atomic::{
    AtomicBool, AtomicPtr, AtomicU8, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence,
};

/// The two words of a [`Pair`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Words {
    pub(crate) low: u64,
    pub(crate) high: u64,
}

impl Words {
    pub(crate) const ZERO: Self = Self { low: 0, high: 0 };
}

#[cfg(all(not(loom), target_arch = "x86_64"))]
mod pair {
    use super::{AtomicU64, Ordering, Words};

    /// Two adjacent words, changed by `cmpxchg16b`, which every x86-64 processor since 2006 has.
    #[repr(C, align(16))]
    #[derive(Default)]
    pub(crate) struct Pair {
        low: AtomicU64,
        high: AtomicU64,
    }

    impl Pair {
        /// The first word alone.
        #[inline]
        pub(crate) fn low(&self) -> u64 {
            self.low.load(Ordering::Acquire)
        }

        /// The second word alone.
        #[inline]
        pub(crate) fn high(&self) -> u64 {
            self.high.load(Ordering::Acquire)
        }

        /// Puts `new` in place of `old`, both words at once; `false` where something else is there.
        #[inline]
        pub(crate) fn replace(&self, old: Words, new: Words) -> bool {
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
                    inout("rsi") new.low => _,
                    in("rdi") core::ptr::from_ref(self),
                    inout("rcx") new.high => done,
                    inout("rax") old.low => _,
                    inout("rdx") old.high => _,
                    options(nostack),
                );
            }
            done as u8 != 0
        }

        /// Puts `low` in place of the first word of `old`; `false` where something else was there, or the
        /// second word is not that of `old` any more: then the first may have been put there. Costs half of
        /// [`Self::replace`].
        #[inline]
        pub(crate) fn renew(&self, old: Words, low: u64) -> bool {
            let done = self
                .low
                .compare_exchange(old.low, low, Ordering::SeqCst, Ordering::Relaxed);
            done.is_ok() && self.high() == old.high
        }
    }
}

#[cfg(all(not(loom), not(target_arch = "x86_64")))]
mod pair {
    use super::Words;
    use portable_atomic::{AtomicU128, Ordering};

    /// Two words in one 128-bit atomic.
    #[derive(Default)]
    pub(crate) struct Pair {
        both: AtomicU128,
    }

    impl Pair {
        #[inline]
        pub(crate) fn low(&self) -> u64 {
            self.both.load(Ordering::Acquire) as u64
        }

        #[inline]
        pub(crate) fn high(&self) -> u64 {
            (self.both.load(Ordering::Acquire) >> 64) as u64
        }

        #[inline]
        pub(crate) fn replace(&self, old: Words, new: Words) -> bool {
            let pack = |words: Words| u128::from(words.high) << 64 | u128::from(words.low);
            let (old, new) = (pack(old), pack(new));
            self.both
                .compare_exchange(old, new, Ordering::SeqCst, Ordering::Relaxed)
                .is_ok()
        }

        #[inline]
        pub(crate) fn renew(&self, old: Words, low: u64) -> bool {
            self.replace(old, Words { low, ..old })
        }
    }
}

#[cfg(loom)]
mod pair {
    use super::Words;
    use loom::sync::Mutex;

    /// Each operation is one step; the halves are read in different steps, as in hardware.
    #[derive(Default)]
    pub(crate) struct Pair {
        both: Mutex<Words>,
    }

    impl Pair {
        pub(crate) fn low(&self) -> u64 {
            self.both.lock().unwrap().low
        }

        pub(crate) fn high(&self) -> u64 {
            self.both.lock().unwrap().high
        }

        pub(crate) fn replace(&self, old: Words, new: Words) -> bool {
            let mut both = self.both.lock().unwrap();
            let same = *both == old;
            if same {
                *both = new;
            }
            same
        }

        pub(crate) fn renew(&self, old: Words, low: u64) -> bool {
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

pub(crate) use pair::Pair;

/// Has the processor fetch what lies at `place`, to write there, while it does other things. That is no access: `place` may
/// lead anywhere.
///
/// What several threads change comes from another core's cache, one line after the other where each is waited for, and
/// a locked instruction waits for all before it.
#[inline(always)]
pub(crate) fn fetch_to_write<T>(place: *const T) {
    #[cfg(all(not(loom), target_arch = "x86_64"))]
    // SAFETY: a prefetch accesses nothing, and faults nowhere; processors that do not have this one do nothing.
    unsafe {
        core::arch::asm!("prefetchw [{}]", in(reg) place, options(nostack, preserves_flags, readonly));
    }
    #[cfg(not(all(not(loom), target_arch = "x86_64")))]
    let _ = place;
}

impl Pair {
    /// Both words, the second read first. They may belong to different states, but where the
    /// first is one that only the caller writes, both are of the caller's writing.
    #[inline]
    pub(crate) fn load(&self) -> Words {
        let high = self.high();
        let low = self.low();
        Words { low, high }
    }

    /// Whether both words still are `words`, at one moment.
    ///
    /// Two reads cannot tell, but only if the pair left `words` and came back in between; where
    /// a state never comes back (see `history`), they can.
    pub(crate) fn is_still(&self, words: Words) -> bool {
        // What was read before must have been read before this.
        fence(Ordering::Acquire);
        self.low() == words.low && self.high() == words.high
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_pair_changes_as_one() {
        let pair = Pair::default();
        let some = Words { low: 7, high: 9 };
        assert!(!pair.replace(some, Words::ZERO));
        assert!(pair.replace(Words::ZERO, some));
        assert!(!pair.replace(Words { low: 7, high: 8 }, Words::ZERO));
        assert_eq!(pair.load(), some);
        assert!(pair.is_still(some));
    }

    #[test]
    fn the_first_word_is_renewed_beside_the_same_second() {
        let pair = Pair::default();
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
        let pair = Pair::default();
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
}
