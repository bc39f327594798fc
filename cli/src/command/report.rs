//! `deadheat report`: saved reports once more, in a format of the user's choice.
//!
//! Records are given to the format as they are read. What stays in memory is one entry for each
//! unique race, test and failure, however long the files are.

use crate::args::ReportArgs;
use crate::console;
use crate::error::UserError;
use crate::exit::Exit;
use crate::format::{End, Format, FormatName, format};
use crate::input::Input;
use crate::look::Look;
use crate::output::{Output, refuse_same};
use crate::records::{Verdict, records};
use crate::saved;
use crate::summary::Summary;
use std::io::{self, BufRead, BufReader, BufWriter, IsTerminal, Write};
use std::path::Path;

pub(crate) fn execute(args: &ReportArgs) -> Result<Exit, UserError> {
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
    for file in &files {
        if printer.closed {
            break;
        }
        let Input { name, bytes, .. } = Input::open(file)?;
        let input = BufReader::with_capacity(1 << 18, bytes);
        if let Err(error) = printer.read(input, &name, io::stderr()) {
            if files.len() == 1 {
                return Err(printer.give_up(error));
            }
            console::say(format_args!("error: {error}"));
        }
    }
    let exit = printer.finish()?;
    output.commit()?;
    Ok(exit)
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
        }
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
            self.summary.add(&record);
            let written = self.format.record(&record, &mut self.out);
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

    /// Writes the end of what was read before `error`.
    fn give_up(self, error: UserError) -> UserError {
        if self.summary.is_empty() {
            return error;
        }
        self.finish().err().unwrap_or(error)
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
        match printer.read(input, name, errors) {
            Ok(()) => printer.finish(),
            Err(error) => Err(printer.give_up(error)),
        }
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
