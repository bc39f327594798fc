//! What memory is in use, and whether that grows.

/// So much of the time is warming up.
const WARM_UP: f64 = 0.25;

/// How much more there may be in the second half of the time after that than in the first.
const TOLERANCE: f64 = 0.10;
const SLACK: u64 = 16 << 20;

/// Fewer looks than this say nothing.
const ENOUGH: usize = 8;

/// The bytes of memory that the process has, where the system says.
pub(crate) fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kibibytes * 1024)
}

/// Whether what was in use at equal intervals has grown, as a sentence: `Err` where it has.
pub(crate) fn growth(samples: &[u64]) -> Result<String, String> {
    let warm = &samples[(samples.len() as f64 * WARM_UP).ceil() as usize..];
    if warm.len() < ENOUGH {
        return Ok(format!(
            "memory: {} looks after warming up are too few to judge",
            warm.len()
        ));
    }
    let (first, second) = warm.split_at(warm.len() / 2);
    let (before, after) = (median(first), median(second));
    let verdict = format!(
        "memory: {:.1} MiB in the first half after warming up, {:.1} MiB in the second (medians)",
        mebibytes(before),
        mebibytes(after)
    );
    let most = (before as f64 * (1.0 + TOLERANCE)) as u64 + SLACK;
    if after <= most {
        Ok(verdict)
    } else {
        Err(format!("{verdict}: it grows"))
    }
}

fn median(samples: &[u64]) -> u64 {
    let mut samples = samples.to_vec();
    samples.sort_unstable();
    samples[samples.len() / 2]
}

pub(crate) fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    #[test]
    fn what_stays_does_not_grow() {
        let warming_up = (0..10).map(|n| n * 40 * MIB);
        let samples: Vec<_> = warming_up
            .chain((0..30).map(|n| (400 + n % 3) * MIB))
            .collect();
        assert!(growth(&samples).is_ok());
    }

    #[test]
    fn what_leaks_grows() {
        let samples: Vec<_> = (0..40).map(|n| (100 + 4 * n) * MIB).collect();
        assert!(growth(&samples).is_err());
    }

    #[test]
    fn a_few_looks_say_nothing() {
        assert!(growth(&[1, 1000 * MIB]).unwrap().contains("too few"));
    }
}
