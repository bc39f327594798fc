//! The `DEADHEAT` variable: what a launcher asks of the runs in a process.
//!
//! `key=value` pairs, separated by commas or white space; a value that holds either is put in
//! double quotes, within which `\"` and `\\` stand for themselves without the backslash.
//! One key has a variable of its own too, [`SCHEDTRACE_VARIABLE`], which goes before it.

use crate::report::Scheduler;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// The name of the variable.
pub const VARIABLE: &str = "DEADHEAT";

/// The name of the variable that holds the value of `schedtrace` alone, as Go's users expect.
pub const SCHEDTRACE_VARIABLE: &str = "DEADHEAT_SCHEDTRACE";

/// The exit code of a process that found data races; Go's.
pub const EXIT_RACES: i32 = 66;

/// The exit code of a process that could not do what it was asked to: bad options, bad input.
pub const EXIT_USAGE: i32 = 2;

/// What the `DEADHEAT` variable says. A setting that it does not mention is `None`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Settings {
    /// `detect=on|off`: whether accesses and synchronisation are recorded and checked.
    pub detect: Option<bool>,
    /// `seed=N`: the seed of the first schedule of every test.
    pub seed: Option<u64>,
    /// `schedules=N`: how many schedules each test runs.
    pub schedules: Option<u64>,
    /// `scheduler=controlled|parallel`.
    pub scheduler: Option<Scheduler>,
    /// `maxprocs=N`: how many goroutines the parallel scheduler runs at once.
    pub maxprocs: Option<usize>,
    /// `steps=N`: how many scheduling steps a controlled run may take.
    pub steps: Option<u64>,
    /// `stack=BYTES`: the size of each goroutine's stack.
    pub stack: Option<usize>,
    /// `log=FILE`: where reports are added as JSON lines.
    pub log: Option<PathBuf>,
    /// `known=FILE`: races that fail no test, see [`crate::report::known`].
    pub known: Option<PathBuf>,
    /// `record=DIR`: a folder for traces of all events, one file for each run.
    pub record: Option<PathBuf>,
    /// `schedtrace=MS`: how often the parallel scheduler tells what it does, in milliseconds.
    pub schedtrace: Option<u64>,
    /// `intentional=report|hide`: whether races are reported that are known to be meant.
    pub intentional: Option<bool>,
    /// `sigquit=on|off`: whether SIGQUIT prints what all goroutines do.
    pub sigquit: Option<bool>,
}

/// Every key, with the values that it takes.
pub const KEYS: [(&str, &str); 13] = [
    ("detect", "on or off"),
    ("seed", "a whole number below 2^64"),
    ("schedules", "a whole number from 1"),
    ("scheduler", "controlled or parallel"),
    ("maxprocs", "a whole number from 1"),
    ("steps", "a whole number from 1"),
    ("stack", "a whole number of bytes from 1"),
    ("log", "the path of a file"),
    ("known", "the path of a file"),
    ("record", "the path of a folder"),
    ("schedtrace", "a whole number of milliseconds from 1"),
    ("intentional", "report or hide"),
    ("sigquit", "on or off"),
];

/// What is wrong with the value of `DEADHEAT`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SettingsError(String);

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for SettingsError {}

impl Settings {
    /// Reads the variables from the environment; all unset where they are absent.
    ///
    /// # Errors
    ///
    /// Where one has an unknown key, a key twice, or a value that its key does not take.
    pub fn from_env() -> Result<Self, SettingsError> {
        let mut settings: Self = variable(VARIABLE)?.unwrap_or_default().parse()?;
        if let Some(period) = variable(SCHEDTRACE_VARIABLE)? {
            settings.schedtrace = Some(schedtrace(&period)?);
        }
        Ok(settings)
    }

    fn set(&mut self, key: &str, value: &str) -> Result<(), SettingsError> {
        let Some((_, takes)) = KEYS.iter().find(|(known, _)| *known == key) else {
            return Err(unknown_key(key));
        };
        let parsed = match key {
            "detect" => fill(&mut self.detect, on_or_off(value)),
            "seed" => fill(&mut self.seed, parse_seed(value)),
            "schedules" => fill(&mut self.schedules, positive(value)),
            "scheduler" => fill(&mut self.scheduler, parse_scheduler(value)),
            "maxprocs" => fill(&mut self.maxprocs, positive(value)),
            "steps" => fill(&mut self.steps, positive(value)),
            "stack" => fill(&mut self.stack, positive(value)),
            "log" => fill(&mut self.log, path(value)),
            "known" => fill(&mut self.known, path(value)),
            "record" => fill(&mut self.record, path(value)),
            "schedtrace" => fill(&mut self.schedtrace, positive(value)),
            "intentional" => fill(&mut self.intentional, report_or_hide(value)),
            "sigquit" => fill(&mut self.sigquit, on_or_off(value)),
            _ => unreachable!("{key} is in KEYS"),
        };
        match parsed {
            Fill::Done => Ok(()),
            Fill::Twice => Err(SettingsError(format!("{VARIABLE}: {key} is set twice"))),
            Fill::Bad => Err(SettingsError(format!(
                "{VARIABLE}: {key}={value:?} is not understood: {key} takes {takes}"
            ))),
        }
    }
}

fn variable(name: &str) -> Result<Option<String>, SettingsError> {
    match std::env::var(name) {
        Ok(value) => Ok(Some(value)),
        Err(std::env::VarError::NotPresent) => Ok(None),
        Err(std::env::VarError::NotUnicode(_)) => {
            Err(SettingsError(format!("{name} is not valid UTF-8")))
        }
    }
}

/// The value of the variable of that name.
fn schedtrace(value: &str) -> Result<u64, SettingsError> {
    positive(value).ok_or_else(|| {
        SettingsError(format!(
            "{SCHEDTRACE_VARIABLE}={value:?} is not understood: \
             it takes a whole number of milliseconds from 1"
        ))
    })
}

enum Fill {
    Done,
    Twice,
    Bad,
}

fn fill<T>(slot: &mut Option<T>, value: Option<T>) -> Fill {
    match value {
        None => Fill::Bad,
        Some(_) if slot.is_some() => Fill::Twice,
        some => {
            *slot = some;
            Fill::Done
        }
    }
}

fn path(value: &str) -> Option<PathBuf> {
    (!value.is_empty()).then(|| value.into())
}

fn on_or_off(value: &str) -> Option<bool> {
    match value {
        "on" | "1" | "true" => Some(true),
        "off" | "0" | "false" => Some(false),
        _ => None,
    }
}

fn report_or_hide(value: &str) -> Option<bool> {
    match value {
        "report" => Some(true),
        "hide" => Some(false),
        _ => None,
    }
}

/// A seed as people write it: decimal, or hexadecimal after `0x`.
#[must_use]
pub fn parse_seed(value: &str) -> Option<u64> {
    match value.strip_prefix("0x") {
        Some(hex) => u64::from_str_radix(hex, 16).ok(),
        None => value.parse().ok(),
    }
}

fn parse_scheduler(value: &str) -> Option<Scheduler> {
    [Scheduler::Controlled, Scheduler::Parallel]
        .into_iter()
        .find(|scheduler| scheduler.to_string() == value)
}

fn positive<T: FromStr + PartialOrd + From<u8>>(value: &str) -> Option<T> {
    value.parse().ok().filter(|number| *number >= T::from(1))
}

fn unknown_key(key: &str) -> SettingsError {
    let known: Vec<_> = KEYS.iter().map(|(known, _)| *known).collect();
    let nearest = known
        .iter()
        .map(|known| (strsim::damerau_levenshtein(key, known), known))
        .min_by_key(|(distance, _)| *distance)
        .filter(|(distance, _)| *distance <= 3);
    let hint = match nearest {
        Some((_, known)) => format!("did you mean {known:?}? "),
        None => String::new(),
    };
    SettingsError(format!(
        "{VARIABLE}: unknown key {key:?}; {hint}the keys are {}",
        known.join(", ")
    ))
}

impl FromStr for Settings {
    type Err = SettingsError;

    fn from_str(text: &str) -> Result<Self, SettingsError> {
        let mut settings = Self::default();
        let mut rest = text;
        loop {
            rest = rest.trim_start_matches(|c: char| c == ',' || c.is_whitespace());
            if rest.is_empty() {
                return Ok(settings);
            }
            let key_end = rest
                .find(|c: char| c == '=' || c == ',' || c.is_whitespace())
                .unwrap_or(rest.len());
            let (key, after) = rest.split_at(key_end);
            let Some(value) = after.strip_prefix('=') else {
                return Err(SettingsError(format!(
                    "{VARIABLE}: {key:?} has no value: write {key}=VALUE"
                )));
            };
            let (value, after) = take_value(value)?;
            settings.set(key, &value)?;
            rest = after;
        }
    }
}

fn take_value(text: &str) -> Result<(String, &str), SettingsError> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text
            .find(|c: char| c == ',' || c.is_whitespace())
            .unwrap_or(text.len());
        return Ok((text[..end].to_owned(), &text[end..]));
    };
    let mut value = String::new();
    let mut chars = quoted.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Ok((value, &quoted[at + 1..])),
            '\\' => value.extend(chars.next().map(|(_, escaped)| escaped)),
            _ => value.push(c),
        }
    }
    Err(SettingsError(format!(
        "{VARIABLE}: a quoted value has no closing quote"
    )))
}

fn shown_switch(on: bool) -> String {
    if on { "on" } else { "off" }.to_owned()
}

fn quote(value: &str) -> String {
    let plain = |c: char| c != ',' && c != '"' && c != '\\' && !c.is_whitespace();
    if value.chars().all(plain) {
        return value.to_owned();
    }
    format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))
}

/// The value of the variable that says the same.
impl fmt::Display for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pairs = [
            self.detect.map(|on| ("detect", shown_switch(on))),
            self.seed.map(|seed| ("seed", seed.to_string())),
            self.schedules.map(|n| ("schedules", n.to_string())),
            self.scheduler
                .map(|scheduler| ("scheduler", scheduler.to_string())),
            self.maxprocs.map(|n| ("maxprocs", n.to_string())),
            self.steps.map(|n| ("steps", n.to_string())),
            self.stack.map(|n| ("stack", n.to_string())),
            self.known
                .as_ref()
                .map(|path| ("known", quote(&path.to_string_lossy()))),
            self.log
                .as_ref()
                .map(|path| ("log", quote(&path.to_string_lossy()))),
            self.record
                .as_ref()
                .map(|path| ("record", quote(&path.to_string_lossy()))),
            self.schedtrace.map(|ms| ("schedtrace", ms.to_string())),
            self.intentional.map(|report| {
                let shown = if report { "report" } else { "hide" };
                ("intentional", shown.to_owned())
            }),
            self.sigquit.map(|on| ("sigquit", shown_switch(on))),
        ];
        for (i, (key, value)) in pairs.into_iter().flatten().enumerate() {
            let comma = if i == 0 { "" } else { "," };
            write!(f, "{comma}{key}={value}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        text.parse::<Settings>().unwrap_err().to_string()
    }

    #[test]
    fn reads_every_key() {
        let text = r#"detect=on, seed=0x2a schedules=3,scheduler=parallel maxprocs=2,steps=9,stack=65536 log="a b\"c\\d.jsonl" known=k.json record="traces of mine" schedtrace=250 intentional=report sigquit=0"#;
        let settings: Settings = text.parse().unwrap();
        assert_eq!(
            settings,
            Settings {
                detect: Some(true),
                seed: Some(42),
                schedules: Some(3),
                scheduler: Some(Scheduler::Parallel),
                maxprocs: Some(2),
                steps: Some(9),
                stack: Some(65536),
                log: Some(r#"a b"c\d.jsonl"#.into()),
                known: Some("k.json".into()),
                record: Some("traces of mine".into()),
                schedtrace: Some(250),
                intentional: Some(true),
                sigquit: Some(false),
            }
        );
        assert_eq!(settings.to_string().parse(), Ok(settings));
    }

    #[test]
    fn an_empty_value_sets_nothing() {
        assert_eq!("".parse(), Ok(Settings::default()));
        assert_eq!(" ,".parse(), Ok(Settings::default()));
        assert_eq!(Settings::default().to_string(), "");
    }

    #[test]
    fn mistakes_are_named_with_the_way_out() {
        assert!(
            error("sede=1").contains(r#"did you mean "seed"?"#),
            "{}",
            error("sede=1")
        );
        assert!(error("colour=red").contains("the keys are detect, seed"));
        assert!(error("seed=x").contains("seed takes a whole number"));
        assert!(error("schedules=0").contains("from 1"));
        assert!(error("detect").contains("detect=VALUE"));
        assert!(error("seed=1 seed=2").contains("set twice"));
        assert!(error("log=\"x").contains("no closing quote"));
        assert!(error("schedtrace=0").contains("a whole number of milliseconds from 1"));
        let bad = schedtrace("1s").unwrap_err().to_string();
        assert!(bad.contains("DEADHEAT_SCHEDTRACE=\"1s\" is not understood"));
        assert_eq!(schedtrace("20"), Ok(20));
        assert!(error("sigquit=maybe").contains("sigquit takes on or off"));
        assert!(error("log=").contains("the path of a file"));
    }
}
