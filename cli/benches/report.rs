//! `deadheat report --html` over 100,000 reports, of which 5,000 are unique: time and memory.

#[allow(dead_code)]
#[path = "../src/sample.rs"]
mod sample;

use deadheat_detector::report::{Record, StackFrame, jsonl};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

const REPORTS: u32 = 100_000;
const UNIQUE: u32 = 5_000;
/// Frames of each stack.
const DEPTH: u32 = 6;

fn main() -> std::io::Result<()> {
    let folder = tempfile::tempdir()?;
    let (input, page) = (
        folder.path().join("in.jsonl"),
        folder.path().join("page.html"),
    );
    write(&input)?;
    let before = Instant::now();
    let status = Command::new(env!("CARGO_BIN_EXE_deadheat"))
        .args(["report", "--html", "-o"])
        .args([&page, &input])
        .stdout(Stdio::null())
        .status()?;
    let seconds = before.elapsed().as_secs_f64();
    assert!(status.success(), "{status}");
    let megabytes = |path: &Path| File::open(path)?.metadata().map(|about| about.len() >> 20);
    eprintln!(
        "{} MB of reports, {} MB of page",
        megabytes(&input)?,
        megabytes(&page)?
    );
    println!("report_html_time\t{seconds:.2}\ts\t<= 5");
    if let Some(peak) = peak() {
        println!("report_html_memory\t{peak}\tMB\t<= 300");
    }
    Ok(())
}

fn write(path: &Path) -> std::io::Result<()> {
    let mut out = BufWriter::new(File::create(path)?);
    for number in 0..REPORTS {
        let race = number % UNIQUE;
        let mut report = sample::quoting();
        report.fingerprint = format!("{race:016x}");
        report.run.name = format!("suite::module_{}::test_{}", race % 50, number % 700);
        report.run.seed = number.into();
        for access in [&mut report.current, &mut report.previous] {
            let frame = |depth: u32| StackFrame {
                function: format!(
                    "suite::module_{}::Service::operation_{depth}_{race}",
                    race % 50
                ),
                at: access.place().cloned(),
            };
            access.stack = (0..DEPTH).map(frame).collect();
        }
        for goroutine in &mut report.goroutines {
            goroutine.created_at = report.previous.stack.clone();
        }
        writeln!(out, "{}", jsonl::to_line(&Record::Race(Box::new(report))))?;
    }
    out.flush()
}

/// The most memory that a child of this process had, in megabytes.
#[cfg(target_os = "linux")]
fn peak() -> Option<i64> {
    let mut usage = std::mem::MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: the pointer is to a `rusage` of ours, which the call fills; zeros are a valid one.
    let usage = unsafe {
        let done = libc::getrusage(libc::RUSAGE_CHILDREN, usage.as_mut_ptr());
        (done == 0).then(|| usage.assume_init())
    };
    // Linux counts in units of 1024 bytes.
    usage.map(|usage| usage.ru_maxrss >> 10)
}

#[cfg(not(target_os = "linux"))]
fn peak() -> Option<i64> {
    None
}
