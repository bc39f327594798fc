//! How a thread that looks at atomics again and again makes room for whom it may wait for.
//!
//! Many programs wait for a moment without giving the processor away. Detection makes the moment longer, and
//! whom they wait for may need the processor, or the cache lines that each look takes from him.

use std::cell::Cell;

/// After so many looks in vain, a thread gives the processor to others.
const PATIENCE: u32 = 64;
/// After so many at the same atomic and nothing else, it leaves a moment before the next one, if others change that atomic meanwhile.
const EAGER: u32 = 8;
/// The length of that moment, some microseconds.
const PAUSES: u32 = 200;

/// A thread's latest looks at atomics. A look is an operation that has read only: a load, or an exchange that failed.
#[derive(Default)]
pub(crate) struct Looks {
    /// How many have told nothing since one did, or since the thread gave the processor away.
    vain: Cell<u32>,
    /// The atomic that the last of them was at, and how many before that one were at the same, with nothing in between.
    at: Cell<usize>,
    again: Cell<u32>,
}

impl Looks {
    /// The thread has learned something, or released: it does not wait.
    #[inline(always)]
    pub(crate) fn end(&self) {
        self.interrupt();
        self.vain.set(0);
    }

    /// The thread has changed an atomic between looks.
    #[inline(always)]
    pub(crate) fn interrupt(&self) {
        self.at.set(0);
    }

    /// The thread has looked at the atomic at `address`, and learned nothing; others have left something there since it looked before,
    /// if that `has_changed`. The thread is not inside.
    #[inline(always)]
    pub(crate) fn in_vain(&self, address: usize, has_changed: bool) {
        let is_same = self.at.replace(address) == address;
        let again = if is_same { self.again.get() + 1 } else { 0 };
        self.again.set(again);
        // It waits for a word that goes from hand to hand.
        if has_changed && again >= EAGER {
            stand_back();
        }
        let vain = self.vain.get() + 1;
        self.vain.set(vain);
        if vain >= PATIENCE {
            self.give_way();
        }
    }

    #[cold]
    fn give_way(&self) {
        self.vain.set(0);
        // SAFETY: the call has no preconditions.
        unsafe { libc::sched_yield() };
    }
}

#[cold]
fn stand_back() {
    (0..PAUSES).for_each(|_| std::hint::spin_loop());
}
