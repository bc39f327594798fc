//! The table of programs as plain Rust, with atomics and fences of the standard library.
//!
//! `cli/tests/it/litmus/` has what runs it under `--instrument`, every step when its turn comes.

use super::program::{Place, Program, Question, Register, Step, Value};
use super::table::{Cell, Verdict, table};
use std::fmt::{self, Write};

const HEAD: &str = "\
// Made by detector/oracle/src/litmus/source.rs from the programs in table.rs.
//
// SAFETY, of all below: each place lies within memory of the program's, is aligned for its type, and is not
// used after it was freed. Some race: that is what they are for.

use super::{Cell, Held, Memory, Turn};
use std::sync::atomic::Ordering::*;
use std::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, fence};

";

/// The memory of all places begins here.
const START: usize = 0x1000;

/// The text of a module that has every program which the standard library has atomics for: a function of what
/// each thread does, and `CELLS`, which lists them.
#[must_use]
pub fn source() -> String {
    let mut source = String::from(HEAD);
    let mut list = String::new();
    for litmus in table() {
        for cell in litmus.cells.iter().filter(|cell| is_expressible(cell)) {
            let name = name(litmus.title, cell.variant);
            write_cell(&mut source, &name, cell).expect("a string takes all");
            let threads = cell.program.threads.len();
            let racy = cell.verdict == Verdict::Racy;
            writeln!(
                list,
                "    Cell {{ name: \"{name}\", threads: {threads}, racy: {racy}, run: {name} }},"
            )
            .expect("a string takes all");
        }
    }
    write!(source, "pub const CELLS: &[Cell] = &[\n{list}];\n").expect("a string takes all");
    source
}

/// Whether the standard library has atomics for all of it: it has none of 16 bytes.
fn is_expressible(cell: &Cell) -> bool {
    fn all(steps: &[Step]) -> bool {
        steps.iter().all(|step| match step {
            Step::Load(_, place, _)
            | Step::Store(place, ..)
            | Step::Add(_, place, ..)
            | Step::Swap(_, place, ..)
            | Step::Exchange(_, place, ..) => place.bytes().1 <= 8,
            Step::If(_, yes, no) => all(yes) && all(no),
            _ => true,
        })
    }
    let Program {
        before,
        threads,
        after,
    } = &cell.program;
    all(before) && threads.iter().all(|steps| all(steps)) && all(after)
}

/// A function's name, of two texts.
fn name(title: &str, variant: &str) -> String {
    let words = format!("{title} {variant}").to_lowercase();
    let words: Vec<_> = words
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    format!("cell_{}", words.join("_"))
}

/// A function of what each thread does: 0 is the main one before the others, and the one after the last is
/// the main one after them.
fn write_cell(out: &mut String, name: &str, cell: &Cell) -> fmt::Result {
    let Program {
        before,
        threads,
        after,
    } = &cell.program;
    writeln!(out, "// {}", cell.why)?;
    writeln!(
        out,
        "#[allow(unused_assignments, unused_mut, unused_variables)]"
    )?;
    writeln!(out, "fn {name}(m: &Memory, turn: &Turn, thread: usize) {{")?;
    writeln!(
        out,
        "    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);"
    )?;
    writeln!(out, "    match thread {{")?;
    let all = std::iter::once(before)
        .chain(threads)
        .chain(std::iter::once(after));
    for (number, steps) in all.enumerate() {
        writeln!(out, "        {number} => {{")?;
        write_steps(out, steps, 3)?;
        writeln!(out, "        }}")?;
    }
    writeln!(
        out,
        "        _ => unreachable!(),\n    }}\n    turn.over();\n}}\n"
    )
}

fn write_steps(out: &mut String, steps: &[Step], depth: usize) -> fmt::Result {
    let indent = "    ".repeat(depth);
    for step in steps {
        if let Step::If(question, yes, no) = step {
            writeln!(out, "{indent}if {} {{", asked(*question))?;
            write_steps(out, yes, depth + 1)?;
            if !no.is_empty() {
                writeln!(out, "{indent}}} else {{")?;
                write_steps(out, no, depth + 1)?;
            }
            writeln!(out, "{indent}}}")?;
            continue;
        }
        let locks = matches!(step, Step::Lock(_));
        writeln!(out, "{indent}turn.wait({locks});")?;
        writeln!(out, "{indent}{};", statement(step))?;
    }
    Ok(())
}

fn asked(question: Question) -> String {
    match question {
        Question::Is(Register(r), value) => format!("{r} == {value}"),
        Question::IsEven(Register(r)) => format!("{r} % 2 == 0"),
        Question::AreSame(Register(one), Register(other)) => format!("{one} == {other}"),
    }
}

fn value(value: Value) -> String {
    match value {
        Value::Is(value) => value.to_string(),
        Value::Of(Register(r)) => r.to_owned(),
        Value::OneMoreThan(Register(r)) => format!("({r} + 1)"),
    }
}

fn int(place: Place) -> &'static str {
    match place.bytes().1 {
        1 => "u8",
        4 => "u32",
        8 => "u64",
        16 => "u128",
        len => unreachable!("no place has {len} bytes"),
    }
}

fn pointer(place: Place) -> String {
    format!("m.at::<{}>({:#x})", int(place), place.bytes().0 - START)
}

fn atomic(place: Place) -> String {
    let kind = int(place).to_uppercase();
    format!("Atomic{kind}::from_ptr({})", pointer(place))
}

fn statement(step: &Step) -> String {
    match *step {
        Step::Read(Register(r), place) => {
            format!("{r} = unsafe {{ *{} }} as u64", pointer(place))
        }
        Step::Write(place, v) => {
            let (to, v, int) = (pointer(place), value(v), int(place));
            format!("unsafe {{ *{to} = {v} as {int} }}")
        }
        Step::Load(Register(r), place, o) => {
            format!("{r} = unsafe {{ {} }}.load({o:?}) as u64", atomic(place))
        }
        Step::Store(place, v, o) => {
            let (to, v, int) = (atomic(place), value(v), int(place));
            format!("unsafe {{ {to} }}.store({v} as {int}, {o:?})")
        }
        Step::Add(Register(r), place, u64::MAX, o) => {
            format!(
                "{r} = unsafe {{ {} }}.fetch_sub(1, {o:?}) as u64",
                atomic(place)
            )
        }
        Step::Add(Register(r), place, n, o) => {
            format!(
                "{r} = unsafe {{ {} }}.fetch_add({n}, {o:?}) as u64",
                atomic(place)
            )
        }
        Step::Swap(Register(r), place, v, o) => {
            let (at, v, int) = (atomic(place), value(v), int(place));
            format!("{r} = unsafe {{ {at} }}.swap({v} as {int}, {o:?}) as u64")
        }
        Step::Exchange(Register(r), place, [from, to], [o, failure]) => {
            let (at, from, to, int) = (atomic(place), value(from), value(to), int(place));
            format!(
                "{r} = match unsafe {{ {at} }}.compare_exchange({from} as {int}, {to} as {int}, {o:?}, {failure:?}) \
                 {{ Ok(old) | Err(old) => old as u64 }}"
            )
        }
        Step::Fence(o) => format!("fence({o:?})"),
        Step::Lock(_) => "held = Some(m.lock())".to_owned(),
        Step::Unlock(_) => "m.unlock(held.take())".to_owned(),
        Step::Free(place) => {
            assert_eq!(place.bytes().0, START, "it is freed whole");
            "m.free()".to_owned()
        }
        Step::If(..) => unreachable!("it has steps of its own"),
    }
}
