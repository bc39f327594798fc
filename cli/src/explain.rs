//! A race in plain words: what happened, why nothing orders it, and what usually mends it.
//!
//! Everything here follows from the report. What it does not hold is said to be unknown, not guessed.

use crate::words;
use deadheat_detector::report::text::{At, Printable, frames};
use deadheat_detector::report::{Access, OtherAccess, RaceReport, SyncEvent};
use serde::Serialize;

mod pattern;

/// A text that begins as sentences do.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|c| c.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}

/// A heading, and what stands beneath it.
#[derive(Serialize)]
pub(crate) struct Part {
    pub(crate) heading: &'static str,
    /// Several lines, or one, without a line feed at the end.
    pub(crate) text: String,
}

/// All that can be said of `report`.
pub(crate) fn explain(report: &RaceReport) -> Vec<Part> {
    let part = |heading, text: String| Part {
        heading,
        text: sentence(&text),
    };
    vec![
        part("What happened", what(report)),
        part("Why nothing orders them", why(report)),
        part("What nearly ordered them", nearly(report)),
        part("Which locks were held", locks(report)),
        part("What else touched this memory", others(report)),
        part("What usually mends this", pattern::of(report).advice()),
    ]
}

fn what(report: &RaceReport) -> String {
    let (current, previous) = (&report.current, &report.previous);
    let memory = words::memory(&report.location);
    let mut text = format!(
        "{} and {} touched the same memory, {memory}, and at least one of them wrote to it.\n",
        words::who(report, previous.goroutine),
        words::who(report, current.goroutine),
    );
    text += &side(report, "First, in this run,", previous);
    text += &side(report, "Later,", current);
    text += "On another schedule it may be the other way round, or both at once.";
    if report.dependent {
        text += "\nAn earlier race of the same run comes between these accesses; mend that one first, this one may follow from it.";
    }
    text
}

fn side(report: &RaceReport, when: &str, access: &Access) -> String {
    let (who, kind) = (words::who(report, access.goroutine), words::kind(access));
    let counts = match &access.operation {
        Some(_) => format!(" (which counts as {})", access.kind),
        None => String::new(),
    };
    format!(
        "{when} {who} did a {kind}{counts}:\n{}",
        frames(&access.stack)
    )
}

fn why(report: &RaceReport) -> String {
    let why = &report.unordered;
    let (first, later) = sides(report);
    let mut text = format!(
        "The two would be ordered if {first}, after its access, released something (unlocked, sent, \
         ended and was joined, ...) that {later} acquired before its own. "
    );
    let release = match (&why.previous_release, why.released_after_access) {
        (Some(last), true) => format!(
            "{first} did release after its access, the last time by {}. ",
            event(last)
        ),
        (Some(last), false) => format!(
            "{first} released nothing after its access; its last release, {}, came before it. ",
            event(last)
        ),
        (None, _) => format!("{first} released nothing at all. "),
    };
    let acquire = match &why.current_acquire {
        None => format!("{later} acquired nothing before its access."),
        Some(last) if why.released_after_access => format!(
            "{later} has not acquired that: the last that it acquired was {}, which had learned nothing of the first access.",
            event(last)
        ),
        Some(last) => format!(
            "The last that {later} acquired was {}, which cannot bring news of the first access.",
            event(last)
        ),
    };
    text += &sentence(&release);
    text + &sentence(&acquire)
}

fn nearly(report: &RaceReport) -> String {
    let why = &report.unordered;
    let (first, later) = sides(report);
    match (&why.previous_release, &why.current_acquire) {
        (Some(release), Some(acquire)) if why.released_after_access => format!(
            "The nearest to an edge: {} by {first}, and {} by {later}. They order the accesses only if both are \
             on the same object, and in this order.",
            event(release),
            event(acquire)
        ),
        (_, Some(acquire)) => format!(
            "{later} acquired by {}; {first} had nothing to hand over there, for it released nothing after its access.",
            event(acquire)
        ),
        (Some(release), None) => format!(
            "{first} released by {}; {later} acquired nothing.",
            event(release)
        ),
        (None, None) => "Nothing: neither goroutine synchronised with anybody.".to_owned(),
    }
}

fn locks(report: &RaceReport) -> String {
    let sides = [&report.previous, &report.current];
    let told = sides.map(|access| {
        let who = words::who(report, access.goroutine);
        match access.locks.as_deref() {
            None => format!("which locks {who} held is not known"),
            Some([]) => format!("{who} held none"),
            Some(locks) => {
                let locks: Vec<_> = locks.iter().map(event).collect();
                format!("{who} held the {}", locks.join(", and the "))
            }
        }
    });
    let [first, later] = told;
    let held = sides.map(|access| access.locks.as_deref().unwrap_or_default().len());
    let verdict = match held {
        [0, 0] => "",
        [0, _] | [_, 0] => " A lock orders two accesses only where both sides hold it.",
        _ => {
            " They were not the same lock, or held for reading only: two holders of one lock are ordered."
        }
    };
    format!("{first}; {later}.{verdict}")
}

fn others(report: &RaceReport) -> String {
    if report.others.is_empty() {
        return "Nothing that this run had shown by then.".to_owned();
    }
    let others = report.others.iter().map(|other| {
        let kind = match &other.operation {
            Some(operation) => Printable(operation).to_string(),
            None => other.kind.to_string(),
        };
        let at = match &other.at {
            Some(at) => At(at).to_string(),
            None => "an unknown place".to_owned(),
        };
        format!("  {kind} at {at}, {}\n", protection(report, other))
    });
    format!(
        "Up to then, in this run, as far as reports keep it:\n{}What shares neither a lock nor an order with the \
         others may race as well.",
        others.collect::<String>()
    )
}

/// What protected an access that is no side of the race, as far as is known.
fn protection(report: &RaceReport, other: &OtherAccess) -> String {
    let locks: Vec<_> = other.locks.iter().map(event).collect();
    let mut text = if locks.is_empty() {
        "no lock held".to_owned()
    } else {
        format!("under the {}", locks.join(", and the "))
    };
    if other.kind.is_atomic() {
        text += "; it is atomic, and so races with no other atomic access";
    }
    let (first, later) = sides(report);
    let (by_first, by_later) = (
        other.goroutine == Some(report.previous.goroutine),
        other.goroutine == Some(report.current.goroutine),
    );
    if by_first {
        text += &format!("; {first} made it, and a goroutine's own accesses are ordered");
    }
    text += &match (other.ordered, &other.released) {
        _ if by_later => format!("; {later} made it, and a goroutine's own accesses are ordered"),
        (Some(true), Some(release)) => {
            format!(
                "; ordered before the later access by the {}, which {later} had acquired",
                event(release)
            )
        }
        (Some(true), None) => {
            "; ordered before the later access, by which release is not kept".to_owned()
        }
        (Some(false), _) => "; not ordered before the later access".to_owned(),
        (None, _) => String::new(),
    };
    text
}

/// Both goroutines, the first access's first.
fn sides(report: &RaceReport) -> (String, String) {
    let who = |access: &Access| words::who(report, access.goroutine);
    (who(&report.previous), who(&report.current))
}

fn event(event: &SyncEvent) -> String {
    format!("{} at {}", Printable(&event.operation), At(&event.at))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;
    use deadheat_detector::access::AccessKind;

    fn text(report: &RaceReport) -> String {
        let parts = explain(report);
        parts
            .iter()
            .map(|part| format!("{}: {}\n", part.heading, part.text))
            .collect()
    }

    #[test]
    fn each_way_to_be_unordered_has_its_words() {
        let mut race = sample::race("t", 42);
        let acquire = race.unordered.previous_release.clone();
        assert!(
            text(&race).contains("Goroutine 2 acquired nothing before"),
            "{}",
            text(&race)
        );
        race.unordered.current_acquire = acquire;
        assert!(
            text(&race).contains("has not acquired that"),
            "{}",
            text(&race)
        );
        race.unordered.released_after_access = false;
        assert!(text(&race).contains("came before it"), "{}", text(&race));
        race.unordered.previous_release = None;
        assert!(
            text(&race).contains("released nothing at all"),
            "{}",
            text(&race)
        );
    }

    #[test]
    fn what_protected_the_others_is_said() {
        let mut race = sample::race("t", 42);
        let at = race.current.place().cloned().unwrap();
        let operation = "channel send".to_owned();
        let release = SyncEvent {
            operation,
            at: at.clone(),
        };
        let other = OtherAccess {
            kind: AccessKind::AtomicRead,
            operation: None,
            at: Some(at),
            locks: vec![],
            goroutine: Some(9),
            ordered: Some(true),
            released: Some(release),
        };
        let mut check = |other: OtherAccess, expected: &str, absent: &str| {
            race.others = vec![other];
            let text = others(&race);
            assert!(text.contains(expected) && !text.contains(absent), "{text}");
        };
        check(
            other.clone(),
            "no lock held; it is atomic, and so races with no other atomic access; ordered before the later \
             access by the channel send at src/bank.rs:42:9, which goroutine 2 had acquired",
            "made it",
        );
        let plain = OtherAccess {
            kind: AccessKind::Read,
            released: None,
            ..other
        };
        let unkept =
            "no lock held; ordered before the later access, by which release is not kept\n";
        check(plain.clone(), unkept, "atomic");
        let by = |goroutine, ordered| OtherAccess {
            goroutine,
            ordered,
            ..plain.clone()
        };
        check(
            by(Some(3), Some(false)),
            "; goroutine 3 made it",
            "goroutine 2",
        );
        check(
            by(Some(3), Some(false)),
            "; not ordered before the later",
            "by which",
        );
        check(
            by(Some(2), Some(true)),
            "; goroutine 2 made it",
            "ordered before",
        );
        check(
            by(None, None),
            "src/bank.rs:42:9, no lock held\n",
            "ordered before",
        );
    }

    #[test]
    fn strings_from_programs_are_printable() {
        let mut race = sample::quoting();
        race.location.name = Some("\u{1b}[2J".into());
        race.goroutines[0].name = Some("\u{7}".into());
        race.unordered.previous_release.as_mut().unwrap().operation = "\u{202e}".into();
        let text = text(&race);
        assert!(!text.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{text:?}");
    }
}
