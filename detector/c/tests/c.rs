//! The interface as C sees it: a program that drives it, and the header against this crate.

use deadheat_c::access::Race;
use deadheat_c::engine::{Footprint, Limits};
use deadheat_c::source::RawSource;
use deadheat_c::sync::{Effect, LOADED, ORDERINGS, STORED, UPDATED};
use deadheat_c::thread::{THREAD_ALIGN, THREAD_BYTES};
use deadheat_engine::access::AccessKind;
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::mem::{align_of, offset_of, size_of};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::Ordering;
use std::{env, fs};

/// What `tests/race.c` prints.
#[cfg(unix)]
const EXPECTED: &str = "\
mallocs of a new engine: 1
a race: 1
  bytes 0+8, earlier write by 11, stack 0x300 0x200 0x100
other labels: 2
  bytes 8+4, earlier write by 22, stack
  bytes 8+4, earlier write by 11, stack 0x500
a lock: 0
another lock: 1
  bytes 0+8, earlier write by 11, stack 0x1
two releases: 0
release, acquire: 0
sequentially consistent, consume: 0
release, relaxed: 1
  bytes 0+8, earlier write by 11, stack 0x1
relaxed, acquire: 1
  bytes 0+8, earlier write by 11, stack 0x1
relaxed between fences: 0
a compare-exchange that fails: 1
  bytes 0+8, earlier write by 11, stack 0x1
a compare-exchange that succeeds: 0
an atomic and a plain one: 1
  bytes 256+2, earlier write by 11, stack 0x1
a plain and an atomic one: 1
  bytes 258+1, earlier atomic write by 22, stack 0x2
two atomic ones: 0
edges only: 0
neighbours: 0
four bytes in eight: 1
  bytes 2+4, earlier write by 11, stack 0x1
wide ones: 3
  bytes 4+12, earlier write by 11, stack 0x1
  bytes 16+12, earlier write by 11, stack 0x1, dependent
  bytes 64+1, earlier write by 11, stack 0x2, dependent
edges of the address space: 0
reset: 0
not reset: 2
  bytes 0+8, earlier write by 11, stack 0x1
  bytes 40+24, earlier write by 11, stack 0x1
moved: 0
mallocs since: 0
mallocs of a new engine: 1
forgotten: 100, sum 14950; running 3, ended 0, free 100
joined threads: 0
mallocs since: 0
mallocs of a new engine: 1
few call stacks: 3
  bytes 0+8, earlier write by 11, stack 0x1
  bytes 8+8, earlier write by 11, stack 0x1
  bytes 16+8, earlier write by 11, stack
mallocs since: 0
mallocs of a new engine: 1
without memory: 0
mallocs since: 0
mallocs of a new engine: 1
real threads: 3 races, 0 of them elsewhere, 0 after all ended
mallocs since: 0
";

fn here() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Where this test's own files go.
fn scratch(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

/// The static library that was built together with this test.
///
/// Cargo makes it whenever it makes the library that this test links, in the directory of this
/// test's executable. There may be others, of other flags: the latest is this build's.
#[cfg(unix)]
fn library() -> PathBuf {
    let executable = env::current_exe().expect("a test knows its executable");
    let directory = executable.parent().expect("a test lies in a directory");
    let is_library = |path: &PathBuf| {
        let name = path.file_name().and_then(OsStr::to_str).unwrap_or_default();
        name.starts_with("libdeadheat_c-") && name.ends_with(".a")
    };
    let made = |path: &PathBuf| path.metadata().and_then(|data| data.modified()).ok();
    fs::read_dir(directory)
        .expect("a test can read its own directory")
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(is_library)
        .max_by_key(made)
        .unwrap_or_else(|| panic!("no static library of deadheat-c in {}", directory.display()))
}

/// Compiles with the warnings of the header's users; panics with what the compiler says.
fn compile(arguments: &[&OsStr]) {
    let compiler = env::var_os("CC").unwrap_or_else(|| "cc".into());
    let output = Command::new(&compiler)
        .args(["-std=c11", "-Wall", "-Wextra", "-Werror", "-g", "-O1", "-I"])
        .arg(here().join("include"))
        .args(arguments)
        .output()
        .unwrap_or_else(|error| {
            panic!(
                "a C compiler is needed, and {compiler:?} does not run: {error}. Name one in CC."
            )
        });
    assert!(
        output.status.success(),
        "{compiler:?} {arguments:?}:\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

// The program uses the threads and the mappings of POSIX.
#[cfg(unix)]
#[test]
fn a_program_in_c_is_told_of_its_races() {
    let program = scratch("race");
    let source = here().join("tests/race.c");
    let library = library();
    let mut arguments: Vec<&OsStr> = vec![
        source.as_ref(),
        library.as_ref(),
        "-o".as_ref(),
        program.as_ref(),
        "-pthread".as_ref(),
        // The program's malloc is not to be taken for the one that the compiler knows.
        "-fno-builtin".as_ref(),
    ];
    if cfg!(target_os = "linux") {
        arguments.extend(["-ldl", "-lm"].map(OsStr::new));
    }
    compile(&arguments);
    let output = Command::new(&program).output().expect("the program runs");
    let printed = String::from_utf8_lossy(&output.stdout);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{}:\n{printed}{said}",
        output.status
    );
    assert_eq!(said, "");
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(lines(&printed), lines(EXPECTED));
}

/// Equations between what the header says and what this crate says.
fn facts() -> Vec<(String, usize)> {
    let mut facts = vec![
        ("sizeof(dh_thread)".to_owned(), THREAD_BYTES),
        ("_Alignof(dh_thread)".to_owned(), THREAD_ALIGN),
        ("sizeof(dh_node)".to_owned(), size_of::<u32>()),
        ("sizeof(bool)".to_owned(), size_of::<bool>()),
        ("sizeof(size_t)".to_owned(), size_of::<usize>()),
    ];
    let mut fact = |name: String, value| facts.push((name, value));
    macro_rules! structs {
        ($($name:literal is $rust:ident { $($field:ident),+ })+) => {$(
            fact(format!("sizeof({})", $name), size_of::<$rust>());
            fact(format!("_Alignof({})", $name), align_of::<$rust>());
            $(
                let field = stringify!($field);
                fact(format!("offsetof({}, {field})", $name), offset_of!($rust, $field));
                fact(
                    format!("sizeof((({} *)0)->{field})", $name),
                    size_of_field(|value: &$rust| &raw const value.$field),
                );
            )+
            // Every field of the Rust side is named: the pattern would not compile otherwise.
            let _ = |$rust { $($field: _),+ }: $rust| ();
        )+};
    }
    structs! {
        "dh_source" is RawSource { map, unmap, discard, relax }
        "dh_limits" is Limits { nodes, contexts }
        "dh_footprint" is Footprint {
            shadow, nodes, nodes_in_use, threads, running, ended, free, lost, contexts, shortened
        }
        "dh_race" is Race {
            address, size, previous_label, previous_time, previous_index, previous_node,
            previous_kind, dependent
        }
        "dh_effect" is Effect { action, ordering }
    }
    for (name, kind) in [
        ("DH_READ", AccessKind::Read),
        ("DH_WRITE", AccessKind::Write),
        ("DH_ATOMIC_READ", AccessKind::AtomicRead),
        ("DH_ATOMIC_WRITE", AccessKind::AtomicWrite),
    ] {
        fact(name.to_owned(), kind as usize);
    }
    for (name, action) in [
        ("DH_LOADED", LOADED),
        ("DH_STORED", STORED),
        ("DH_UPDATED", UPDATED),
    ] {
        fact(name.to_owned(), action as usize);
    }
    let names = [
        ("RELAXED", Ordering::Relaxed),
        ("CONSUME", Ordering::Acquire),
        ("ACQUIRE", Ordering::Acquire),
        ("RELEASE", Ordering::Release),
        ("ACQ_REL", Ordering::AcqRel),
        ("SEQ_CST", Ordering::SeqCst),
    ];
    for (place, ((name, meant), (number, ordering))) in names.into_iter().zip(ORDERINGS).enumerate()
    {
        assert_eq!((place, meant), (number as usize, ordering), "{name}");
        fact(format!("DH_{name}"), place);
        // Compilers for C give these numbers a name.
        fact(format!("__ATOMIC_{name}"), place);
    }
    facts
}

fn size_of_field<S, F>(_: impl FnOnce(&S) -> *const F) -> usize {
    size_of::<F>()
}

#[test]
fn the_header_says_what_this_crate_says() {
    let asserts = facts().into_iter().map(|(left, right)| {
        format!("_Static_assert({left} == {right}, \"{left} is {right} to Rust\");\n")
    });
    let program: String = ["#include \"deadheat.h\"\n".to_owned()]
        .into_iter()
        .chain(asserts)
        .collect();
    let source = scratch("header.c");
    fs::write(&source, program).expect("the test's directory is there");
    compile(&[
        "-fsyntax-only".as_ref(),
        "-pedantic".as_ref(),
        source.as_ref(),
    ]);
}

/// Functions and how many parameters each has, where `text` has `before` their name.
fn functions(text: &str, before: &str) -> BTreeSet<(String, usize)> {
    let mut found = BTreeSet::new();
    for (at, before) in text.match_indices(before) {
        let Some((name, rest)) = text[at + before.len()..].split_once('(') else {
            continue;
        };
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let (Some((parameters, _)), true) = (rest.split_once(')'), name.chars().all(is_name))
        else {
            continue;
        };
        let parameters = parameters.split(',').filter(|p| !p.trim().is_empty());
        found.insert((format!("dh_{name}"), parameters.count()));
    }
    found
}

#[test]
fn the_header_declares_every_function() {
    let read = |path: &Path| fs::read_to_string(path).expect("the crate's own sources");
    let defined = fs::read_dir(here().join("src"))
        .expect("the crate's own sources")
        .map(|entry| read(&entry.expect("a file").path()))
        .flat_map(|text| functions(&text, "extern \"C\" fn dh_"))
        .collect::<BTreeSet<_>>();
    let header = read(&here().join("include/deadheat.h"));
    let (_, declarations) = header
        .split_once("/* ---- Engines")
        .expect("the header has its parts");
    // Without comments, what begins with the prefix and has parameters is a declaration.
    let code: String = declarations
        .split("/*")
        .map(|part| part.split_once("*/").map_or("", |(_, code)| code))
        .collect();
    let declared = functions(&code.replace("*dh_", " dh_"), " dh_");
    assert!(defined.len() > 25, "{defined:?}");
    assert_eq!(declared, defined);
}
