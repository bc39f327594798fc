//! `deadheat analyze`: the engine over a recorded trace.
//!
//! Events are analysed as they are read. What stays in memory is the engine's state, names, and
//! one entry for each racy location, however long the trace is.

use crate::args::AnalyzeArgs;
use crate::console;
use crate::error::UserError;
use crate::exit::Exit;
use crate::input::Input;
use crate::progress::Progress;
use crate::racy::{self, Found, Thread, Totals};
use deadheat_detector::analysis::{Analysis, Finding, Impossible};
use deadheat_detector::event::Event;
use deadheat_detector::locations::Locations;
use deadheat_detector::trace::{Ended, Names, Reader};
use std::io::{self, BufWriter, Read, Write};

pub(crate) fn execute(args: &AnalyzeArgs) -> Result<Exit, UserError> {
    let Input { name, bytes, len } = Input::open(&args.trace)?;
    let progress = Progress::new(len);
    let read = Run::over(progress.streaming(bytes), &name, &progress);
    progress.end();
    let (run, reader) = read?;
    let complete = run.stopped.is_none()
        && reader.ended() == Some(Ended::Whole)
        && reader.unknown_events() == 0;
    let found = Found {
        analysis: &run.analysis,
        locations: &run.locations,
        names: reader.names(),
        totals: Totals {
            complete,
            ..run.totals
        },
    };
    print(&found, args.json, run.stopped.is_none())?;
    if let Some(why) = run.stopped {
        return Err(UserError::new(why));
    }
    if reader.ended() == Some(Ended::CutShort) {
        let events = reader.events();
        console::note(format_args!(
            "{name} is cut short: what was analysed is the {events} events up to its last whole block"
        ));
    }
    if reader.unknown_events() > 0 {
        let events = reader.unknown_events();
        console::note(format_args!(
            "{name} has {events} events that this program does not know and has passed over; what they order looks unordered: use a newer one"
        ));
    }
    match (run.locations.is_empty(), complete) {
        (false, _) => Ok(Exit::Races),
        (true, true) => Ok(Exit::Clean),
        (true, false) => Ok(Exit::Usage),
    }
}

/// A trace, analysed as far as it goes.
struct Run {
    analysis: Analysis,
    locations: Locations,
    totals: Totals,
    /// Why it could not go on.
    stopped: Option<String>,
}

impl Run {
    fn over<R: Read>(
        input: R,
        name: &str,
        progress: &Progress,
    ) -> Result<(Self, Reader<R>), UserError> {
        let unreadable = |error| format!("{name} cannot be read: {error}");
        let mut reader = Reader::new(input).map_err(|error| UserError::new(unreadable(error)))?;
        let mut run = Self {
            analysis: Analysis::new(),
            locations: Locations::default(),
            totals: Totals::default(),
            stopped: None,
        };
        loop {
            let event = match reader.next_event() {
                Ok(Some(event)) => event,
                Ok(None) => break,
                Err(error) => {
                    run.stopped = Some(unreadable(error));
                    break;
                }
            };
            let number = reader.events();
            if let Err(why) = run.step(&event, number, reader.names()) {
                let why = Why(why, reader.names());
                run.stopped = Some(format!(
                    "{name} is not a trace of any program: event {number} cannot follow those before it: {why}"
                ));
                break;
            }
            progress.events(number);
        }
        run.totals.events = reader.events();
        Ok((run, reader))
    }

    fn step(&mut self, event: &Event, number: u64, names: &Names) -> Result<(), Impossible> {
        let (locations, totals) = (&mut self.locations, &mut self.totals);
        let note = |found: &Finding| {
            totals.races += 1;
            totals.dependent += u64::from(found.race.dependent);
            locations.note(found, number, names.memory(found.race.bytes));
        };
        self.analysis.step(event, note)
    }
}

/// Why an event is impossible, with the thread's name.
struct Why<'a>(Impossible, &'a Names);

impl std::fmt::Display for Why<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Impossible::Ended(thread) => write!(f, "{} acts after its end", Thread(self.1, thread)),
            Impossible::ForkedTwice(thread) => {
                let thread = Thread(self.1, thread);
                write!(f, "{thread} is forked, but it is there already")
            }
            other @ Impossible::TooManyThreads => other.fmt(f),
        }
    }
}

fn print(found: &Found<'_>, json: bool, verdict: bool) -> Result<(), UserError> {
    let mut out = BufWriter::new(io::stdout().lock());
    let printed = if json {
        racy::json(found, verdict, &mut out)
    } else {
        racy::text(found, verdict, &mut out)
    };
    match printed.and_then(|()| out.flush()) {
        Err(error) if !console::is_closed(&error) => Err(UserError::new(format!(
            "the racy locations cannot be printed: {error}"
        ))),
        _ => Ok(()),
    }
}
