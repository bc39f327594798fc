//! The page of the book that lists every command and option, made of their declarations.
//!
//! `BLESS=1 cargo test -p deadheat-cli args::page` writes it anew.

use super::declaration;
use clap::{Arg, ArgAction, Command};
use std::fmt::Write;

const PAGE: &str = "../docs/book/src/reference/options.md";

const HEAD: &str = "\
# Commands and options

<!-- Made of the declarations in cli/src/args/: BLESS=1 cargo test -p deadheat-cli args::page -->

`deadheat COMMAND --help` says what stands here, `deadheat man DIR` writes it as manual pages, and
`deadheat completions SHELL` prints what a shell completes it by:

```console
$ deadheat man man1
deadheat: the manual pages are in man1
$ ls man1
deadheat-analyze.1
deadheat-baseline.1
deadheat-build.1
deadheat-completions.1
deadheat-doctor.1
deadheat-explain.1
deadheat-init.1
deadheat-man.1
deadheat-merge.1
deadheat-report.1
deadheat-run.1
deadheat-test.1
deadheat-trace-export.1
deadheat-trace-import.1
deadheat-trace.1
deadheat.1
$ deadheat completions bash > deadheat.bash
```

As a subcommand of cargo's it is `cargo deadheat COMMAND`. The exit codes are [here](configuration.md#exit-codes).
";

fn page() -> String {
    let mut page = HEAD.to_owned();
    for command in declaration().get_subcommands() {
        section(command, "deadheat", &mut page);
    }
    page
}

fn section(command: &Command, parent: &str, page: &mut String) {
    let name = format!("{parent} {}", command.get_name());
    let about = command.get_long_about().or(command.get_about()).unwrap();
    let usage = command.clone().bin_name(&name).render_usage().to_string();
    let usage = usage.strip_prefix("Usage: ").unwrap();
    write!(page, "\n## {name}\n\n{about}\n\n`{usage}`\n").unwrap();
    let arguments: Vec<_> = command
        .get_arguments()
        .filter(|argument| argument.get_id() != "help")
        .collect();
    if !arguments.is_empty() {
        page.push_str("\n| option or argument | |\n|---|---|\n");
        for argument in arguments {
            writeln!(page, "| {} | {} |", spelled(argument), explained(argument)).unwrap();
        }
    }
    for command in command.get_subcommands() {
        section(command, &name, page);
    }
}

/// An option as it is typed, with the name of its value.
fn spelled(argument: &Arg) -> String {
    let takes_value = matches!(argument.get_action(), ArgAction::Set | ArgAction::Append);
    let values = argument.get_value_names().unwrap_or_default();
    let value = values
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(" ");
    let mut names = Vec::new();
    names.extend(argument.get_short().map(|short| format!("-{short}")));
    names.extend(argument.get_long().map(|long| format!("--{long}")));
    match (names.is_empty(), takes_value) {
        (true, _) => format!("`{}`", value.replace('|', "\\|")),
        (false, false) => format!("`{}`", names.join("`, `")),
        (false, true) => format!("`{} {value}`", names.join("`, `")),
    }
}

/// What an option does, its values, its default and its variable.
fn explained(argument: &Arg) -> String {
    let help = argument.get_long_help().or(argument.get_help()).unwrap();
    let mut text = help.to_string().replace('\n', " ").replace('|', "\\|");
    let values = argument.get_possible_values();
    let values = values.iter().filter(|value| !value.is_hide_set());
    for value in values {
        let help = value
            .get_help()
            .map_or_else(String::new, |help| format!(": {help}"));
        write!(text, "<br>`{}`{help}", value.get_name()).unwrap();
    }
    let defaults = argument.get_default_values();
    if let [default] = defaults
        && argument.get_action().takes_values()
    {
        write!(text, "<br>Default: `{}`", default.display()).unwrap();
    }
    if let Some(variable) = argument.get_env() {
        write!(text, "<br>Or in the environment: `{}`", variable.display()).unwrap();
    }
    text
}

#[test]
fn the_book_lists_every_option() {
    let found = page();
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(PAGE, &found).unwrap();
    }
    let there = std::fs::read_to_string(PAGE).unwrap_or_default();
    assert!(found == there, "{PAGE} has changed:\n{found}");
}
