//! Whose an argument of `deadheat test` is: ours, cargo's, or the test binaries'.
//!
//! Ours may stand anywhere among cargo's, which clap cannot tell apart as it does not know
//! cargo's options. So the arguments are split here, by the names of our options alone, and clap
//! sees only what is ours. An option that neither knows is refused by cargo.

use std::ffi::{OsStr, OsString};

/// An option that is ours.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct OwnOption {
    /// As it is written, such as `--seed` or `-h`.
    pub(crate) name: String,
    /// Whether a value follows.
    pub(crate) takes_value: bool,
}

/// The arguments of `deadheat test`, by owner; each owner's are in their order.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Split {
    /// Ours.
    pub(crate) own: Vec<OsString>,
    /// Cargo's.
    pub(crate) cargo: Vec<OsString>,
    /// What follows the first `--`: the test binaries'.
    pub(crate) binary: Vec<OsString>,
}

impl Split {
    /// Splits `arguments`, of which the options `own` are ours.
    pub(crate) fn new(own: &[OwnOption], arguments: impl IntoIterator<Item = OsString>) -> Self {
        let mut split = Self::default();
        let mut rest = arguments.into_iter().peekable();
        while let Some(argument) = rest.next() {
            if argument == "--" {
                split.binary.extend(rest);
                break;
            }
            let known = own
                .iter()
                .find(|option| value_after(&argument, &option.name).is_some());
            match known {
                None => split.cargo.push(argument),
                Some(option) if option.takes_value && argument == *option.name => {
                    split.own.push(joined(argument, rest.next_if(is_value)));
                }
                Some(_) => split.own.push(argument),
            }
        }
        split
    }
}

/// Whether an argument can be the value of the option before it. A value may begin with one
/// hyphen, as a wrong number does, so that it is named in the complaint.
fn is_value(argument: &OsString) -> bool {
    !argument.as_encoded_bytes().starts_with(b"--")
}

fn joined(mut option: OsString, value: Option<OsString>) -> OsString {
    if let Some(value) = value {
        option.push("=");
        option.push(value);
    }
    option
}

/// The values of cargo's option `name` among `arguments`, in both forms.
pub(crate) fn values<'a>(arguments: &'a [OsString], name: &str) -> Vec<&'a OsStr> {
    let mut found = Vec::new();
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        match value_after(argument, name) {
            None => {}
            Some(None) => found.extend(rest.next().map(OsString::as_os_str)),
            Some(Some(value)) => found.push(value),
        }
    }
    found
}

/// Takes cargo's option `name` out of `arguments`, in both forms, with its values.
pub(crate) fn remove(arguments: &mut Vec<OsString>, name: &str) {
    let mut rest = std::mem::take(arguments).into_iter();
    while let Some(argument) = rest.next() {
        match value_after(&argument, name) {
            None => arguments.push(argument),
            Some(None) => drop(rest.next()),
            Some(Some(_)) => {}
        }
    }
}

/// Whether the flag `name` is among `arguments`.
pub(crate) fn has_flag(arguments: &[OsString], name: &str) -> bool {
    arguments.iter().any(|argument| argument == name)
}

/// What `argument` says of the option `name`: nothing, its name only, or its name and a value.
fn value_after<'a>(argument: &'a OsStr, name: &str) -> Option<Option<&'a OsStr>> {
    if argument == name {
        return Some(None);
    }
    // An argument that is not UTF-8 is none of ours, and cargo takes no such path.
    let value = argument.to_str()?.strip_prefix(name)?.strip_prefix('=')?;
    Some(Some(OsStr::new(value)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<OsString> {
        text.split_whitespace().map(OsString::from).collect()
    }

    fn option(name: &str, takes_value: bool) -> OwnOption {
        OwnOption {
            name: name.into(),
            takes_value,
        }
    }

    #[track_caller]
    fn check(arguments: &str, own: &str, cargo: &str, binary: &str) {
        let options = [option("--seed", true), option("--fail-fast", false)];
        let expected = Split {
            own: words(own),
            cargo: words(cargo),
            binary: words(binary),
        };
        assert_eq!(Split::new(&options, words(arguments)), expected);
    }

    #[test]
    fn ours_are_found_anywhere_before_the_dashes() {
        check("", "", "", "");
        check("--seed 3", "--seed=3", "", "");
        check("--seed=3 mytest", "--seed=3", "mytest", "");
        check(
            "--examples --seed 3 mytest -- --exact",
            "--seed=3",
            "--examples mytest",
            "--exact",
        );
        check(
            "mytest --fail-fast -p a --seed=3 --release",
            "--fail-fast --seed=3",
            "mytest -p a --release",
            "",
        );
        check("a -- --seed 3 -- b", "", "a", "--seed 3 -- b");
    }

    #[test]
    fn near_misses_are_cargos() {
        check("--seeds 3", "", "--seeds 3", "");
        check("--see=3 --seed3", "", "--see=3 --seed3", "");
        check("seed --SEED", "", "seed --SEED", "");
    }

    #[test]
    fn wrong_use_of_ours_is_left_to_clap() {
        check("--seed", "--seed", "", "");
        check("--seed -- x", "--seed", "", "x");
        check("--seed --release", "--seed", "--release", "");
        check("--seed -1", "--seed=-1", "", "");
        check("--fail-fast=no", "--fail-fast=no", "", "");
        check("--seed= x", "--seed=", "x", "");
    }

    #[cfg(unix)]
    #[test]
    fn arguments_need_not_be_utf8() {
        use std::os::unix::ffi::OsStringExt;
        let odd = OsString::from_vec(b"--seed=\xff".to_vec());
        let split = Split::new(&[option("--seed", true)], [odd.clone()]);
        assert_eq!(split.cargo, [odd]);
    }

    #[test]
    fn options_of_cargo_can_be_looked_up() {
        let arguments = words("--config a x --manifest-path=dir/Cargo.toml --config=b --doc");
        assert_eq!(values(&arguments, "--manifest-path"), ["dir/Cargo.toml"]);
        assert_eq!(values(&arguments, "--config"), ["a", "b"]);
        assert!(values(&arguments, "--target-dir").is_empty());
        assert!(values(&words("--target-dir"), "--target-dir").is_empty());
        let mut fewer = arguments.clone();
        remove(&mut fewer, "--config");
        assert_eq!(fewer, words("x --manifest-path=dir/Cargo.toml --doc"));
        assert!(has_flag(&arguments, "--doc"));
        assert!(!has_flag(&arguments, "--no-run"));
    }
}
