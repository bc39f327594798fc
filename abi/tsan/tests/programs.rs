//! Small programs in C, compiled by `clang` and by `gcc`, whichever are there, with their
//! `-fsanitize=thread`, and linked with this library.
//!
//! Each in `programs/` runs twice. As it is, nothing is reported. With an argument, its two
//! threads are not ordered, and a race is reported between its functions `earlier` and `later`, with the
//! stacks of both. Those in `clean/` run once, and nothing is reported. The one in `origins/` has a race in memory of
//! every kind, and reports tell of which; another is in C++; the one in `meant/` has one that its author means, and
//! that in `deep/` more call stacks than are kept.
#![cfg(all(target_os = "linux", target_arch = "x86_64", target_env = "gnu"))]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;
use std::{env, fs};

fn here() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[track_caller]
fn run(command: &mut Command) -> Output {
    let output = command.output();
    output.unwrap_or_else(|error| panic!("{command:?}: {error}"))
}

#[track_caller]
fn succeed(command: &mut Command) -> String {
    let output = run(command);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{command:?}: {}\n{stderr}",
        output.status
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The library, put together as `assemble.sh` does.
fn library() -> &'static Path {
    static LIBRARY: OnceLock<PathBuf> = OnceLock::new();
    LIBRARY.get_or_init(|| {
        let cargo = env::var_os("CARGO").unwrap_or("cargo".into());
        let mut build = Command::new(cargo);
        build.args(["build", "--profile", "library", "-p", "deadheat-tsan"]);
        succeed(build.current_dir(here()));
        let object = succeed(&mut Command::new(here().join("assemble.sh")));
        here().join("../..").join(object.trim())
    })
}

/// The compilers that are there. At least one must be.
fn compilers() -> Vec<&'static str> {
    let is_there = |name: &&str| {
        let version = Command::new(name).arg("--version").output();
        version.is_ok_and(|output| output.status.success())
    };
    let found: Vec<_> = ["clang", "gcc"].into_iter().filter(is_there).collect();
    assert!(!found.is_empty(), "these tests need clang or gcc");
    found
}

/// Compiles `source` to `program`; what ends in `.cc` as C++.
fn compile(compiler: &str, source: &Path, program: &Path, options: &[&str]) {
    let is_cpp = source.extension().is_some_and(|name| name == "cc");
    let compiler = match compiler {
        "clang" if is_cpp => "clang++",
        "gcc" if is_cpp => "g++",
        _ => compiler,
    };
    let object = program.with_extension("o");
    let flags = [
        "-fsanitize=thread",
        "-g",
        "-O1",
        "-mcx16",
        "-Wall",
        "-Wextra",
    ];
    let mut volatile = vec![];
    match compiler {
        "clang" | "clang++" => volatile.extend(["-mllvm", "-tsan-distinguish-volatile"]),
        _ => volatile.extend(["--param", "tsan-distinguish-volatile=1", "-Wno-tsan"]),
    }
    let mut command = Command::new(compiler);
    command.args(flags).args(volatile).args(options);
    succeed(command.arg("-c").arg(source).arg("-o").arg(&object));
    if options.contains(&"-shared") {
        let mut command = Command::new(compiler);
        succeed(command.arg("-shared").arg(&object).arg("-o").arg(program));
        return;
    }
    let mut command = Command::new(compiler);
    command.arg(&object).arg(library()).arg("-o").arg(program);
    command.args([
        "-Wl,--export-dynamic-symbol=__tsan_*",
        "-pthread",
        "-ldl",
        "-lm",
    ]);
    succeed(&mut command);
}

/// The program of one of the sources beside this one, compiled into `folder`.
fn built(folder: &tempfile::TempDir, compiler: &str, source: &str) -> PathBuf {
    let program = folder.path().join(compiler);
    compile(compiler, &here().join("tests").join(source), &program, &[]);
    program
}

/// What a program has said, and the races that it has reported: each as the functions in which
/// its accesses are, and as it stands in the log.
struct Ran {
    output: Output,
    races: Vec<[String; 2]>,
    records: Vec<serde_json::Value>,
    /// How often an access was found to race, as the log says at its end.
    counted: u64,
}

impl Ran {
    fn describe(&self) -> String {
        let stderr = String::from_utf8_lossy(&self.output.stderr);
        format!("{}, races {:?}\n{stderr}", self.output.status, self.races)
    }
}

fn detect(program: &Path, arguments: &[&str]) -> Ran {
    detect_with(program, arguments, "")
}

/// With further `settings`, each after a comma.
fn detect_with(program: &Path, arguments: &[&str], settings: &str) -> Ran {
    let log = program.with_extension("jsonl");
    let mut command = Command::new("timeout");
    command.arg("60").arg(program).args(arguments);
    command.env(
        "DEADHEAT",
        format!("detect=on,log={}{settings}", log.display()),
    );
    let output = run(&mut command);
    let text = fs::read_to_string(&log).unwrap_or_default();
    let _ = fs::remove_file(&log);
    let (mut races, mut records, mut counted) = (Vec::new(), Vec::new(), 0);
    for line in text.lines() {
        let record: serde_json::Value = serde_json::from_str(line).expect("lines are JSON");
        if record["type"] == "race" {
            let function = |access: &str| {
                let stack = &record[access]["stack"];
                stack[0]["function"].as_str().unwrap_or_default().to_owned()
            };
            races.push([function("current"), function("previous")]);
            records.push(record);
        } else {
            counted += record["races"].as_u64().unwrap_or_default();
        }
    }
    Ran {
        output,
        races,
        records,
        counted,
    }
}

fn sources(folder: &str, extensions: &[&str]) -> Vec<PathBuf> {
    let entries = fs::read_dir(here().join("tests").join(folder)).expect("the folder is there");
    let mut sources: Vec<_> = entries.map(|entry| entry.expect("a file").path()).collect();
    sources.retain(|path| {
        let extension = path.extension().and_then(|extension| extension.to_str());
        extension.is_some_and(|extension| extensions.contains(&extension))
    });
    sources.sort();
    sources
}

/// What is wrong with a program that runs ordered, then not.
fn check_pair(compiler: &str, source: &Path, folder: &Path) -> Result<(), String> {
    let name = source.file_stem().expect("a name").to_string_lossy();
    let program = folder.join(format!("{name}-{compiler}"));
    compile(compiler, source, &program, &[]);
    let ordered = detect(&program, &[]);
    if !ordered.output.status.success() || !ordered.races.is_empty() {
        return Err(format!(
            "{name} ({compiler}), ordered: {}",
            ordered.describe()
        ));
    }
    let racy = detect(&program, &["racy"]);
    let mut named = racy.races.clone();
    named.iter_mut().for_each(|race| race.sort());
    if racy.output.status.code() != Some(66) || !named.contains(&["earlier".into(), "later".into()])
    {
        return Err(format!("{name} ({compiler}), racy: {}", racy.describe()));
    }
    Ok(())
}

#[test]
fn races_are_found_where_nothing_orders_and_only_there() {
    let folder = tempfile::tempdir().expect("a folder");
    let sources = sources("programs", &["c"]);
    assert!(sources.len() >= 50, "{}", sources.len());
    let mut wrong = Vec::new();
    for compiler in compilers() {
        for source in &sources {
            wrong.extend(check_pair(compiler, source, folder.path()).err());
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {}:\n{}",
        wrong.len(),
        sources.len(),
        wrong.join("\n")
    );
}

#[test]
fn what_is_no_race_is_not_reported_and_breaks_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut wrong = Vec::new();
    for compiler in compilers() {
        for source in sources("clean", &["c", "cc"]) {
            let name = source.file_stem().expect("a name").to_string_lossy();
            let program = folder.path().join(format!("{name}-{compiler}"));
            let plugin = folder.path().join(format!("{name}-{compiler}.so"));
            let mut arguments = vec![];
            if name == "plugin" {
                let options = ["-DPLUGIN", "-fPIC", "-shared"];
                compile(compiler, &source, &plugin, &options);
                arguments.push(plugin.to_str().expect("a path"));
            }
            compile(compiler, &source, &program, &[]);
            let ran = detect(&program, &arguments);
            if !ran.output.status.success() || !ran.races.is_empty() {
                wrong.push(format!("{name} ({compiler}): {}", ran.describe()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn reports_tell_where_memory_was_allocated_and_which_variable_it_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let allocating = [
        "malloc",
        "calloc",
        "aligned_alloc",
        "posix_memalign",
        "realloc",
        "again",
    ];
    for compiler in compilers() {
        let program = built(&folder, compiler, "origins/memory.c");
        for kind in allocating {
            let ran = detect(&program, &[kind]);
            let location = &ran.records[0]["location"];
            let allocated = &location["allocated"];
            let functions = [&allocated["stack"][0], &allocated["stack"][1]];
            let functions = functions.map(|frame| frame["function"].as_str());
            assert_eq!(
                functions,
                [Some("give"), Some("main")],
                "{kind} ({compiler}): {}",
                ran.describe()
            );
            assert_eq!(allocated["goroutine"], 1, "{kind} ({compiler})");
            assert!(location["cell"].is_null(), "{kind} ({compiler})");
            let text = String::from_utf8_lossy(&ran.output.stderr);
            assert!(
                text.contains("\nAllocated by main thread at:\n  give()\n"),
                "{text}"
            );
        }
        let ran = detect(&program, &["variable"]);
        let location = &ran.records[0]["location"];
        assert_eq!(
            location["cell"],
            "static variable",
            "{compiler}: {}",
            ran.describe()
        );
        assert!(location["allocated"].is_null(), "{compiler}");
    }
}

#[test]
fn a_race_that_is_meant_is_neither_reported_nor_counted_unless_that_is_asked_for() {
    let folder = tempfile::tempdir().expect("a folder");
    for compiler in compilers() {
        let program = built(&folder, compiler, "meant/steal.c");
        let ran = detect(&program, &[]);
        assert_eq!(ran.output.status.code(), Some(0), "{}", ran.describe());
        assert_eq!(
            (ran.records.len(), ran.counted),
            (0, 0),
            "{}",
            ran.describe()
        );
        let ran = detect_with(&program, &[], ",intentional=report");
        assert_eq!(ran.output.status.code(), Some(66), "{}", ran.describe());
        assert_eq!(ran.records.len(), 1, "{}", ran.describe());
        assert!(ran.counted > 1, "{}", ran.counted);
    }
}

#[test]
fn functions_of_cpp_have_the_names_of_their_source() {
    let folder = tempfile::tempdir().expect("a folder");
    for compiler in compilers() {
        let program = built(&folder, compiler, "origins/method.cc");
        let ran = detect(&program, &[]);
        let add = "Till::add(long)".to_owned();
        assert_eq!(ran.races[0], [add.clone(), add], "{}", ran.describe());
    }
}

#[test]
fn a_stack_says_where_rounds_of_a_recursion_are_left_out() {
    let folder = tempfile::tempdir().expect("a folder");
    for compiler in compilers() {
        let program = built(&folder, compiler, "deep/ways.c");
        let ran = detect(&program, &[]);
        assert_eq!(ran.records.len(), 1, "{compiler}: {}", ran.describe());
        for side in ["current", "previous"] {
            let stack = ran.records[0][side]["stack"].as_array().expect("frames");
            let functions: Vec<_> = stack
                .iter()
                .map(|frame| frame["function"].as_str())
                .collect();
            let (innermost, outermost) = (&functions[..2], functions.last());
            assert_eq!(innermost, [Some("touch"), Some("down")], "{compiler}");
            assert_eq!(outermost, Some(&Some("work")), "{compiler}");
            let left_out = Some("<rounds of a recursion, left out>");
            assert!(functions.contains(&left_out), "{compiler}: {functions:?}");
        }
    }
}
