//! `deadheat report`: saved reports once more.
//!
//! Records are printed as they are read. What stays in memory is one entry for each unique race,
//! test and failure, however long the file is.

use crate::args::ReportArgs;
use crate::console;
use crate::error::UserError;
use crate::exit::Exit;
use crate::input::Input;
use crate::records::{Verdict, records};
use crate::summary::Summary;
use deadheat_detector::report::{Distinct, text};
use std::io::{self, BufRead, BufReader, Write};

pub(crate) fn execute(args: &ReportArgs) -> Result<Exit, UserError> {
    let out = io::stdout().lock();
    let Input { name, bytes, .. } = Input::open(&args.file)?;
    print(BufReader::new(bytes), &name, out, io::stderr())
}

/// Prints what `input` holds to `out`; complaints about its lines go to `errors`.
fn print(
    input: impl BufRead,
    name: &str,
    mut out: impl Write,
    errors: impl Write,
) -> Result<Exit, UserError> {
    let mut summary = Summary::default();
    let distinct = Distinct::default();
    let mut records = records(input, name, errors);
    let stopped = loop {
        let record = match records.next() {
            Ok(Some(record)) => record,
            Ok(None) => break None,
            Err(error) => break Some(error),
        };
        summary.add(&record);
        if distinct.is_new(&record)
            && let Some(text) = text::record(&record)
            && let Some(exit) = put(&mut out, &text)?
        {
            return Ok(exit);
        }
    };
    let verdict = records.verdict();
    let text = match verdict {
        Verdict::Damaged if !summary.found() => {
            "no data race in the lines that could be read\n".to_owned()
        }
        _ => summary.text(""),
    };
    if !summary.is_empty()
        && let Some(exit) = put(&mut out, &text)?
    {
        return Ok(exit);
    }
    if let Some(error) = stopped {
        return Err(UserError::new(format!("{name} cannot be read: {error}")));
    }
    match verdict {
        Verdict::Whole => Ok(Exit::Clean),
        Verdict::Damaged => Ok(Exit::Usage),
        Verdict::Foreign(why) => Err(UserError::new(why)),
        Verdict::Empty => Err(UserError::new(format!(
            "{name} is empty, and so not a Deadheat report file with anything to print"
        ))),
    }
}

/// Writes `text`; tells how to end where nobody reads any more.
fn put(out: &mut impl Write, text: &str) -> Result<Option<Exit>, UserError> {
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => Ok(None),
        Err(error) if console::is_closed(&error) => Ok(Some(Exit::Clean)),
        Err(error) => Err(UserError::new(format!(
            "the reports cannot be printed: {error}"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;
    use deadheat_detector::report::Record;

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
