//! Flags of the compiler that cannot be had together with instrumentation.
//!
//! They come from `RUSTFLAGS`, from a configuration of cargo's, or from a build script; all of them
//! pass by the [wrapper](super::wrapper), which looks at them.

use crate::error::UserError;

/// A flag that is refused.
struct Rule {
    /// How the argument begins, in the form without a space.
    flag: &'static str,
    /// What its value has in it.
    holds: &'static str,
    /// Why it cannot be, and what to do.
    why: &'static str,
}

const SANITIZER: &str =
    "it brings a sanitizer of its own, and a program can have only one: leave it out";

const RULES: [Rule; 8] = [
    Rule {
        flag: "-Zsanitizer=",
        holds: "",
        why: SANITIZER,
    },
    Rule {
        flag: "-Csanitizer=",
        holds: "",
        why: SANITIZER,
    },
    Rule {
        flag: "-Clink-arg",
        holds: "-fsanitize=",
        why: SANITIZER,
    },
    Rule {
        flag: "-Ctarget-feature=",
        holds: "+crt-static",
        why: "a program that is linked statically cannot have its memory and threads watched: leave +crt-static out",
    },
    Rule {
        flag: "-Cprefer-dynamic",
        holds: "",
        why: "the standard library's shared library is not instrumented: leave it out",
    },
    Rule {
        flag: "--sysroot",
        holds: "",
        why: "the standard library must be the instrumented one: leave it out",
    },
    Rule {
        flag: "-Zcodegen-backend=",
        holds: "",
        why: "only LLVM can instrument: leave it out",
    },
    Rule {
        flag: "-Cpanic=immediate-abort",
        holds: "",
        why: "it needs a standard library that is built for it: leave it out",
    },
];

/// The variables in which cargo's users give flags to the compiler.
const VARIABLES: [&str; 3] = [
    "CARGO_ENCODED_RUSTFLAGS",
    "RUSTFLAGS",
    "CARGO_BUILD_RUSTFLAGS",
];

/// Refuses an environment that asks for what cannot be.
pub(crate) fn check_environment() -> Result<(), UserError> {
    for name in VARIABLES {
        let value = std::env::var(name).unwrap_or_default();
        let words: Vec<_> = value.split([' ', '\u{1f}']).map(str::to_owned).collect();
        if let Some(conflict) = find(&words) {
            return Err(UserError::new(format!("{name}: {conflict}")));
        }
    }
    Ok(())
}

/// The first argument that cannot be, and why.
pub(crate) fn find(arguments: &[String]) -> Option<String> {
    let mut rest = arguments.iter().peekable();
    while let Some(argument) = rest.next() {
        // `-C name` is written as `-Cname`, and `--codegen name` is the same.
        let joined = match argument.as_str() {
            "-C" | "--codegen" => format!("-C{}", rest.peek().map_or("", |next| next.as_str())),
            "-Z" => format!("-Z{}", rest.peek().map_or("", |next| next.as_str())),
            _ => argument.replacen("--codegen=", "-C", 1),
        };
        let rule = RULES.iter().find(|rule| {
            let value = joined.strip_prefix(rule.flag);
            // As in `-C prefer-dynamic=no`.
            let off = |value: &str| matches!(value, "=no" | "=off" | "=n");
            value.is_some_and(|value| value.contains(rule.holds) && !off(value))
        });
        if let Some(rule) = rule {
            return Some(format!(
                "--instrument cannot be had with the compiler's flag {joined}: {}; it stands in RUSTFLAGS, \
                 in a configuration of cargo's, or comes from a build script",
                rule.why
            ));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        line.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn each_form_of_a_flag_is_found() {
        for line in [
            "a.rs -Zsanitizer=address",
            "a.rs -Z sanitizer=thread",
            "-C link-arg=-fsanitize=thread",
            "-Clink-args=-lm -fsanitize=thread",
            "--codegen link-args=-fsanitize=address",
            "-Ctarget-feature=+sse2,+crt-static",
            "--codegen=target-feature=+crt-static",
            "-C prefer-dynamic",
            "-Cprefer-dynamic=yes",
            "--sysroot=/x",
            "--sysroot /x",
        ] {
            let found = find(&words(line));
            assert_eq!(
                found.is_some(),
                line != "-Clink-args=-lm -fsanitize=thread",
                "{line}"
            );
        }
        let spaced = ["-Clink-args=-lm -fsanitize=thread".to_owned()];
        assert!(find(&spaced).unwrap().contains("a sanitizer of its own"));
    }

    #[test]
    fn others_pass() {
        let line = "a.rs -C opt-level=3 -Ctarget-cpu=native -C prefer-dynamic=no -Ctarget-feature=-crt-static \
                    -C link-arg=-fuse-ld=lld -Cllvm-args=-x -C";
        assert_eq!(find(&words(line)), None);
    }
}
