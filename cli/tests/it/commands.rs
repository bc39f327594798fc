//! Usage, names and help texts.

use crate::cli::{cargo_deadheat, deadheat, end};

#[test]
fn both_programs_use_the_name_that_was_typed() {
    let help = end(&mut deadheat(), &["test", "--help"]);
    help.expect(0, &[]);
    assert!(help.out.contains("Usage: deadheat test [OPTIONS]"));
    let help = end(&mut cargo_deadheat(), &["test", "--help"]);
    help.expect(0, &[]);
    assert!(help.out.contains("Usage: cargo deadheat test [OPTIONS]"));
    end(&mut cargo_deadheat(), &["test", "--seed", "x"]).expect(2, &["--seed"]);
    end(&mut cargo_deadheat(), &["run"]).expect(2, &["Usage: cargo deadheat run"]);
}

#[test]
fn every_help_text_lists_the_exit_codes() {
    for command in [&["--help"][..], &["test", "--help"], &["run", "--help"]] {
        let help = end(&mut deadheat(), command);
        help.expect(0, &[]);
        assert!(help.out.contains("  66  data races were found"));
    }
}

#[test]
fn the_help_of_test_tells_of_cargos_options() {
    let help = end(&mut deadheat(), &["test", "--help"]);
    for words in ["given to cargo", "--manifest-path", "DEADHEAT variable"] {
        assert!(help.out.contains(words), "{}", help.out);
    }
}

#[test]
fn wrong_usage_is_refused() {
    end(&mut deadheat(), &[] as &[&str]).expect(2, &["Usage: deadheat <COMMAND>"]);
    end(&mut deadheat(), &["tset"]).expect(2, &["'tset'", "'test'"]);
    end(&mut deadheat(), &["--fast", "test"]).expect(2, &["'--fast'"]);
    end(&mut deadheat(), &["run", "--fast", "--", "true"]).expect(2, &["'--fast'"]);
    end(&mut deadheat(), &["run", "true"]).expect(2, &["-- <PROGRAM>"]);
    let both = ["test", "--no-fail-fast", "--fail-fast"];
    end(&mut deadheat(), &both).expect_one_error(&["contradict"]);
}
