//! `deadheat doctor`: what is missing, and how to get it.

use crate::args::DoctorArgs;
use crate::console;
use crate::error::UserError;
use crate::exit::Exit;
use crate::instrument::{State, checks};
use deadheat_detector::report::text::Printable;

pub(crate) fn execute(args: &DoctorArgs) -> Result<Exit, UserError> {
    let checks = checks(&args.folder);
    let mut text = String::new();
    for check in &checks {
        let state = match check.state {
            State::Fine => "ok",
            State::Optional => "absent",
            State::Missing => "MISSING",
        };
        let said = Printable(&check.text);
        text.push_str(&format!("{state:<8} {}: {said}\n", check.name));
    }
    let missing = checks
        .iter()
        .filter(|check| check.state == State::Missing)
        .count();
    let verdict = match missing {
        0 => "--instrument works here".to_owned(),
        _ => format!("--instrument does not work here: see what is MISSING above ({missing})"),
    };
    text.push_str(&format!("{verdict}\n"));
    console::print(text.as_bytes())?;
    Ok(if missing == 0 {
        Exit::Clean
    } else {
        Exit::Usage
    })
}
