//! How much of a file has been read, or of some work done, on a terminal.

use crate::console;
use indicatif::{HumanCount, ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::{self, IsTerminal, Read, Seek};
use std::time::Instant;

/// How many events lie between two looks at the clock.
const EVERY: u64 = 1 << 18;

/// A bar on the standard error stream; nothing where that is no terminal.
pub(crate) struct Progress(ProgressBar);

impl Progress {
    /// A bar for a file of this length, where that is known.
    pub(crate) fn new(len: Option<u64>) -> Self {
        let target = if io::stderr().is_terminal() {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        let template = match len {
            Some(_) => "{wide_bar} {percent:>3} %  {bytes} of {total_bytes}  {msg}",
            None => "{spinner} {bytes}  {msg}",
        };
        let style = ProgressStyle::with_template(template).expect("it is well-formed");
        let bar = ProgressBar::with_draw_target(len, target).with_style(style);
        Self(bar)
    }

    /// A reader of the file that moves the bar.
    pub(crate) fn reading<R>(&self, input: R) -> impl Read + Seek + use<R>
    where
        R: Read + Seek,
    {
        self.0.wrap_read(input)
    }

    /// As [`Self::reading`], for what is read from its beginning to its end only.
    pub(crate) fn streaming<R: Read>(&self, input: R) -> impl Read + use<R> {
        self.0.wrap_read(input)
    }

    /// Shows how fast the first `events` events went by.
    #[inline]
    pub(crate) fn events(&self, events: u64) {
        if events.is_multiple_of(EVERY) {
            self.show_speed(events);
        }
    }

    #[cold]
    fn show_speed(&self, events: u64) {
        if self.0.is_hidden() {
            return;
        }
        let seconds = self.0.elapsed().as_secs_f64();
        let speed = HumanCount((events as f64 / seconds) as u64);
        self.0.set_message(format!("{speed} events/s"));
    }

    /// Takes the bar away.
    pub(crate) fn end(&self) {
        self.0.finish_and_clear();
    }
}

/// Work that takes a while: a bar on a terminal, elsewhere a line when it begins and one when it ends.
pub(crate) struct Steps {
    bar: ProgressBar,
    what: String,
    begin: Instant,
}

impl Steps {
    /// Says that `what` begins, which has so much to it.
    pub(crate) fn new(what: &str, len: u64) -> Self {
        let on_terminal = io::stderr().is_terminal();
        let target = if on_terminal {
            ProgressDrawTarget::stderr()
        } else {
            console::note(what);
            ProgressDrawTarget::hidden()
        };
        let template = "deadheat: {msg} {wide_bar} {percent:>3} %";
        let style = ProgressStyle::with_template(template).expect("it is well-formed");
        let bar = ProgressBar::with_draw_target(Some(len), target).with_style(style);
        bar.set_message(what.to_owned());
        bar.tick();
        Self {
            bar,
            what: what.to_owned(),
            begin: Instant::now(),
        }
    }

    /// So much more is done.
    pub(crate) fn done(&self, len: u64) {
        self.bar.inc(len);
    }

    /// All is done.
    pub(crate) fn end(&self) {
        self.bar.finish_and_clear();
        let (what, time) = (&self.what, self.begin.elapsed().as_secs_f64());
        console::note(format_args!("{what}: done in {time:.1} s"));
    }
}
