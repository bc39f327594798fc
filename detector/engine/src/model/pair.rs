//! Two words that change together, of which one is exchanged: the protocol of [`crate::pair`].

use crate::pair::Words;
use crate::pair::split::TwoPairs;

/// Two pairs, known by the numbers 0 and 1.
#[derive(Default)]
pub struct Pairs(TwoPairs);

impl Pairs {
    /// Puts `new` in place of `old`; whether that was there.
    pub fn replace(&self, number: usize, old: [u64; 2], new: [u64; 2]) -> bool {
        self.0.pair(number).replace(words(old), words(new))
    }

    /// Puts `low` in place of the first word of `old`; whether that was there.
    pub fn renew(&self, number: usize, old: [u64; 2], low: u64) -> bool {
        self.0.pair(number).renew(words(old), low)
    }

    /// Makes an empty pair zero, as memory that is given back is: whether it was empty.
    pub fn give_back(&self, number: usize) -> bool {
        let is_claimed = self.0.claim(number);
        if is_claimed {
            self.0.make_zero(number);
        }
        is_claimed
    }

    /// The words, read one after the other, and whether they were still there afterwards.
    #[must_use]
    pub fn look(&self, number: usize) -> ([u64; 2], bool) {
        let pair = self.0.pair(number);
        let seen = pair.load();
        ([seen.low, seen.high], pair.is_still(seen))
    }
}

fn words([low, high]: [u64; 2]) -> Words {
    Words { low, high }
}
