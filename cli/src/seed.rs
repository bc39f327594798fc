//! A seed as it is asked for on the command line.

use deadheat_detector::settings::parse_seed;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::str::FromStr;

/// `--seed N|0xN|random`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum SeedChoice {
    /// This one.
    Number(u64),
    /// One that the operating system draws.
    Random,
}

impl FromStr for SeedChoice {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "random" {
            return Ok(Self::Random);
        }
        let number = parse_seed(text).map(Self::Number);
        number.ok_or("a seed is a whole number below 2^64, decimal or after 0x, or `random`")
    }
}

impl SeedChoice {
    /// The number, drawn now where it is left to chance.
    pub(crate) fn resolve(self) -> u64 {
        match self {
            Self::Number(number) => number,
            // The standard library keys its hash maps with the system's randomness; the hash of
            // nothing under such a key is as random as the key.
            Self::Random => RandomState::new().build_hasher().finish(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_are_numbers_or_drawn() {
        assert_eq!("7".parse(), Ok(SeedChoice::Number(7)));
        assert_eq!("0xff".parse(), Ok(SeedChoice::Number(255)));
        assert_eq!("random".parse(), Ok(SeedChoice::Random));
        for wrong in ["", "-1", "1.5", "Random", "0x", "18446744073709551616"] {
            assert!(wrong.parse::<SeedChoice>().is_err(), "{wrong}");
        }
        assert_eq!(SeedChoice::Number(7).resolve(), 7);
        assert_ne!(SeedChoice::Random.resolve(), SeedChoice::Random.resolve());
    }
}
