//! A news desk that sends every headline to all of its subscribers.
//!
//! Category: slices and maps shared by goroutines (a slice).
//!
//! What goes wrong: to subscribe is to read the slice of subscribers, append to it and write it
//! back. Two who do so at once both read the same slice; one of the results is lost, or both
//! are appended to the same place of the backing array. Somebody gets no news.
//!
//! What mends it: a lock around all three steps.

use deadheat::prelude::*;
use std::sync::Arc;

const HEADLINES: [&str; 2] = ["Race found in bank", "Bank mended"];
const READERS: usize = 3;

type Headline = &'static str;

struct NewsDesk {
    /// Guards the subscribers.
    lock: Mutex<()>,
    subscribers: Shared<SharedSlice<chan::Sender<Headline>>>,
}

impl NewsDesk {
    fn new() -> Self {
        let nobody = SharedSlice::named("a subscriber", Vec::new());
        Self {
            lock: Mutex::new(()),
            subscribers: Shared::named("NewsDesk.subscribers", nobody),
        }
    }

    /// Racy: somebody else may subscribe between the read and the write.
    fn subscribe_unlocked(&self) -> chan::Receiver<Headline> {
        let (tx, rx) = chan::bounded(HEADLINES.len());
        let before = self.subscribers.get();
        self.subscribers.set(before.append(tx));
        rx
    }

    fn subscribe(&self) -> chan::Receiver<Headline> {
        let _guard = self.lock.lock();
        self.subscribe_unlocked()
    }

    fn publish(&self, headline: Headline) {
        let _guard = self.lock.lock();
        for subscriber in self.subscribers.get().to_vec() {
            let sent = subscriber.send(headline);
            sent.expect("subscribers receive until the desk closes");
        }
    }

    /// Lets go of all subscribers, whose channels are closed by that.
    fn close(&self) {
        let _guard = self.lock.lock();
        self.subscribers.set(SharedSlice::new(Vec::new()));
    }
}

/// What each reader has read when the desk closes.
fn day(subscribe: fn(&NewsDesk) -> chan::Receiver<Headline>) -> Vec<Vec<Headline>> {
    let desk = Arc::new(NewsDesk::new());
    let subscribed = Arc::new(WaitGroup::new());
    subscribed.add(READERS);
    let readers: Vec<_> = (0..READERS)
        .map(|_| {
            let (desk, subscribed) = (Arc::clone(&desk), Arc::clone(&subscribed));
            go(move || {
                let news = subscribe(&desk);
                subscribed.done();
                news.iter().collect()
            })
        })
        .collect();
    subscribed.wait();
    HEADLINES.iter().for_each(|headline| desk.publish(headline));
    desk.close();
    readers.into_iter().map(|r| r.join().unwrap()).collect()
}

#[deadheat::main]
fn main() {
    let mended = std::env::args().nth(1).is_some_and(|arg| arg == "mended");
    let read = if mended {
        day(NewsDesk::subscribe)
    } else {
        day(NewsDesk::subscribe_unlocked)
    };
    let informed = read.iter().filter(|news| **news == HEADLINES).count();
    println!("{informed} of {READERS} readers have read everything");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[deadheat::test]
    fn pubsub_racy() {
        day(NewsDesk::subscribe_unlocked);
    }

    #[deadheat::test]
    fn pubsub_mended() {
        assert_eq!(day(NewsDesk::subscribe), [HEADLINES; READERS]);
    }
}
