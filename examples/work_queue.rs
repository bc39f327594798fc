//! A queue of texts whose words a few workers count.
//!
//! Category: mixing channels with shared memory.
//!
//! What goes wrong: the dispatcher sends a job to the workers, and marks it as queued when the
//! send has returned. By then a worker may have it. The channel orders what came before the
//! send, not what comes after, so both change the job's state, and a job that was done may end
//! as queued.
//!
//! What mends it: mark the job first, then send it. Whoever sends something lets go of it.

use deadheat::prelude::*;
use std::sync::Arc;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    New,
    Queued,
    Done { words: usize },
}

struct Job {
    text: &'static str,
    state: Shared<State>,
}

impl Job {
    fn new(text: &'static str) -> Arc<Self> {
        Arc::new(Self {
            text,
            state: Shared::named("Job.state", State::New),
        })
    }

    fn work(&self) {
        let words = self.text.split_whitespace().count();
        self.state.set(State::Done { words });
    }
}

struct Queue {
    jobs: chan::Sender<Arc<Job>>,
}

impl Queue {
    /// Racy: the job is the worker's as soon as it is sent.
    fn submit_then_mark(&self, job: &Arc<Job>) {
        self.send(job);
        job.state.set(State::Queued);
    }

    fn submit(&self, job: &Arc<Job>) {
        job.state.set(State::Queued);
        self.send(job);
    }

    fn send(&self, job: &Arc<Job>) {
        let sent = self.jobs.send(Arc::clone(job));
        sent.expect("the workers receive until the queue is dropped");
    }
}

/// Has two workers count the words of three texts, and tells what state each job ended in.
fn count_words(submit: fn(&Queue, &Arc<Job>)) -> Vec<State> {
    let (tx, rx) = chan::bounded::<Arc<Job>>(2);
    let workers: Vec<_> = (0..2)
        .map(|_| {
            let rx = rx.clone();
            go(move || rx.iter().for_each(|job| job.work()))
        })
        .collect();

    let queue = Queue { jobs: tx };
    let jobs = ["to be or not to be", "call me Ishmael", "so it goes"].map(Job::new);
    for job in &jobs {
        submit(&queue, job);
    }
    drop(queue);

    for worker in workers {
        worker.join().unwrap();
    }
    jobs.iter().map(|job| job.state.get()).collect()
}

#[deadheat::main]
fn main() {
    let mended = std::env::args().nth(1).is_some_and(|arg| arg == "mended");
    let states = if mended {
        count_words(Queue::submit)
    } else {
        count_words(Queue::submit_then_mark)
    };
    println!("jobs ended as {states:?}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[deadheat::test]
    fn work_queue_racy() {
        count_words(Queue::submit_then_mark);
    }

    #[deadheat::test]
    fn work_queue_mended() {
        let done = [6, 3, 3].map(|words| State::Done { words });
        assert_eq!(count_words(Queue::submit), done);
    }
}
