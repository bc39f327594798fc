//! Runs small programs in many interleavings of their threads, each step when its turn comes.
//!
//! Whose turn it is is said by memory that is read and written in assembly, which no instrumentation
//! sees: so a turn orders nothing. Prints, of each program, its name and what C++20 says of it.

mod cells;

use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::arch::asm;
use std::sync::{Mutex, MutexGuard};
use std::thread;

/// The lock of the programs, held.
pub type Held<'a> = MutexGuard<'a, ()>;

/// A program, which races or not.
pub struct Cell {
    pub name: &'static str,
    pub threads: usize,
    pub racy: bool,
    /// What each thread does.
    pub run: fn(&Memory, &Turn, usize),
}

/// Interleavings of one program that are tried; more are drawn at random.
const MOST: usize = 400;

/// A word that nobody sees.
#[derive(Default)]
struct Hidden(std::cell::UnsafeCell<u64>);

// SAFETY: it is only read and written as a whole, in assembly.
unsafe impl Sync for Hidden {}

impl Hidden {
    fn get(&self) -> u64 {
        let value;
        // SAFETY: a load of a word that is there.
        unsafe { asm!("mov {}, [{}]", out(reg) value, in(reg) self.0.get(), options(nostack)) };
        value
    }

    fn set(&self, value: u64) {
        // SAFETY: a store to a word that is there.
        unsafe { asm!("mov [{}], {}", in(reg) self.0.get(), in(reg) value, options(nostack)) };
    }

    fn wait_until(&self, is_come: impl Fn(u64) -> bool) -> u64 {
        loop {
            let now = self.get();
            if is_come(now) {
                return now;
            }
            thread::yield_now();
        }
    }
}

/// What a thread is about to do.
const RUNS: u64 = 0;
const WAITS: u64 = 1;
const WAITS_FOR_LOCK: u64 = 2;
const ENDED: u64 = 3;

/// A thread's turn. The main one's is always.
#[derive(Default)]
pub struct Turn {
    is_main: bool,
    state: Hidden,
}

impl Turn {
    fn wait(&self, for_lock: bool) {
        if !self.is_main {
            self.state
                .set(if for_lock { WAITS_FOR_LOCK } else { WAITS });
            self.state.wait_until(|state| state == RUNS);
        }
    }

    fn over(&self) {
        self.state.set(ENDED);
    }
}

/// All places: those of data are an allocation of their own, which a program may free.
pub struct Memory {
    data: *mut u8,
    rest: *mut u8,
    freed: Hidden,
    lock: Mutex<()>,
    locked: Hidden,
}

// SAFETY: its words are what the programs are about.
unsafe impl Sync for Memory {}

const DATA: usize = 0x40;
const REST: usize = 0x200;

fn layout(bytes: usize) -> Layout {
    Layout::from_size_align(bytes, 16).unwrap()
}

impl Memory {
    fn new() -> Self {
        // SAFETY: neither has no bytes.
        let new = |bytes| unsafe { alloc_zeroed(layout(bytes)) };
        Self {
            data: new(DATA),
            rest: new(REST),
            freed: Hidden::default(),
            lock: Mutex::new(()),
            locked: Hidden::default(),
        }
    }

    fn at<T>(&self, offset: usize) -> *mut T {
        let base = if offset < DATA { self.data } else { self.rest };
        // SAFETY: every place lies within one of the two.
        unsafe { base.add(offset).cast() }
    }

    fn lock(&self) -> Held<'_> {
        self.locked.set(1);
        self.lock.lock().unwrap()
    }

    fn unlock(&self, held: Option<Held<'_>>) {
        drop(held);
        self.locked.set(0);
    }

    fn free(&self) {
        self.freed.set(1);
        // SAFETY: a program frees it once.
        unsafe { dealloc(self.data, layout(DATA)) };
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        if self.freed.get() == 0 {
            self.free();
        }
        // SAFETY: it was allocated like this.
        unsafe { dealloc(self.rest, layout(REST)) };
    }
}

/// Which of those that could was chosen, and how many could, at each step of an interleaving.
type Choices = Vec<(usize, usize)>;

impl Cell {
    /// One interleaving: it begins with the choices of `path`, and goes on with those of `choose`.
    fn interleave(&self, path: &mut Choices, mut choose: impl FnMut(usize) -> usize) {
        let memory = &Memory::new();
        let main = Turn {
            is_main: true,
            ..Turn::default()
        };
        (self.run)(memory, &main, 0);
        let turns: Vec<_> = (0..self.threads).map(|_| Turn::default()).collect();
        thread::scope(|scope| {
            for (number, turn) in turns.iter().enumerate() {
                scope.spawn(move || (self.run)(memory, turn, number + 1));
            }
            for step in 0.. {
                // Only when all wait is it settled who can go on.
                let at_rest = |turn: &Turn| turn.state.wait_until(|state| state != RUNS);
                let states: Vec<_> = turns.iter().map(at_rest).collect();
                let is_free = memory.locked.get() == 0;
                let can = |state: u64| state == WAITS || state == WAITS_FOR_LOCK && is_free;
                let able = |&number: &usize| can(states[number]);
                let able: Vec<_> = (0..turns.len()).filter(able).collect();
                if able.is_empty() {
                    break;
                }
                if step == path.len() {
                    path.push((choose(able.len()), able.len()));
                }
                turns[able[path[step].0]].state.set(RUNS);
            }
        });
        (self.run)(memory, &main, self.threads + 1);
    }

    /// All interleavings, in order, up to so many; then some at random.
    fn explore(&self) {
        let mut path = Choices::new();
        for _ in 0..MOST {
            self.interleave(&mut path, |_| 0);
            while path.pop_if(|(chosen, able)| *chosen + 1 == *able).is_some() {}
            match path.last_mut() {
                Some((chosen, _)) => *chosen += 1,
                None => return,
            }
        }
        let mut random = 1u64;
        for _ in 0..MOST {
            self.interleave(&mut Choices::new(), |able| {
                random ^= random << 13;
                random ^= random >> 7;
                random ^= random << 17;
                random as usize % able
            });
        }
    }
}

fn main() {
    for cell in cells::CELLS {
        cell.explore();
        println!(
            "{} {}",
            cell.name,
            if cell.racy { "races" } else { "does not race" }
        );
    }
}
