//! How far a suite is that cargo runs, on a terminal: a bar beneath the tests' output.
//!
//! Cargo and the tests write to pipes of ours meanwhile, for a bar and what others write to the terminal by
//! themselves would run into each other. The bar stands there only while tests run: whatever cargo shows
//! while it builds passes as it comes.

use crate::libtest::Counts;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::{self, IsTerminal, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How often it is drawn while nothing happens, for the time that it shows.
const TICK: Duration = Duration::from_millis(500);

/// A bar on the standard error stream; its clones are the same bar.
#[derive(Clone, Debug)]
pub(crate) struct SuiteBar {
    bar: ProgressBar,
    label: Arc<str>,
}

impl SuiteBar {
    /// A bar for a part of the work that `label` names, if it is only a part; nothing where the standard error
    /// stream is no terminal, or one that cannot move its cursor, or in CI, which keeps all that is drawn.
    pub(crate) fn new(label: &str) -> Option<Self> {
        let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let is_dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
        let draws = io::stderr().is_terminal() && !is_dumb && !set("CI");
        draws.then(|| Self {
            bar: ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::hidden()),
            label: label.into(),
        })
    }

    /// Shows what the output has told so far.
    pub(crate) fn show(&self, counts: Counts) {
        if counts.done >= counts.announced {
            self.hide();
            return;
        }
        if self.bar.is_hidden() {
            self.bar.reset();
        }
        self.bar.set_length(counts.announced);
        self.bar.set_position(counts.done);
        let failed = match counts.done_failed {
            0 => String::new(),
            failed => format!(", {failed} failed"),
        };
        self.bar.set_message(failed);
        if self.bar.is_hidden() {
            let template = "deadheat: {prefix}{wide_bar} {pos} of {len} tests{msg} {elapsed}";
            let style = ProgressStyle::with_template(template).expect("it is well-formed");
            self.bar.set_style(style);
            if !self.label.is_empty() {
                self.bar.set_prefix(format!("{} ", self.label));
            }
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
            self.bar.enable_steady_tick(TICK);
        }
    }

    /// Takes the bar away.
    pub(crate) fn hide(&self) {
        if !self.bar.is_hidden() {
            self.bar.disable_steady_tick();
            self.bar.finish_and_clear();
            self.bar.set_draw_target(ProgressDrawTarget::hidden());
        }
    }
}

/// A writer to the terminal that a bar stands on. Its clones are the same writer.
///
/// While the bar stands there a line is written when it is whole: the bar would else be drawn over it.
pub(crate) struct BesideBar<W> {
    bar: Option<SuiteBar>,
    out: Arc<Mutex<Held<W>>>,
}

// Not derived: what is written to need not be `Clone`.
impl<W> Clone for BesideBar<W> {
    fn clone(&self) -> Self {
        Self {
            bar: self.bar.clone(),
            out: Arc::clone(&self.out),
        }
    }
}

struct Held<W> {
    to: W,
    line: Vec<u8>,
}

impl<W: Write> BesideBar<W> {
    /// Writes to `to`, which is a terminal if there is a bar.
    pub(crate) fn new(bar: Option<SuiteBar>, to: W) -> Self {
        let held = Held {
            to,
            line: Vec::new(),
        };
        let out = Arc::new(Mutex::new(held));
        Self { bar, out }
    }

    /// Writes what is held back, once the bar is gone.
    pub(crate) fn end(&self) -> io::Result<()> {
        self.held().pass_on(b"")
    }

    fn held(&self) -> MutexGuard<'_, Held<W>> {
        self.out.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<W: Write> Held<W> {
    fn pass_on(&mut self, bytes: &[u8]) -> io::Result<()> {
        let before = std::mem::take(&mut self.line);
        self.to.write_all(&before)?;
        self.to.write_all(bytes)?;
        self.to.flush()
    }
}

impl<W: Write> Write for BesideBar<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut held = self.held();
        let visible = self.bar.as_ref().filter(|bar| !bar.bar.is_hidden());
        let Some(bar) = visible else {
            held.pass_on(bytes)?;
            return Ok(bytes.len());
        };
        let end = bytes.iter().rposition(|byte| *byte == b'\n');
        let (lines, rest) = bytes.split_at(end.map_or(0, |end| end + 1));
        if !lines.is_empty() {
            bar.bar.suspend(|| held.pass_on(lines))?;
        }
        held.line.extend_from_slice(rest);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use indicatif::InMemoryTerm;

    #[test]
    fn lines_stand_above_the_bar_and_none_is_cut() {
        let term = InMemoryTerm::new(10, 80);
        let target = ProgressDrawTarget::term_like(Box::new(term.clone()));
        let bar = SuiteBar {
            bar: ProgressBar::with_draw_target(Some(2), target),
            label: "".into(),
        };
        let mut out = BesideBar::new(Some(bar.clone()), Vec::new());
        bar.bar.tick();
        out.write_all(b"one\nhal").unwrap();
        assert_eq!(out.held().to, b"one\n");
        out.write_all(b"f\nrest").unwrap();
        assert_eq!(out.held().to, b"one\nhalf\n");
        assert_ne!(term.contents(), "");
        bar.hide();
        assert_eq!(term.contents(), "");
        out.end().unwrap();
        assert_eq!(out.held().to, b"one\nhalf\nrest");
        out.write_all(b"raw").unwrap();
        assert_eq!(out.held().to, b"one\nhalf\nrestraw");
    }
}
