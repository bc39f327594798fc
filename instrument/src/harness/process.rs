//! What the `DEADHEAT` variable asks of this process, and where reports go.

use deadheat_runtime::Builder;
use deadheat_runtime::detector::report::jsonl::JsonLinesSink;
use deadheat_runtime::detector::report::known::Known;
use deadheat_runtime::detector::report::text::TextSink;
use deadheat_runtime::detector::report::{Record, Sink};
use deadheat_runtime::detector::settings::{EXIT_USAGE, Settings, VARIABLE};
use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// The settings of this process. Where the variable cannot be understood, the process ends
/// with a message and [`EXIT_USAGE`]: a run under other settings than asked for is worse.
pub(super) fn settings() -> &'static Settings {
    static SETTINGS: OnceLock<Settings> = OnceLock::new();
    SETTINGS
        .get_or_init(|| Settings::from_env().unwrap_or_else(|error| give_up(&error.to_string())))
}

/// A run of this process: how it is scheduled, as far as tests and programs do not differ in it.
pub(super) fn scheduled(mut builder: Builder) -> Builder {
    let settings = settings();
    if let Some(procs) = settings.maxprocs {
        builder = builder.max_procs(procs);
    }
    if let Some(bytes) = settings.stack {
        builder = builder.stack_size(bytes);
    }
    if let Some(steps) = settings.steps {
        builder = builder.max_steps(steps);
    }
    if let Some(period) = settings.schedtrace {
        builder = builder.schedtrace(Duration::from_millis(period));
    }
    if let Some(on) = settings.sigquit {
        builder = builder.sigquit(on);
    }
    builder
}

/// A run of this process: where its reports go, and its trace, if one is asked for. What has been
/// reported is told by the second value.
pub(super) fn configure(builder: Builder) -> (Builder, Arc<News>) {
    let news = Arc::new(News::default());
    let builder = sinks().iter().cloned().fold(builder, Builder::sink);
    (recorded(builder.sink(news.clone())), news)
}

/// How many reports of a run are news, and how many are not.
#[derive(Default)]
pub(super) struct News {
    new: AtomicU64,
    known: AtomicU64,
}

impl News {
    /// How many of `races`, which a run has counted with repetitions, are to fail it: none where
    /// every race that it reported is known.
    pub(super) fn of(&self, races: u64) -> u64 {
        let new = self.new.load(Ordering::Relaxed);
        let known = self.known.load(Ordering::Relaxed);
        if new == 0 && known > 0 { 0 } else { races }
    }
}

impl Sink for News {
    fn record(&self, record: &Record) {
        if let Record::Race(report) = record {
            let count = match known().reason(report) {
                Some(_) => &self.known,
                None => &self.new,
            };
            count.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// A sink that is given what is news only.
struct Unknown<S>(S);

impl<S: Sink> Sink for Unknown<S> {
    fn record(&self, record: &Record) {
        match record {
            Record::Race(report) if known().reason(report).is_some() => {}
            _ => self.0.record(record),
        }
    }
}

/// The races that are no news.
fn known() -> &'static Known {
    static KNOWN: OnceLock<Known> = OnceLock::new();
    KNOWN.get_or_init(|| match &settings().known {
        None => Known::default(),
        Some(path) => Known::read(path).unwrap_or_else(|error| {
            give_up(&format!(
                "{VARIABLE}: the known races in {} cannot be read: {error}; leave known=FILE out, or name another",
                path.display()
            ))
        }),
    })
}

/// A run of this process that leaves a trace, if one is asked for.
pub(super) fn recorded(builder: Builder) -> Builder {
    match traces() {
        Some(folder) => builder.record(folder),
        None => builder,
    }
}

/// The folder for traces, which is there.
fn traces() -> Option<&'static Path> {
    let folder = settings().record.as_deref()?;
    if let Err(error) = std::fs::create_dir_all(folder) {
        give_up(&format!(
            "{VARIABLE}: the folder {} cannot be made: {error}; name another with record=DIR",
            folder.display()
        ));
    }
    Some(folder)
}

/// Where all runs of this process write their reports: the standard error stream, and the
/// file that `log` names.
fn sinks() -> &'static [Arc<dyn Sink>] {
    static SINKS: OnceLock<Vec<Arc<dyn Sink>>> = OnceLock::new();
    SINKS.get_or_init(|| {
        // Where it cannot be read, that is said before anything runs.
        known();
        let text: Arc<dyn Sink> = Arc::new(Unknown(TextSink::new(std::io::stderr())));
        let mut sinks = vec![text];
        if let Some(path) = &settings().log {
            match JsonLinesSink::append(path) {
                Ok(log) => sinks.push(Arc::new(log)),
                Err(error) => give_up(&format!(
                    "{VARIABLE}: the file {} cannot be written: {error}; name another with log=FILE",
                    path.display()
                )),
            }
        }
        sinks
    })
}

fn give_up(message: &str) -> ! {
    // `eprintln` would go into the captured output of a test, which is lost here.
    let _ = writeln!(std::io::stderr(), "error: {message}");
    std::process::exit(EXIT_USAGE)
}
