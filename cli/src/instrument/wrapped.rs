//! A standard library that cannot be instrumented, because it carries no bitcode: where a program is linked,
//! its calls of those compiled functions that order threads are led to the run-time library, which calls the real
//! ones and tells what they order.
//!
//! The functions are found by their names in the archive, and a stub of machine code is made for each; the
//! linker's option `--wrap` does the rest. What is generic, or small, in the standard library is compiled with
//! the program, and has calls as its own code has.

use super::archive;
use super::cache::Cache;
use super::manifest::short_checksum;
use super::standard;
use super::tool;
use super::toolchain::Toolchain;
use crate::console;
use crate::error::UserError;
use crate::shown::Shown;
use object::{Object, ObjectSymbol};
use std::ffi::OsString;
use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::process::Command;

/// A function that orders threads, and what the run-time library has in front of it.
struct Function {
    /// Its name, without brackets.
    path: &'static str,
    front: &'static str,
}

const fn function(path: &'static str, front: &'static str) -> Function {
    Function { path, front }
}

/// Those that the run-time library knows.
const FUNCTIONS: [Function; 14] = [
    function(
        "std::sys::sync::mutex::futex::Mutex::lock_contended",
        "lock",
    ),
    function(
        "std::sys::sync::rwlock::futex::RwLock::read_contended",
        "read",
    ),
    function(
        "std::sys::sync::rwlock::futex::RwLock::write_contended",
        "write",
    ),
    function("std::sys::sync::condvar::futex::Condvar::wait", "condvar"),
    function(
        "std::sys::sync::condvar::futex::Condvar::wait_timeout",
        "condvar",
    ),
    function("std::sync::barrier::Barrier::wait", "barrier"),
    function("std::sys::sync::once::futex::Once::call", "once_call"),
    function("std::sync::once::Once::wait", "once_wait"),
    function("std::sync::once::Once::wait_force", "once_wait"),
    function("std::thread::thread::Thread::park", "park_handle"),
    function("std::thread::thread::Thread::park_timeout", "park_handle"),
    function("std::thread::functions::park", "park"),
    function("std::thread::functions::park_timeout", "park"),
    function(
        "std::thread::scoped::ScopeData::decrement_num_running_threads",
        "leave_scope",
    ),
];

/// What gives the calling thread's handle, for those that take none.
const CURRENT: &str = "std::thread::current::current";

/// What is lost, in words.
pub(crate) const LOST: &str = "accesses and atomics inside of its compiled functions are not seen, nor what functions of the C library \
     move or free: a race with one of those is not found, and what a program orders by nothing but one of them, as by the lock of \
     the standard output, is taken for unordered";

/// A function, and by which name the archive has it.
struct Found {
    function: &'static Function,
    symbol: String,
}

/// Arguments of rustc that link a program with the stubs, which are made where they are not there.
pub(crate) fn provide(cache: &Cache, toolchain: &Toolchain) -> Result<Vec<OsString>, UserError> {
    let (found, current) = functions(toolchain)?;
    let text = stubs(&found, current.as_deref());
    note(toolchain, &found);
    let commit = toolchain.short_commit();
    let name = format!("wrapped-{commit}-{}", short_checksum(&text));
    let folder = cache.provide(&name, |folder| make(&text, folder))?;
    let mut object = OsString::from("-Clink-arg=");
    object.push(folder.join(OBJECT));
    let wraps = found
        .iter()
        .map(|found| format!("-Clink-arg=-Wl,--wrap={}", found.symbol).into());
    Ok(std::iter::once(object).chain(wraps).collect())
}

const OBJECT: &str = "wrapped.o";

fn make(text: &str, folder: &Path) -> Result<(), UserError> {
    let source = folder.join("wrapped.s");
    fs::write(&source, text).map_err(|error| {
        let path = Shown::path(&source);
        UserError::new(format!("{path} cannot be written: {error}"))
    })?;
    let mut command = Command::new("cc");
    command
        .arg("-c")
        .arg(&source)
        .arg("-o")
        .arg(folder.join(OBJECT));
    tool::run(
        command,
        "the functions of the standard library cannot be wrapped",
    )
}

/// Says what is done in place of what was asked for.
fn note(toolchain: &Toolchain, found: &[Found]) {
    let release = &toolchain.release;
    let missing: Vec<_> = FUNCTIONS
        .iter()
        .filter(|function| {
            !found
                .iter()
                .any(|found| found.function.path == function.path)
        })
        .map(|function| function.path)
        .collect();
    console::note(format_args!(
        "the standard library of Rust {release} carries no bitcode to instrument; its functions that synchronise are \
         wrapped instead; {LOST}"
    ));
    if !missing.is_empty() {
        console::note(format_args!(
            "not wrapped, for it does not have them by these names: {}",
            missing.join(", ")
        ));
    }
}

/// The functions that the archive of `std` has, and the symbol of what gives the calling thread's handle.
fn functions(toolchain: &Toolchain) -> Result<(Vec<Found>, Option<String>), UserError> {
    let mut found = Vec::new();
    let mut current = None;
    for symbol in symbols(toolchain)? {
        let name = plain(&symbol);
        if name == CURRENT {
            current = Some(symbol);
        } else if let Some(function) = FUNCTIONS.iter().find(|function| function.path == name) {
            found.push(Found { function, symbol });
        }
    }
    if current.is_none() {
        found.retain(|found| found.function.front != "park");
    }
    found.sort_by(|a, b| a.symbol.cmp(&b.symbol));
    Ok((found, current))
}

/// The functions that the archive of `std` gives to others, as the linker knows them.
fn symbols(toolchain: &Toolchain) -> Result<Vec<String>, UserError> {
    let path = standard::path(toolchain)?;
    let members = archive::read(&path).map_err(|error| standard::unread(&path, &error))?;
    let mut symbols = Vec::new();
    for member in &members {
        let Ok(object) = object::File::parse(member.data.as_slice()) else {
            continue;
        };
        let functions = object
            .symbols()
            .filter(|symbol| symbol.is_global() && symbol.is_definition());
        symbols.extend(functions.filter_map(|symbol| Some(symbol.name().ok()?.to_owned())));
    }
    Ok(symbols)
}

/// A name as in the source, without hashes and brackets.
fn plain(symbol: &str) -> String {
    let name = format!("{:#}", rustc_demangle::demangle(symbol));
    name.replace(['<', '>'], "")
}

/// Machine code that stands in front of each function. It hands on the arguments, of which there are four
/// at most, and adds where it was called from, and the real function.
fn stubs(found: &[Found], current: Option<&str>) -> String {
    let mut text = String::from("\t.text\n");
    for Found { function, symbol } in found {
        let front = function.front;
        let handle = match current {
            Some(current) if front == "park" => {
                format!("\tmovq {current}@GOTPCREL(%rip), %rcx\n")
            }
            _ => String::new(),
        };
        let _ = write!(
            text,
            "\t.globl __wrap_{symbol}\n\t.type __wrap_{symbol}, @function\n__wrap_{symbol}:\n{handle}\
             \tmovq (%rsp), %r8\n\tmovq __real_{symbol}@GOTPCREL(%rip), %r9\n\tjmp __deadheat_std_{front}@PLT\n"
        );
    }
    // Called before the program begins.
    text.push_str("\t.section .init_array,\"aw\",@init_array\n\t.p2align 3\n\t.quad __deadheat_std_is_wrapped\n");
    text.push_str("\t.section .note.GNU-stack,\"\",@progbits\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_without_what_a_compiler_adds() {
        let new = "_RNvMNtNtNtNtCs7xSEq7lDcB7_3std3sys4sync5mutex5futexNtB2_5Mutex14lock_contended";
        let old = "_ZN3std3sys4sync5mutex5futex5Mutex14lock_contended17h0123456789abcdefE";
        for symbol in [new, old] {
            assert_eq!(plain(symbol), FUNCTIONS[0].path, "{symbol}");
        }
    }

    #[test]
    fn this_compilers_standard_library_has_all() {
        let toolchain = Toolchain::of(Path::new(".")).unwrap();
        let (found, current) = functions(&toolchain).unwrap();
        let paths: Vec<_> = found.iter().map(|found| found.function.path).collect();
        for function in &FUNCTIONS {
            assert!(
                paths.contains(&function.path),
                "{} of {paths:?}",
                function.path
            );
        }
        assert!(current.is_some());
    }
}
