//! `deadheat report`: saved reports once more, in a format of the user's choice.
//!
//! Records are given to the format as they are read. What stays in memory is one entry for each
//! unique race, test and failure, however long the files are.

use crate::args::ReportArgs;
use crate::config;
use crate::console;
use crate::error::UserError;
use crate::exit::Exit;
use crate::format::{End, Format, FormatName, format};
use crate::input::Input;
use crate::known::Judge;
use crate::look::Look;
use crate::output::{Output, refuse_same};
use crate::records::{Verdict, records};
use crate::saved;
use crate::summary::Summary;
use std::io::{self, BufRead, BufReader, BufWriter, IsTerminal, Write};
use std::path::Path;

pub(crate) fn execute(args: &ReportArgs) -> Result<Exit, UserError> {
    let config = config::load_here()?;
    let baseline = args.baseline.as_deref().or(config.baseline.as_deref());
    let judge = Judge::new(baseline, config.suppressions)?;
    let files = saved::files(&args.files)?;
    let to = args.output.as_deref().unwrap_or(Path::new("-"));
    let on_terminal = to.as_os_str() == "-" && io::stdout().is_terminal();
    let name = chosen(args, on_terminal)?;
    for file in &files {
        refuse_same(file, to)?;
    }
    let output = Output::create(to)?;
    let look = Look::new(args.color, on_terminal);
    let mut printer = Printer::new(format(name, look), BufWriter::new(&output), output.name());
    printer.summary = Summary::new(judge);
    let mut read = Ok(());
    for file in &files {
        // What is wrong with one file costs no other. The last complaint comes after the reports.
        if let Err(error) = std::mem::replace(&mut read, printer.read_file(file)) {
            console::say(format_args!("error: {error}"));
        }
        if printer.is_over() {
            break;
        }
    }
    if printer.is_to_stop() {
        read.clone()?;
    }
    let notes = printer.summary.judge().notes();
    let has_new = args.baseline.is_some() && printer.summary.has_new();
    let exit = printer.finish()?;
    output.commit()?;
    notes.iter().for_each(console::note);
    // A race is certain; what could not be read is not.
    read.map(|()| if has_new { Exit::Races } else { exit })
}

fn chosen(args: &ReportArgs, on_terminal: bool) -> Result<FormatName, UserError> {
    let page = args.html.then_some(FormatName::Html);
    let name = match page.or(args.format) {
        Some(name) => name,
        None if on_terminal => FormatName::Terminal,
        None => FormatName::Text,
    };
    if name == FormatName::Html && on_terminal {
        return Err(UserError::new(
            "a page is nothing for a terminal: name a file with `-o FILE`",
        ));
    }
    Ok(name)
}

/// Records on their way to a format, and how the command will end.
struct Printer<'a, W: Write> {
    format: Box<dyn Format>,
    out: W,
    /// What messages call `out`.
    out_name: &'a str,
    summary: Summary,
    /// Whether something could not be read.
    damaged: bool,
    /// Whether nobody reads what is written any more.
    closed: bool,
    /// Whether `out` could not be written.
    failed: bool,
}

impl<'a, W: Write> Printer<'a, W> {
    fn new(format: Box<dyn Format>, out: W, out_name: &'a str) -> Self {
        Self {
            format,
            out,
            out_name,
            summary: Summary::default(),
            damaged: false,
            closed: false,
            failed: false,
        }
    }

    /// Gives what the file at `path` holds to the format.
    fn read_file(&mut self, path: &Path) -> Result<(), UserError> {
        let Input { name, bytes, .. } = Input::open(path).inspect_err(|_| self.damaged = true)?;
        let input = BufReader::with_capacity(1 << 18, bytes);
        self.read(input, &name, io::stderr())
    }

    /// Whether no more can be written.
    fn is_over(&self) -> bool {
        self.closed || self.failed
    }

    /// Whether an error leaves nothing to be written.
    fn is_to_stop(&self) -> bool {
        self.failed || self.summary.is_empty()
    }

    /// Gives what `input` holds to the format; complaints about its lines go to `errors`.
    fn read(
        &mut self,
        input: impl BufRead,
        name: &str,
        errors: impl Write,
    ) -> Result<(), UserError> {
        let mut records = records(input, name, errors);
        let broken = |error| UserError::new(format!("{name} cannot be read: {error}"));
        while let Some(record) = records
            .next()
            .map_err(broken)
            .inspect_err(|_| self.damaged = true)?
        {
            let standing = self.summary.add(&record);
            let written = self.format.record(&record, standing, &mut self.out);
            let written = written.and_then(|()| self.out.flush());
            if self.ended(written)? {
                return Ok(());
            }
        }
        let verdict = records.verdict();
        self.damaged |= verdict != Verdict::Whole;
        match verdict {
            Verdict::Whole | Verdict::Damaged => Ok(()),
            Verdict::Foreign(why) => Err(UserError::new(why)),
            Verdict::Empty => Err(UserError::new(format!(
                "{name} is empty, and so not a Deadheat report file with anything to print"
            ))),
        }
    }

    /// Whether to stop after `written`: where nobody reads any more.
    fn ended(&mut self, written: io::Result<()>) -> Result<bool, UserError> {
        match written {
            Ok(()) => Ok(false),
            Err(error) if console::is_closed(&error) => {
                self.closed = true;
                Ok(true)
            }
            Err(error) => {
                self.failed = true;
                let name = self.out_name;
                Err(UserError::new(format!(
                    "{name} cannot be written: {error}; the reports are still where they were read from"
                )))
            }
        }
    }

    /// Writes the end, and tells how to end.
    fn finish(mut self) -> Result<Exit, UserError> {
        let end = End {
            summary: &self.summary,
            damaged: self.damaged,
        };
        let written = self.format.finish(&end, &mut self.out);
        let written = written.and_then(|()| self.out.flush());
        let closed = !self.closed && self.ended(written)?;
        Ok(if self.damaged && !closed && !self.closed {
            Exit::Usage
        } else {
            Exit::Clean
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;
    use deadheat_detector::report::{Record, text};

    fn print(
        input: impl BufRead,
        name: &str,
        mut out: impl Write,
        errors: impl Write,
    ) -> Result<Exit, UserError> {
        let look = Look {
            colour: false,
            width: 80,
        };
        let format = format(FormatName::Text, look);
        let mut printer = Printer::new(format, &mut out, "the output");
        let read = printer.read(input, name, errors);
        if printer.is_to_stop() {
            read.clone()?;
        }
        let exit = printer.finish()?;
        read.map(|()| exit)
    }

    fn print_text(input: &[u8]) -> (Result<Exit, UserError>, String, String) {
        let (mut out, mut errors) = (Vec::new(), Vec::new());
        let end = print(input, "f", &mut out, &mut errors);
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (end, text(out), text(errors))
    }

    #[test]
    fn wherever_a_file_is_cut_its_whole_lines_are_printed() {
        let records = sample::records();
        let whole = sample::file(&records);
        let texts: Vec<_> = records.iter().filter_map(text::record).collect();
        for end in 0..=whole.len() {
            let cut = &whole[..end];
            let (exit, out, errors) = print_text(cut.as_bytes());
            let whole_lines = cut.matches('\n').count();
            let last = cut.rsplit('\n').next().unwrap_or_default();
            // Without its line feed alone a line is still whole.
            let readable =
                whole_lines + usize::from(last.ends_with('}') && whole[end..].starts_with('\n'));
            for (i, text) in texts.iter().enumerate() {
                assert_eq!(out.contains(text), i < readable, "{end}: {out}");
            }
            if readable == 0 {
                assert!(exit.is_err(), "{end}");
            } else if readable > whole_lines || last.is_empty() {
                assert_eq!((exit, errors.as_str()), (Ok(Exit::Clean), ""), "{end}");
            } else {
                let place = format!("f:{}: the line is cut short\n", whole_lines + 1);
                assert_eq!((exit, errors), (Ok(Exit::Usage), place), "{end}");
            }
        }
    }

    #[test]
    fn a_race_is_printed_once_for_a_test() {
        let race = |test| Record::Race(Box::new(sample::race(test, 42)));
        let input = sample::file(&[race("a"), race("a"), race("b")]);
        let (exit, out, _) = print_text(input.as_bytes());
        assert_eq!(exit, Ok(Exit::Clean));
        assert_eq!(out.matches(text::WARNING).count(), 2);
        assert!(out.contains("\n3 data races found, 1 unique:\n"), "{out}");
    }

    #[test]
    fn an_input_that_breaks_off_is_told_after_what_it_gave() {
        struct Broken;
        impl io::Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::Error::other("the disk is gone"))
            }
        }
        let input = io::Cursor::new(sample::file(&sample::records()));
        let input = BufReader::new(io::Read::chain(input, Broken));
        let mut out = Vec::new();
        let error = print(input, "f", &mut out, io::sink()).unwrap_err();
        assert_eq!(error.to_string(), "f cannot be read: the disk is gone");
        let out = String::from_utf8(out).unwrap();
        assert!(out.contains("3 data races found, 1 unique"), "{out}");
    }

    #[test]
    fn a_full_disk_is_told_and_a_closed_pipe_is_not() {
        struct Fails(io::ErrorKind);
        impl Write for Fails {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(self.0.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let input = sample::file(&sample::records());
        let end = |kind| print(input.as_bytes(), "f", Fails(kind), io::sink());
        assert_eq!(end(io::ErrorKind::BrokenPipe), Ok(Exit::Clean));
        assert!(end(io::ErrorKind::StorageFull).is_err());
    }
}
