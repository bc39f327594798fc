//! A token bucket that limits how often a site's visitors may try to log in.
//!
//! Category: lock misuse (read lock held while writing).
//!
//! What goes wrong: to ask whether an attempt is allowed sounds like reading, so it takes the
//! lock for reading. But an attempt that is allowed takes a token out of the bucket: it writes.
//! Readers do not keep each other out, so two of them may take the same token.
//!
//! What mends it: take the lock for writing.

use deadheat::prelude::*;
use deadheat::time::since_start;
use std::sync::Arc;
use std::time::Duration;

/// How many attempts are allowed at once.
const BURST: u32 = 5;
/// How long it takes until another one is.
const REFILL: Duration = Duration::from_secs(60);

#[derive(Clone, Copy)]
struct Bucket {
    tokens: u32,
    filled_at: Duration,
}

impl Bucket {
    fn fill(&mut self, now: Duration) {
        let elapsed = now.saturating_sub(self.filled_at);
        let earned = (elapsed.as_secs() / REFILL.as_secs()) as u32;
        self.tokens = self.tokens.saturating_add(earned).min(BURST);
        self.filled_at += REFILL * earned;
    }
}

struct Limiter {
    /// Guards the bucket.
    lock: RwMutex<()>,
    bucket: Shared<Bucket>,
}

impl Limiter {
    fn new() -> Self {
        let full = Bucket {
            tokens: BURST,
            filled_at: Duration::ZERO,
        };
        Self {
            lock: RwMutex::new(()),
            bucket: Shared::named("Limiter.bucket", full),
        }
    }

    /// Racy: other readers may be in here at the same time.
    fn allows_under_read_lock(&self) -> bool {
        let _guard = self.lock.read();
        self.take_token()
    }

    fn allows(&self) -> bool {
        let _guard = self.lock.write();
        self.take_token()
    }

    /// The caller has locked the bucket.
    fn take_token(&self) -> bool {
        let mut bucket = self.bucket.get();
        bucket.fill(since_start().unwrap_or_default());
        let allowed = bucket.tokens > 0;
        bucket.tokens = bucket.tokens.saturating_sub(1);
        self.bucket.set(bucket);
        allowed
    }
}

/// Three visitors try three passwords each. Tells how many attempts were allowed.
fn logins(allows: fn(&Limiter) -> bool) -> usize {
    let limiter = Arc::new(Limiter::new());
    let visitors: Vec<_> = (0..3)
        .map(|_| {
            let limiter = Arc::clone(&limiter);
            go(move || {
                let attempt = |_: &i32| {
                    let allowed = allows(&limiter);
                    sleep(Duration::from_millis(2)); // typing the next one
                    allowed
                };
                (1..=3).filter(attempt).count()
            })
        })
        .collect();
    let allowed = visitors.into_iter().map(|visitor| visitor.join().unwrap());
    allowed.sum()
}

#[deadheat::main]
fn main() {
    let mended = std::env::args().nth(1).is_some_and(|arg| arg == "mended");
    let allowed = if mended {
        logins(Limiter::allows)
    } else {
        logins(Limiter::allows_under_read_lock)
    };
    println!("{allowed} of 9 attempts allowed, the limit is {BURST}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[deadheat::test]
    fn rate_limiter_racy() {
        logins(Limiter::allows_under_read_lock);
    }

    #[deadheat::test]
    fn rate_limiter_mended() {
        assert_eq!(logins(Limiter::allows), BURST as usize);
    }
}
