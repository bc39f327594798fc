//! What the `DEADHEAT` variable asks of this process, and where reports go.

use deadheat_runtime::Builder;
use deadheat_runtime::detector::report::Sink;
use deadheat_runtime::detector::report::jsonl::JsonLinesSink;
use deadheat_runtime::detector::report::text::TextSink;
use deadheat_runtime::detector::settings::{EXIT_USAGE, Settings, VARIABLE};
use std::io::Write;
use std::path::Path;
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

/// A run of this process: where its reports go, and its trace, if one is asked for.
pub(super) fn configure(builder: Builder) -> Builder {
    recorded(sinks().iter().cloned().fold(builder, Builder::sink))
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
        let text: Arc<dyn Sink> = Arc::new(TextSink::new(std::io::stderr()));
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
