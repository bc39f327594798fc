//! Programs as data, and all their interleavings.

use crate::compare::compare;
use crate::event::{self as events, Word, word};
use deadheat_detector::event::Event;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::atomic::Ordering;

/// A variable: some bytes of memory.
#[derive(Clone, Copy)]
pub struct Place {
    /// What it is called on the page.
    pub name: &'static str,
    start: usize,
    len: usize,
}

impl Place {
    /// The `len` bytes from address `start`.
    pub const fn new(name: &'static str, start: usize, len: usize) -> Self {
        Self { name, start, len }
    }

    /// Its first byte, and how many there are.
    pub fn bytes(self) -> (usize, usize) {
        (self.start, self.len)
    }

    fn word(self) -> Word {
        word(self.start, self.len)
    }
}

/// What a thread remembers of what it read.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Register(pub(crate) &'static str);

/// What is written.
#[derive(Clone, Copy)]
pub enum Value {
    /// This number.
    Is(u64),
    /// What was read.
    Of(Register),
    /// The number after what was read.
    OneMoreThan(Register),
}

impl From<u64> for Value {
    fn from(value: u64) -> Self {
        Self::Is(value)
    }
}

impl From<Register> for Value {
    fn from(register: Register) -> Self {
        Self::Of(register)
    }
}

/// What a thread asks of what it read.
#[derive(Clone, Copy)]
pub enum Question {
    /// Whether it is this number.
    Is(Register, u64),
    /// Whether it is even.
    IsEven(Register),
    /// Whether both are the same.
    AreSame(Register, Register),
}

/// One step of a thread. All but `If` are one event.
#[derive(Clone)]
pub enum Step {
    /// A plain read.
    Read(Register, Place),
    /// A plain write.
    Write(Place, Value),
    /// An atomic load.
    Load(Register, Place, Ordering),
    /// An atomic store.
    Store(Place, Value, Ordering),
    /// Adds to a place; gives what was there.
    Add(Register, Place, u64, Ordering),
    /// Puts a value into a place; gives what was there.
    Swap(Register, Place, Value, Ordering),
    /// Puts a value into a place if another is there, with the first ordering; gives what was
    /// there, with the second ordering if it was not that.
    Exchange(Register, Place, [Value; 2], [Ordering; 2]),
    /// A fence.
    Fence(Ordering),
    /// Waits until it has the lock.
    Lock(Place),
    /// Gives the lock back.
    Unlock(Place),
    /// Frees the memory.
    Free(Place),
    /// The first steps if the answer is yes, else the others.
    If(Question, Vec<Self>, Vec<Self>),
}

/// Threads that start after some steps of the main thread, which then joins them and goes on.
///
/// Where a real program loops until it reads what it waits for, a thread here asks once and
/// gives up: the interleavings in which it waits are those in which it comes later.
#[derive(Clone, Default)]
pub struct Program {
    /// What the main thread does before it starts the others.
    pub before: Vec<Step>,
    /// What each of those does.
    pub threads: Vec<Vec<Step>>,
    /// What the main thread does after it has joined them.
    pub after: Vec<Step>,
}

/// One thread, as far as it has come.
#[derive(Clone)]
struct Thread<'a> {
    number: u64,
    registers: BTreeMap<Register, u64>,
    /// The rest of each list of steps that it is in, innermost last.
    left: Vec<&'a [Step]>,
}

/// A program, as far as it has come.
#[derive(Clone)]
struct State<'a> {
    memory: BTreeMap<usize, u8>,
    locked: BTreeSet<usize>,
    threads: Vec<Thread<'a>>,
    events: Vec<Event>,
}

impl Program {
    /// Compares engine and oracle on every interleaving. Gives their number, and the first one
    /// that has a race.
    pub fn explore(&self) -> (usize, Option<Vec<Event>>) {
        let mut state = State {
            memory: BTreeMap::new(),
            locked: BTreeSet::new(),
            threads: vec![Thread::new(0, &self.before)],
            events: Vec::new(),
        };
        while state.can_step(0) {
            state.step(0);
        }
        for (number, steps) in (1..).zip(&self.threads) {
            state.events.push(events::fork(0, number));
            state.threads.push(Thread::new(number, steps));
        }
        let mut seen = (0, None);
        self.interleave(&state, &mut seen);
        seen
    }

    fn interleave(&self, state: &State<'_>, seen: &mut (usize, Option<Vec<Event>>)) {
        let movable = (0..state.threads.len()).filter(|&thread| state.can_step(thread));
        let mut is_over = true;
        for thread in movable {
            is_over = false;
            let mut next = state.clone();
            next.step(thread);
            self.interleave(&next, seen);
        }
        if !is_over {
            return;
        }
        let mut last = state.clone();
        assert!(
            last.threads.iter().all(|thread| thread.left.is_empty()),
            "no thread can go on"
        );
        for thread in 1..=self.threads.len() as u64 {
            last.events.push(events::end(thread));
            last.events.push(events::join(0, thread));
        }
        last.threads[0].left.push(&self.after);
        last.threads[0].decide();
        while last.can_step(0) {
            last.step(0);
        }
        let tally = compare(&last.events).unwrap_or_else(|difference| panic!("{difference}"));
        seen.0 += 1;
        if tally.races > 0 && seen.1.is_none() {
            seen.1 = Some(last.events);
        }
    }
}

impl<'a> Thread<'a> {
    fn new(number: u64, steps: &'a [Step]) -> Self {
        let mut thread = Self {
            number,
            registers: BTreeMap::new(),
            left: vec![steps],
        };
        thread.decide();
        thread
    }

    fn value(&self, value: Value) -> u64 {
        match value {
            Value::Is(value) => value,
            Value::Of(register) => self.registers[&register],
            Value::OneMoreThan(register) => self.registers[&register] + 1,
        }
    }

    fn answer(&self, question: Question) -> bool {
        let of = |register| self.registers[&register];
        match question {
            Question::Is(register, value) => of(register) == value,
            Question::IsEven(register) => of(register) % 2 == 0,
            Question::AreSame(one, other) => of(one) == of(other),
        }
    }

    /// Goes on to the next step that is an event.
    fn decide(&mut self) {
        while let Some(&steps) = self.left.last() {
            match steps {
                [] => _ = self.left.pop(),
                [Step::If(question, yes, no), rest @ ..] => {
                    *self.left.last_mut().expect("there is one") = rest;
                    let branch = if self.answer(*question) { yes } else { no };
                    self.left.push(branch);
                }
                [..] => break,
            }
        }
    }
}

impl<'a> State<'a> {
    fn next(&self, thread: usize) -> Option<&'a Step> {
        self.threads[thread].left.last().map(|steps| &steps[0])
    }

    fn can_step(&self, thread: usize) -> bool {
        match self.next(thread) {
            None => false,
            Some(Step::Lock(lock)) => !self.locked.contains(&lock.start),
            Some(_) => true,
        }
    }

    fn load(&self, place: Place) -> u64 {
        let bytes = (place.start..place.start + place.len).rev();
        let byte = |address| u64::from(self.memory.get(&address).copied().unwrap_or(0));
        bytes.fold(0, |value, address| value << 8 | byte(address))
    }

    fn store(&mut self, place: Place, value: u64) {
        for (address, byte) in (place.start..place.start + place.len).zip(value.to_le_bytes()) {
            self.memory.insert(address, byte);
        }
    }

    fn step(&mut self, thread: usize) {
        let step = self.next(thread).expect("it can step");
        let mut acting = self.threads[thread].clone();
        let t = acting.number;
        let event = match *step {
            Step::Read(register, place) => {
                acting.registers.insert(register, self.load(place));
                events::read(t, place.start, place.len)
            }
            Step::Write(place, value) => {
                self.store(place, acting.value(value));
                events::write(t, place.start, place.len)
            }
            Step::Load(register, place, ordering) => {
                acting.registers.insert(register, self.load(place));
                events::load(t, place.word(), ordering)
            }
            Step::Store(place, value, ordering) => {
                self.store(place, acting.value(value));
                events::store(t, place.word(), ordering)
            }
            Step::Add(register, place, amount, ordering) => {
                let old = self.load(place);
                acting.registers.insert(register, old);
                self.store(place, old.wrapping_add(amount));
                events::rmw(t, place.word(), ordering)
            }
            Step::Swap(register, place, value, ordering) => {
                acting.registers.insert(register, self.load(place));
                self.store(place, acting.value(value));
                events::rmw(t, place.word(), ordering)
            }
            Step::Exchange(register, place, [from, to], [success, failure]) => {
                let (old, from, to) = (self.load(place), acting.value(from), acting.value(to));
                acting.registers.insert(register, old);
                if old == from {
                    self.store(place, to);
                    events::rmw(t, place.word(), success)
                } else {
                    events::failed_exchange(t, place.word(), failure)
                }
            }
            Step::Fence(ordering) => events::fence(t, ordering),
            Step::Lock(lock) => {
                self.locked.insert(lock.start);
                events::acquire(t, lock.start as u64)
            }
            Step::Unlock(lock) => {
                self.locked.remove(&lock.start);
                events::release(t, lock.start as u64)
            }
            Step::Free(place) => events::free(t, place.start, place.len),
            Step::If(..) => unreachable!("it is decided"),
        };
        let steps = acting.left.last_mut().expect("it can step");
        *steps = &steps[1..];
        acting.decide();
        self.threads[thread] = acting;
        self.events.push(event);
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Is(value) => write!(f, "{value}"),
            Self::Of(register) => f.write_str(register.0),
            Self::OneMoreThan(register) => write!(f, "{} + 1", register.0),
        }
    }
}

impl fmt::Display for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Is(register, value) => write!(f, "{} == {value}", register.0),
            Self::IsEven(register) => write!(f, "{} is even", register.0),
            Self::AreSame(one, other) => write!(f, "{} == {}", one.0, other.0),
        }
    }
}

#[rustfmt::skip]
impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read(Register(r), place) => write!(f, "{r} = {}", place.name),
            Self::Write(place, value) => write!(f, "{} = {value}", place.name),
            Self::Load(Register(r), place, o) => write!(f, "{r} = {}.load({o:?})", place.name),
            Self::Store(place, value, o) => write!(f, "{}.store({value}, {o:?})", place.name),
            Self::Add(Register(r), place, u64::MAX, o) => write!(f, "{r} = {}.sub(1, {o:?})", place.name),
            Self::Add(Register(r), place, n, o) => write!(f, "{r} = {}.add({n}, {o:?})", place.name),
            Self::Swap(Register(r), place, value, o) => write!(f, "{r} = {}.swap({value}, {o:?})", place.name),
            Self::Exchange(Register(r), place, [from, to], [o, failure]) => {
                write!(f, "{r} = {}.exchange({from}, {to}, {o:?}, {failure:?})", place.name)
            }
            Self::Fence(o) => write!(f, "fence({o:?})"),
            Self::Lock(place) => write!(f, "{}.lock()", place.name),
            Self::Unlock(place) => write!(f, "{}.unlock()", place.name),
            Self::Free(place) => write!(f, "free({})", place.name),
            Self::If(question, yes, no) => {
                write!(f, "if {question} {{ {} }}", Steps(yes))?;
                if no.is_empty() { Ok(()) } else { write!(f, " else {{ {} }}", Steps(no)) }
            }
        }
    }
}

/// Steps on one line.
pub struct Steps<'a>(pub(crate) &'a [Step]);

impl fmt::Display for Steps<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, step) in self.0.iter().enumerate() {
            let separator = if number == 0 { "" } else { "; " };
            write!(f, "{separator}{step}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::Ordering::Relaxed;

    const FLAG: Place = Place::new("FLAG", 0x1000, 4);
    const DATA: Place = Place::new("DATA", 0x1040, 8);
    const R: Register = Register("r");

    fn count(threads: Vec<Vec<Step>>) -> usize {
        let program = Program {
            threads,
            ..Program::default()
        };
        program.explore().0
    }

    #[test]
    fn all_interleavings_are_explored() {
        let loads = |n| vec![Step::Load(R, FLAG, Relaxed); n];
        assert_eq!(count(vec![loads(3)]), 1);
        assert_eq!(count(vec![loads(3), loads(3)]), 20);
        assert_eq!(count(vec![loads(2), loads(2), loads(2)]), 90);
    }

    #[test]
    fn branches_follow_what_was_read() {
        let stores = vec![Step::Store(FLAG, 1.into(), Relaxed)];
        let asks = vec![
            Step::Load(R, FLAG, Relaxed),
            Step::If(
                Question::Is(R, 1),
                vec![Step::Fence(Ordering::SeqCst), Step::Fence(Ordering::SeqCst)],
                vec![],
            ),
        ];
        // Store first: one way. Load first: the store comes after.
        assert_eq!(count(vec![stores, asks]), 2);
    }

    #[test]
    fn a_lock_keeps_others_out() {
        let turn = vec![
            Step::Lock(FLAG),
            Step::Write(DATA, 1.into()),
            Step::Unlock(FLAG),
        ];
        assert_eq!(count(vec![turn.clone(), turn]), 2);
    }

    #[test]
    fn places_may_overlap() {
        let whole = Place::new("WHOLE", 0x1000, 4);
        let high = Place::new("HIGH", 0x1002, 2);
        let stuck = vec![Step::Lock(DATA), Step::Lock(DATA)];
        let steps = vec![
            Step::Write(whole, 0x1234_5678.into()),
            Step::Read(R, high),
            Step::If(
                Question::Is(R, 0x1234),
                vec![Step::Write(high, 0.into())],
                stuck.clone(),
            ),
            Step::Read(R, whole),
            Step::If(Question::Is(R, 0x5678), vec![], stuck),
        ];
        assert_eq!(count(vec![steps]), 1);
    }
}
