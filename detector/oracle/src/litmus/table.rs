//! The programs, in several variants each, and their verdicts.

use super::program::Question::{self, *};
use super::program::Step::{self, *};
use super::program::Value::OneMoreThan;
use super::program::{Place, Program, Register};
#[cfg(test)]
use crate::event::Sequence;
use std::sync::atomic::Ordering::{self, AcqRel, Acquire, Relaxed, Release, SeqCst};

/// What C++20 says of a program.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// No execution has a race.
    Clean,
    /// Some interleaving has one.
    Racy,
    /// Some execution has one, but no interleaving: a load sees an older store there.
    RacyIfStale,
}

/// One variant of a program.
pub struct Cell {
    /// What is particular about it.
    pub variant: &'static str,
    /// Whether it races.
    pub verdict: Verdict,
    /// The reason, in a few words.
    pub why: &'static str,
    /// What it does.
    pub program: Program,
}

/// A program in all its variants.
pub struct Litmus {
    /// Its name.
    pub title: &'static str,
    /// What it is for.
    pub about: &'static str,
    /// Its variants.
    pub cells: Vec<Cell>,
}

impl Cell {
    /// Asserts that the verdict is what all interleavings give, with engine and oracle agreeing
    /// on each.
    #[cfg(test)]
    #[track_caller]
    fn check(&self) {
        let (interleavings, racy) = self.program.explore();
        assert!(
            (1..=10_000).contains(&interleavings),
            "{interleavings} interleavings"
        );
        let expected = self.verdict == Verdict::Racy;
        match racy {
            Some(events) => assert!(expected, "races: {:?}", Sequence(events)),
            None => assert!(!expected, "none of {interleavings} interleavings races"),
        }
    }
}

macro_rules! litmus {
    ($(
        $program:ident: $title:literal, $about:literal {
            $($cell:ident: $variant:literal, $verdict:ident, $why:literal, $make:expr;)*
        }
    )*) => {
        /// All programs.
        pub fn table() -> Vec<Litmus> {
            vec![$(Litmus {
                title: $title,
                about: $about,
                cells: vec![$(litmus!(@cell $variant, $verdict, $why, $make)),*],
            }),*]
        }

        $(#[cfg(test)]
        mod $program {
            use super::*;

            $(#[test]
            fn $cell() {
                litmus!(@cell $variant, $verdict, $why, $make).check();
            })*
        })*
    };
    (@cell $variant:literal, $verdict:ident, $why:literal, $make:expr) => {
        Cell { variant: $variant, verdict: Verdict::$verdict, why: $why, program: $make }
    };
}

// Plain memory.
const DATA: Place = Place::new("DATA", 0x1000, 8);
const MORE: Place = Place::new("MORE", 0x1010, 8);
const LOW: Place = Place::new("LOW", 0x1000, 4);
const HIGH: Place = Place::new("HIGH", 0x1004, 4);
const BYTE: Place = Place::new("BYTE", 0x1003, 1);
const WIDE: Place = Place::new("WIDE", 0x1000, 16);
// Flags, counts, pointers: mostly atomic.
const X: Place = Place::new("X", 0x1080, 4);
const X_BYTE: Place = Place::new("X_BYTE", 0x1080, 1);
const Y: Place = Place::new("Y", 0x10c0, 4);
const Z: Place = Place::new("Z", 0x1100, 4);
const M: Place = Place::new("M", 0x1140, 1);
// What threads remember.
const R: Register = Register("r");
const S: Register = Register("s");
const T: Register = Register("t");

fn threads(threads: &[&[Step]]) -> Program {
    Program {
        threads: threads.iter().map(|steps| steps.to_vec()).collect(),
        ..Program::default()
    }
}

fn when(question: Question, then: &[Step]) -> Step {
    If(question, then.to_vec(), vec![])
}

fn write(place: Place) -> Step {
    Write(place, 1.into())
}

fn read(place: Place) -> Step {
    Read(T, place)
}

fn load(place: Place, ordering: Ordering) -> Step {
    Load(R, place, ordering)
}

fn store(place: Place, value: u64, ordering: Ordering) -> Step {
    Store(place, value.into(), ordering)
}

/// A compare-exchange whose failure is relaxed.
fn exchange(place: Place, from: u64, to: u64, ordering: Ordering) -> Step {
    Exchange(R, place, [from.into(), to.into()], [ordering, Relaxed])
}

fn passing(sends: &[Step], receives: &[Step]) -> Program {
    threads(&[
        &[&[write(DATA)], sends].concat(),
        &[receives, &[when(Is(R, 1), &[read(DATA)])]].concat(),
    ])
}

/// Who finds that the other has not announced itself goes in.
fn buffering(stored: Ordering, between: &[Step], loaded: Ordering, inside: &[Step]) -> Program {
    let one = |mine, other| {
        let announce = [store(mine, 1, stored)];
        let leave = |step: &Step| match *step {
            Store(_, value, ordering) => Store(mine, value, ordering),
            ref other => other.clone(),
        };
        let inside: Vec<_> = inside.iter().map(leave).collect();
        let look = [load(other, loaded), when(Is(R, 0), &inside)];
        [&announce[..], between, &look].concat()
    };
    threads(&[&one(X, Y), &one(Y, X)])
}

fn sequence(continues: &[Step], from: u64) -> Program {
    threads(&[
        &[write(DATA), store(X, 1, Release)],
        continues,
        &[load(X, Acquire), when(Is(R, from), &[read(DATA)])],
    ])
}

/// A writer that counts up to odd before it writes and to even after; a reader that reads
/// between two looks at the count.
fn seqlock(
    writes: &[Step],
    reads: &[Step],
    first: Ordering,
    fences: bool,
    uses: &[Step],
) -> Program {
    let fence = |ordering| {
        if fences {
            vec![Fence(ordering)]
        } else {
            vec![]
        }
    };
    threads(&[
        &[
            &[store(X, 1, Relaxed)],
            &fence(Release)[..],
            writes,
            &[store(X, 2, Release)],
        ]
        .concat(),
        &[
            load(X, first),
            when(
                IsEven(R),
                &[
                    reads,
                    &fence(Acquire)[..],
                    &[Load(S, X, Relaxed), when(AreSame(R, S), uses)],
                ]
                .concat(),
            ),
        ],
    ])
}

/// Each announces itself, then lets the other go first: waits while the other wants to go in
/// and it is the other's turn.
fn peterson(stored: Ordering, loaded: Ordering, left: Ordering) -> Program {
    let one = |mine, other, me: u64, you: u64| {
        let inside = [write(DATA), store(mine, 0, left)];
        vec![
            store(mine, 1, stored),
            store(Z, you, stored),
            load(other, loaded),
            If(
                Is(R, 0),
                inside.to_vec(),
                vec![load(Z, loaded), when(Is(R, me), &inside)],
            ),
        ]
    };
    threads(&[&one(X, Y, 1, 2), &one(Y, X, 2, 1)])
}

/// Each announces itself and goes in if the other has not.
fn dekker(stored: Ordering, loaded: Ordering, left: Ordering) -> Program {
    buffering(stored, &[], loaded, &[write(DATA), store(X, 0, left)])
}

/// `X` points to the version in use: 1 is `DATA`, 2 is `MORE`, which replaces it. `Y` counts the
/// readers that are done.
fn rcu(published: Ordering, followed: Ordering, done: Ordering, waits: &[Step]) -> Program {
    let wait_and_reclaim = if waits.is_empty() {
        vec![write(DATA)]
    } else {
        [waits, &[when(Is(S, 1), &[write(DATA)])]].concat()
    };
    Program {
        before: vec![write(DATA), store(X, 1, Relaxed)],
        threads: vec![
            [
                &[write(MORE), store(X, 2, published)][..],
                &wait_and_reclaim,
            ]
            .concat(),
            vec![
                load(X, followed),
                If(Is(R, 1), vec![read(DATA)], vec![read(MORE)]),
                Add(S, Y, 1, done),
            ],
        ],
        after: vec![],
    }
}

/// Look; if it is not there, look again under the lock, and make it.
fn double_checked(looks: Step, makes: &[Step]) -> Program {
    let again = match looks {
        Load(register, place, _) => Load(register, place, Relaxed),
        ref plain => plain.clone(),
    };
    let one = [
        looks,
        when(
            Is(R, 0),
            &[&[Lock(M), again, when(Is(R, 0), makes)][..], &[Unlock(M)]].concat(),
        ),
        read(DATA),
    ];
    threads(&[&one, &one])
}

fn fenced_look() -> [Step; 4] {
    let makes = [write(DATA), Fence(Release), store(X, 1, Relaxed)];
    let again = [Lock(M), load(X, Relaxed), when(Is(R, 0), &makes), Unlock(M)];
    [
        load(X, Relaxed),
        when(Is(R, 0), &again),
        Fence(Acquire),
        read(DATA),
    ]
}

fn locked_look() -> [Step; 5] {
    let makes = [write(DATA), write(X)];
    [
        Lock(M),
        Read(R, X),
        when(Is(R, 0), &makes),
        Unlock(M),
        read(DATA),
    ]
}

/// What was read of one is written to the other.
fn load_buffering(first: Step, then: &[Step]) -> Program {
    let swapped = |step: &Step| match *step {
        Load(register, _, ordering) => Load(register, Y, ordering),
        Read(register, _) => Read(register, Y),
        Store(_, value, ordering) => Store(X, value, ordering),
        Write(_, value) => Write(X, value),
        ref other => other.clone(),
    };
    fn all(steps: &[Step], change: &dyn Fn(&Step) -> Step) -> Vec<Step> {
        let deep = |step: &Step| match step {
            If(question, yes, no) => If(*question, all(yes, change), all(no, change)),
            other => change(other),
        };
        steps.iter().map(deep).collect()
    }
    let one = [&[first][..], then].concat();
    threads(&[&one, &all(&one, &swapped)])
}

/// Two write, two look at both in opposite orders and act if they see one and not the other.
fn iriw(stored: Ordering, loaded: Ordering) -> Program {
    let reader = |first, second| {
        let look = Load(S, second, loaded);
        [
            load(first, loaded),
            when(Is(R, 1), &[look, when(Is(S, 0), &[write(DATA)])]),
        ]
    };
    threads(&[
        &[store(X, 1, stored)],
        &[store(Y, 1, stored)],
        &reader(X, Y),
        &reader(Y, X),
    ])
}

/// A tells B, B tells C.
fn causality(told: &[Step], hears: &[Step], tells: &[Step], heard: &[Step]) -> Program {
    threads(&[
        &[&[write(DATA)], told].concat(),
        &[hears, &[when(Is(R, 1), tells)]].concat(),
        &[heard, &[when(Is(R, 1), &[read(DATA)])]].concat(),
    ])
}

fn spinlock(locks: &[Step], unlocks: Step) -> Program {
    let one = [locks, &[when(Is(R, 0), &[Write(DATA, 1.into()), unlocks])]].concat();
    threads(&[&one, &one])
}

fn ticket_lock(draws: Ordering, looks: Ordering, next: Step) -> Program {
    let one = [
        Add(R, X, 1, draws),
        Load(S, Y, looks),
        when(AreSame(R, S), &[write(DATA), next]),
    ];
    threads(&[&one, &one])
}

/// `X` points to the top: 1 is the node `DATA`, 2 is `MORE`. Two push, one looks or pops.
fn treiber(pushes: Ordering, top: &[Step], below: &[Step]) -> Program {
    let push = |node, number: u64| {
        [
            Load(S, X, Relaxed),
            Write(node, S.into()),
            Exchange(R, X, [S.into(), number.into()], [pushes, Relaxed]),
        ]
    };
    let pop_more = [&[Read(S, MORE)][..], below].concat();
    threads(&[
        &push(DATA, 1),
        &push(MORE, 2),
        &[
            top,
            &[If(Is(R, 2), pop_more, vec![when(Is(R, 1), &[read(DATA)])])],
        ]
        .concat(),
    ])
}

/// Two owners use it and let go; the last one frees it, with whatever it does before.
fn count(let_go: Ordering, last: &[Step]) -> Program {
    let one = [
        read(DATA),
        Add(R, X, u64::MAX, let_go),
        when(Is(R, 1), &[last, &[write(DATA), Free(DATA)]].concat()),
    ];
    Program {
        before: vec![write(DATA), store(X, 2, Relaxed)],
        threads: vec![one.to_vec(), one.to_vec()],
        after: vec![],
    }
}

/// One owner lets go; the other changes the value if it is the only one left.
fn get_mut(let_go: Ordering, looks: Ordering) -> Program {
    Program {
        before: vec![write(DATA), store(X, 2, Relaxed)],
        threads: vec![
            vec![read(DATA), Add(R, X, u64::MAX, let_go)],
            vec![load(X, looks), when(Is(R, 1), &[write(DATA)])],
        ],
        after: vec![],
    }
}

fn after_join(each: Step, after: Step) -> Program {
    Program {
        threads: vec![vec![each.clone()], vec![each]],
        after: vec![after],
        ..Program::default()
    }
}

litmus! {
    message_passing: "Message passing", "One thread writes data and raises a flag; another sees the flag and reads the data." {
        relaxed: "relaxed", Racy, "relaxed operations order nothing",
            passing(&[store(X, 1, Relaxed)], &[load(X, Relaxed)]);
        relaxed_store: "relaxed store", Racy, "an acquire takes what was released, and nothing was",
            passing(&[store(X, 1, Relaxed)], &[load(X, Acquire)]);
        relaxed_load: "relaxed load", Racy, "what was released is not acquired",
            passing(&[store(X, 1, Release)], &[load(X, Relaxed)]);
        release_acquire: "release, acquire", Clean, "the load reads from the store, so it synchronises with it",
            passing(&[store(X, 1, Release)], &[load(X, Acquire)]);
        seq_cst: "seq_cst", Clean, "seq_cst is release and acquire as well",
            passing(&[store(X, 1, SeqCst)], &[load(X, SeqCst)]);
        rmw: "raised by an acq_rel read-modify-write", Clean, "it releases as a store does",
            passing(&[Add(R, X, 1, AcqRel)], &[load(X, Acquire)]);
        acquire_rmw: "raised by an acquire read-modify-write", Racy, "an acquire does not release",
            passing(&[Add(R, X, 1, Acquire)], &[load(X, Acquire)]);
        failed_exchange: "seen by a failed exchange, acquire on failure", Clean, "a failed exchange is a load",
            passing(&[store(X, 1, Release)], &[Exchange(R, X, [7.into(), 8.into()], [AcqRel, Acquire])]);
        failed_exchange_relaxed: "seen by a failed exchange, relaxed on failure", Racy, "the ordering of success does not count",
            passing(&[store(X, 1, Release)], &[Exchange(R, X, [7.into(), 8.into()], [AcqRel, Relaxed])]);
        fences: "fences around relaxed", Clean, "a release fence before the store, an acquire fence after the load",
            passing(&[Fence(Release), store(X, 1, Relaxed)], &[load(X, Relaxed), Fence(Acquire)]);
        release_fence: "release fence only", Racy, "nothing acquires",
            passing(&[Fence(Release), store(X, 1, Relaxed)], &[load(X, Relaxed)]);
        acquire_fence: "acquire fence only", Racy, "nothing releases",
            passing(&[store(X, 1, Relaxed)], &[load(X, Relaxed), Fence(Acquire)]);
        fence_after_store: "release fence after the store", Racy, "a fence lends itself to later stores only",
            passing(&[store(X, 1, Relaxed), Fence(Release)], &[load(X, Relaxed), Fence(Acquire)]);
        fence_before_load: "acquire fence before the load", Racy, "a fence takes what earlier loads read only",
            passing(&[Fence(Release), store(X, 1, Relaxed)], &[Fence(Acquire), load(X, Relaxed)]);
        fences_swapped: "acquire fence, release fence", Racy, "each on the wrong side",
            passing(&[Fence(Acquire), store(X, 1, Relaxed)], &[load(X, Relaxed), Fence(Release)]);
        data_after_flag: "data written after the flag", Racy, "a release orders what came before it",
            threads(&[
                &[store(X, 1, Release), write(DATA)],
                &[load(X, Acquire), when(Is(R, 1), &[read(DATA)])],
            ]);
        unchecked: "flag not looked at", Racy, "who does not wait may come first",
            threads(&[&[write(DATA), store(X, 1, Release)], &[load(X, Acquire), read(DATA)]]);
        plain_flag: "plain flag", Racy, "on the flag itself",
            threads(&[&[write(DATA), write(X)], &[Read(R, X), when(Is(R, 1), &[read(DATA)])]]);
        reader_writes_back: "reader writes back", Racy, "the writer looks again without waiting",
            threads(&[
                &[write(DATA), store(X, 1, Release), read(DATA)],
                &[load(X, Acquire), when(Is(R, 1), &[write(DATA)])],
            ]);
        reader_answers: "reader writes back and answers", Clean, "each hands over to the other",
            threads(&[
                &[write(DATA), store(X, 1, Release), load(Y, Acquire), when(Is(R, 1), &[read(DATA)])],
                &[load(X, Acquire), when(Is(R, 1), &[write(DATA), store(Y, 1, Release)])],
            ]);
    }

    store_buffering: "Store buffering", "Each thread announces itself, and goes on if it does not see the other. Nobody leaves." {
        seq_cst_fences: "seq_cst fences", Clean, "the fences have an order; the later one's thread sees the other's store",
            buffering(Relaxed, &[Fence(SeqCst)], Relaxed, &[write(DATA)]);
        seq_cst: "seq_cst operations", Clean, "they have one order, in which a load comes after the other's store",
            buffering(SeqCst, &[], SeqCst, &[write(DATA)]);
        relaxed: "relaxed", RacyIfStale, "both may see 0, and go on",
            buffering(Relaxed, &[], Relaxed, &[write(DATA)]);
        release_acquire: "release, acquire", RacyIfStale, "a store may pass a later load",
            buffering(Release, &[], Acquire, &[write(DATA)]);
        acq_rel_fences: "acq_rel fences", RacyIfStale, "they do not order a store before a later load",
            buffering(Relaxed, &[Fence(AcqRel)], Relaxed, &[write(DATA)]);
        leaving_relaxed: "seq_cst fences, leaving by a relaxed store", Racy, "who comes later is not ordered after who left",
            buffering(Relaxed, &[Fence(SeqCst)], Relaxed, &[write(DATA), store(X, 0, Relaxed)]);
        leaving_release: "seq_cst fences, leaving by a release store", Racy, "what was released is not acquired",
            buffering(Relaxed, &[Fence(SeqCst)], Relaxed, &[write(DATA), store(X, 0, Release)]);
        leaving_by_fences: "seq_cst fences, a release fence before leaving, an acquire fence on entering", Clean, "the load that lets in reads the store that left",
            buffering(Relaxed, &[Fence(SeqCst)], Relaxed, &[Fence(Acquire), write(DATA), Fence(Release), store(X, 0, Relaxed)]);
        leaving_without_acquire_fence: "seq_cst fences, a release fence before leaving", Racy, "the fence on entering came before the load",
            buffering(Relaxed, &[Fence(SeqCst)], Relaxed, &[write(DATA), Fence(Release), store(X, 0, Relaxed)]);
    }

    release_sequences: "Release sequences", "One thread writes data and stores 1, release; another changes the flag; a third reads the flag, acquire, and the data if it sees the other's value." {
        rmw: "relaxed read-modify-write", Clean, "it continues the release sequence",
            sequence(&[exchange(X, 1, 2, Relaxed)], 2);
        two_rmws: "two relaxed read-modify-writes", Clean, "so do any number",
            sequence(&[exchange(X, 1, 2, Relaxed), exchange(X, 2, 3, Relaxed)], 3);
        acquire_rmw: "acquire read-modify-write", Clean, "whatever its ordering",
            sequence(&[exchange(X, 1, 2, Acquire)], 2);
        release_rmw: "release read-modify-write", Clean, "it heads a sequence of its own, and continues the first",
            sequence(&[exchange(X, 1, 2, Release)], 2);
        swap: "relaxed swap", Racy, "it may come before the release, and the load then reads from it alone",
            sequence(&[Swap(R, X, 2.into(), Relaxed)], 2);
        relaxed_store: "relaxed store", Racy, "a store ends the sequence",
            sequence(&[load(X, Relaxed), when(Is(R, 1), &[store(X, 2, Relaxed)])], 2);
        release_store: "release store", Racy, "and heads one of its own",
            sequence(&[load(X, Relaxed), when(Is(R, 1), &[store(X, 2, Release)])], 2);
        store_after_acquire: "acquire load, release store", Clean, "who knows hands on",
            sequence(&[load(X, Acquire), when(Is(R, 1), &[store(X, 2, Release)])], 2);
        own_store: "relaxed store by the releasing thread", Racy, "since C++20; until C++17 it continued the sequence",
            threads(&[
                &[write(DATA), store(X, 1, Release), store(X, 2, Relaxed)],
                &[load(X, Acquire), when(Is(R, 2), &[read(DATA)])],
            ]);
        own_rmw: "relaxed read-modify-write by the releasing thread", Clean, "as by any other",
            threads(&[
                &[write(DATA), store(X, 1, Release), Add(R, X, 1, Relaxed)],
                &[load(X, Acquire), when(Is(R, 2), &[read(DATA)])],
            ]);
        failed_exchange: "failed exchange", Clean, "it writes nothing, so it ends nothing",
            sequence(&[exchange(X, 7, 8, Relaxed)], 1);
        fence_head: "relaxed store after a release fence, relaxed read-modify-write", Clean, "the hypothetical sequence of the fence goes on as well",
            threads(&[
                &[write(DATA), Fence(Release), store(X, 1, Relaxed)],
                &[exchange(X, 1, 2, Relaxed)],
                &[load(X, Acquire), when(Is(R, 2), &[read(DATA)])],
            ]);
        two_heads: "two release read-modify-writes", Clean, "the load synchronises with both heads",
            threads(&[
                &[write(DATA), Add(R, X, 1, Release)],
                &[write(MORE), Add(R, X, 1, Release)],
                &[load(X, Acquire), when(Is(R, 2), &[read(DATA), read(MORE)])],
            ]);
        one_head: "a release and a relaxed read-modify-write", Racy, "the relaxed one releases nothing of its own thread's",
            threads(&[
                &[write(DATA), Add(R, X, 1, Release)],
                &[write(MORE), Add(R, X, 1, Relaxed)],
                &[load(X, Acquire), when(Is(R, 2), &[read(DATA), read(MORE)])],
            ]);
    }

    seqlock: "Seqlock", "A writer makes a count odd, writes, makes it even; a reader reads between two looks at the count." {
        plain: "plain data, fences", Racy, "a read that is then thrown away is a read",
            seqlock(&[write(DATA)], &[read(DATA)], Acquire, true, &[]);
        plain_without_fences: "plain data, no fences", Racy, "likewise",
            seqlock(&[write(DATA)], &[read(DATA)], Acquire, false, &[]);
        atomic: "relaxed atomic data, fences", Clean, "atomics do not race",
            seqlock(&[store(DATA, 1, Relaxed)], &[Load(T, DATA, Relaxed)], Acquire, true, &[]);
        atomic_without_fences: "relaxed atomic data, no fences", Clean, "what it reads may be torn: no race, and no less wrong",
            seqlock(&[store(DATA, 1, Relaxed)], &[Load(T, DATA, Relaxed)], Acquire, false, &[]);
        pointer: "pointer to what was written before, acquire", Clean, "the first look acquires the last release",
            seqlock(&[write(MORE), store(DATA, 1, Relaxed)], &[Load(T, DATA, Relaxed)], Acquire, true,
                &[when(Is(R, 2), &[when(Is(T, 1), &[read(MORE)])])]);
        pointer_relaxed: "pointer to what was written before, relaxed first look, acquire fence", Clean, "the fence before the second look stands for it",
            seqlock(&[write(MORE), store(DATA, 1, Relaxed)], &[Load(T, DATA, Relaxed)], Relaxed, true,
                &[when(Is(R, 2), &[when(Is(T, 1), &[read(MORE)])])]);
        pointer_relaxed_without_fences: "pointer to what was written before, relaxed first look, no fences", Racy, "nothing acquires",
            seqlock(&[write(MORE), store(DATA, 1, Relaxed)], &[Load(T, DATA, Relaxed)], Relaxed, false,
                &[when(Is(R, 2), &[when(Is(T, 1), &[read(MORE)])])]);
    }

    dekker: "Dekker", "Each thread announces itself, enters if it does not see the other, and takes its announcement back when it leaves." {
        seq_cst: "seq_cst", Clean, "at most one enters, and who enters later reads from who left",
            dekker(SeqCst, SeqCst, SeqCst);
        seq_cst_leaving_release: "seq_cst, leaving by release", Clean, "a seq_cst load acquires from a release store",
            dekker(SeqCst, SeqCst, Release);
        seq_cst_leaving_relaxed: "seq_cst, leaving by relaxed", Racy, "nothing is released on leaving",
            dekker(SeqCst, SeqCst, Relaxed);
        release_acquire: "release, acquire", RacyIfStale, "both may enter, as in store buffering",
            dekker(Release, Acquire, Release);
        relaxed: "relaxed", Racy, "who enters later is not ordered after who left",
            dekker(Relaxed, Relaxed, Relaxed);
    }

    peterson: "Peterson", "As Dekker's, with a turn that each gives to the other." {
        seq_cst: "seq_cst", Clean, "at most one enters, and who enters later reads from who left",
            peterson(SeqCst, SeqCst, SeqCst);
        seq_cst_leaving_release: "seq_cst, leaving by release", Clean, "a seq_cst load acquires from a release store",
            peterson(SeqCst, SeqCst, Release);
        release_acquire: "release, acquire", RacyIfStale, "both may miss the other's announcement",
            peterson(Release, Acquire, Release);
        relaxed: "relaxed", Racy, "who enters later is not ordered after who left",
            peterson(Relaxed, Relaxed, Relaxed);
        leaving_relaxed: "seq_cst, leaving by relaxed", Racy, "nothing is released on leaving",
            peterson(SeqCst, SeqCst, Relaxed);
    }

    rcu: "RCU-like publication", "A writer makes a new version, publishes a pointer to it, waits until the reader is done, and reuses the old version." {
        proper: "publish by release, follow by acquire, wait for a release by acquire", Clean, "new versions are made before they are seen, old ones reused after they were read",
            rcu(Release, Acquire, Release, &[Load(S, Y, Acquire)]);
        relaxed_publication: "publish by relaxed", Racy, "the reader may see the pointer and not the version",
            rcu(Relaxed, Acquire, Release, &[Load(S, Y, Acquire)]);
        relaxed_following: "follow by relaxed", Racy, "C++20 knows no order by dependency without consume",
            rcu(Release, Relaxed, Release, &[Load(S, Y, Acquire)]);
        no_waiting: "reuse at once", Racy, "the reader may still be reading",
            rcu(Release, Acquire, Release, &[]);
        relaxed_done: "reader says by relaxed that it is done", Racy, "its read is not released",
            rcu(Release, Acquire, Relaxed, &[Load(S, Y, Acquire)]);
        relaxed_waiting: "wait by relaxed", Racy, "the reader's read is not acquired",
            rcu(Release, Acquire, Release, &[Load(S, Y, Relaxed)]);
        waiting_fence: "wait by relaxed, then an acquire fence", Clean, "as a membarrier on the writer's side",
            rcu(Release, Acquire, Release, &[Load(S, Y, Relaxed), Fence(Acquire)]);
    }

    double_checked_locking: "Double-checked locking", "Look whether it is made; if not, look again under a lock, and make it." {
        proper: "release, acquire", Clean, "who sees the flag is ordered after who made it; who does not takes the lock",
            double_checked(load(X, Acquire), &[write(DATA), store(X, 1, Release)]);
        seq_cst: "seq_cst", Clean, "likewise",
            double_checked(load(X, SeqCst), &[write(DATA), store(X, 1, SeqCst)]);
        relaxed_look: "relaxed first look", Racy, "the fast path acquires nothing",
            double_checked(load(X, Relaxed), &[write(DATA), store(X, 1, Release)]);
        relaxed_store: "relaxed store", Racy, "the fast path acquires what was not released",
            double_checked(load(X, Acquire), &[write(DATA), store(X, 1, Relaxed)]);
        plain_flag: "plain flag", Racy, "on the flag itself: the first look holds no lock",
            double_checked(Read(R, X), &[write(DATA), write(X)]);
        flag_first: "flag raised before it is made", Racy, "who sees the flag may come before the maker is done",
            double_checked(load(X, Acquire), &[store(X, 1, Release), write(DATA)]);
        fences: "relaxed with fences", Clean, "a release fence before the store, an acquire fence after the look",
            threads(&[&fenced_look(), &fenced_look()]);
        always_locked: "no first look", Clean, "the lock orders all",
            threads(&[&locked_look(), &locked_look()]);
    }

    load_buffering: "Load buffering", "Each thread reads one variable and writes the other." {
        plain: "plain", Racy, "on both",
            load_buffering(Read(R, X), &[write(Y)]);
        plain_conditional: "plain, written only if the other's write is seen", Clean, "in no execution without a race is either written",
            load_buffering(Read(R, X), &[when(Is(R, 1), &[write(Y)])]);
        relaxed: "relaxed", Clean, "both may read 1, but atomics do not race",
            load_buffering(load(X, Relaxed), &[store(Y, 1, Relaxed)]);
        relaxed_payload: "relaxed, data written before by one", Racy, "the write that is seen does not release the data",
            threads(&[
                &[write(DATA), load(X, Relaxed), store(Y, 1, Relaxed)],
                &[load(Y, Relaxed), store(X, 1, Relaxed), when(Is(R, 1), &[read(DATA)])],
            ]);
        release_payload: "release, acquire, data written before by one", Clean, "as in message passing",
            threads(&[
                &[write(DATA), load(X, Acquire), store(Y, 1, Release)],
                &[load(Y, Acquire), store(X, 1, Release), when(Is(R, 1), &[read(DATA)])],
            ]);
    }

    iriw: "Independent reads of independent writes", "Two threads write a variable each; two look at both in opposite orders." {
        seq_cst: "seq_cst; who sees one and not the other writes data", Clean, "all agree which write came first, so at most one does",
            iriw(SeqCst, SeqCst);
        release_acquire: "release, acquire; who sees one and not the other writes data", RacyIfStale, "the two may disagree which write came first",
            iriw(Release, Acquire);
        relaxed: "relaxed; who sees one and not the other writes data", RacyIfStale, "likewise",
            iriw(Relaxed, Relaxed);
    }

    causality: "Causality chains (WRC, ISA2)", "One thread tells a second, which tells a third, which reads the first one's data." {
        release_acquire: "release, acquire", Clean, "happens-before is transitive",
            causality(&[store(X, 1, Release)], &[load(X, Acquire)], &[store(Y, 1, Release)], &[load(Y, Acquire)]);
        relaxed_hearing: "the second hears by relaxed", Racy, "it hands on what it does not know",
            causality(&[store(X, 1, Release)], &[load(X, Relaxed)], &[store(Y, 1, Release)], &[load(Y, Acquire)]);
        relaxed_telling: "the second tells by relaxed", Racy, "it hands nothing on",
            causality(&[store(X, 1, Release)], &[load(X, Acquire)], &[store(Y, 1, Relaxed)], &[load(Y, Acquire)]);
        relaxed_first: "the first tells by relaxed", Racy, "there is nothing to hand on",
            causality(&[store(X, 1, Relaxed)], &[load(X, Acquire)], &[store(Y, 1, Release)], &[load(Y, Acquire)]);
        fence_between: "the second hears and tells by relaxed, an acq_rel fence between", Clean, "the fence acquires what was read and releases what is stored",
            causality(&[store(X, 1, Release)], &[load(X, Relaxed)], &[Fence(AcqRel), store(Y, 1, Relaxed)], &[load(Y, Acquire)]);
        acquire_fence_between: "the same with an acquire fence", Racy, "which releases nothing",
            causality(&[store(X, 1, Release)], &[load(X, Relaxed)], &[Fence(Acquire), store(Y, 1, Relaxed)], &[load(Y, Acquire)]);
        through_rmw: "through one variable, the second by an acq_rel read-modify-write", Clean, "it acquires, and releases",
            threads(&[
                &[write(DATA), store(X, 1, Release)],
                &[exchange(X, 1, 2, AcqRel), when(Is(R, 1), &[store(Y, 1, Release)])],
                &[load(Y, Acquire), when(Is(R, 1), &[read(DATA)])],
            ]);
        through_lock: "the second tells under a lock", Clean, "locks and atomics make one order",
            threads(&[
                &[write(DATA), store(X, 1, Release)],
                &[load(X, Acquire), when(Is(R, 1), &[Lock(M), write(MORE), Unlock(M)])],
                &[Lock(M), Read(R, MORE), Unlock(M), when(Is(R, 1), &[read(DATA)])],
            ]);
    }

    spinlock: "Spinlock", "Swap 1 into the lock; whoever gets 0 has it; store 0 to leave." {
        proper: "acquire, release", Clean, "who takes it reads from who left",
            spinlock(&[Swap(R, X, 1.into(), Acquire)], store(X, 0, Release));
        by_exchange: "by compare-exchange", Clean, "likewise",
            spinlock(&[exchange(X, 0, 1, Acquire)], store(X, 0, Release));
        test_and_set: "relaxed look before the swap", Clean, "only the swap has to acquire",
            spinlock(&[load(X, Relaxed), when(Is(R, 0), &[Swap(R, X, 1.into(), Acquire)])], store(X, 0, Release));
        relaxed_lock: "relaxed swap", Racy, "nothing is acquired",
            spinlock(&[Swap(R, X, 1.into(), Relaxed)], store(X, 0, Release));
        relaxed_unlock: "relaxed store", Racy, "nothing is released",
            spinlock(&[Swap(R, X, 1.into(), Acquire)], store(X, 0, Relaxed));
        plain_unlock: "plain store", Racy, "on the lock itself",
            spinlock(&[Swap(R, X, 1.into(), Acquire)], Write(X, 0.into()));
        unlock_by_rmw: "left by a relaxed read-modify-write", Racy, "it continues the sequence of a release that never was",
            spinlock(&[Swap(R, X, 1.into(), Acquire)], Swap(T, X, 0.into(), Relaxed));
        test_without_set: "look, then store", Racy, "two may look before either stores",
            spinlock(&[load(X, Acquire), when(Is(R, 0), &[store(X, 1, Relaxed)])], store(X, 0, Release));
    }

    ticket_lock: "Ticket lock", "Draw a number; wait until it is served; serve the next." {
        proper: "relaxed draw, acquire, release", Clean, "only what is served has to be ordered",
            ticket_lock(Relaxed, Acquire, Store(Y, OneMoreThan(R), Release));
        relaxed_look: "wait by relaxed", Racy, "nothing is acquired",
            ticket_lock(Relaxed, Relaxed, Store(Y, OneMoreThan(R), Release));
        relaxed_next: "serve by relaxed", Racy, "nothing is released",
            ticket_lock(Relaxed, Acquire, Store(Y, OneMoreThan(R), Relaxed));
        ordered_draw: "all order in the draw", Racy, "who draws next may be served without having met who left",
            ticket_lock(AcqRel, Relaxed, Store(Y, OneMoreThan(R), Relaxed));
        next_by_rmw: "serve by a release read-modify-write", Clean, "as by a store",
            ticket_lock(Relaxed, Acquire, Add(T, Y, 1, Release));
    }

    treiber: "Treiber-like publication", "Two threads push a node each, whose link is plain; a third follows the top." {
        proper: "release, acquire", Clean, "the push of the second continues the sequence of the first",
            treiber(Release, &[load(X, Acquire)], &[when(Is(S, 1), &[read(DATA)])]);
        relaxed_push: "push by relaxed", Racy, "the link is not released",
            treiber(Relaxed, &[load(X, Acquire)], &[]);
        relaxed_top: "follow by relaxed", Racy, "C++20 knows no order by dependency without consume",
            treiber(Release, &[load(X, Relaxed)], &[]);
        pop_all: "take all by an acquire swap", Clean, "as by a load",
            treiber(Release, &[Swap(R, X, 0.into(), Acquire)], &[when(Is(S, 1), &[read(DATA)])]);
        fenced: "follow by relaxed, fence after", Clean, "the fence comes before the link is read",
            treiber(Release, &[load(X, Relaxed), Fence(Acquire)], &[when(Is(S, 1), &[read(DATA)])]);
    }

    reference_count: "Arc's drop", "Two owners use the value and let go; the last one frees it." {
        proper: "release, acquire fence", Clean, "the last one acquires all that let go before",
            count(Release, &[Fence(Acquire)]);
        acquire_load: "release, acquire load", Clean, "as the fence",
            count(Release, &[Load(S, X, Acquire)]);
        acq_rel: "acq_rel", Clean, "the decrement acquires itself",
            count(AcqRel, &[]);
        no_fence: "release, nothing", Racy, "the other's use is not acquired",
            count(Release, &[]);
        relaxed: "relaxed, acquire fence", Racy, "the other's use is not released",
            count(Relaxed, &[Fence(Acquire)]);
        acquire: "acquire", Racy, "likewise",
            count(Acquire, &[]);
        get_mut_acquire: "get_mut by acquire", Clean, "who finds itself alone is ordered after who left",
            get_mut(Release, Acquire);
        get_mut_relaxed: "get_mut by relaxed", Racy, "it is alone, and does not know since when",
            get_mut(Release, Relaxed);
        get_mut_unreleased: "get_mut, let go by relaxed", Racy, "the use before is not released",
            get_mut(Relaxed, Acquire);
    }

    mixed_kinds: "Atomic and plain", "The same memory as an atomic and as plain bytes." {
        plain_read_of_store: "plain read beside an atomic store", Racy, "one of the two is not atomic",
            threads(&[&[store(X, 1, SeqCst)], &[read(X)]]);
        plain_read_of_load: "plain read beside an atomic load", Clean, "nobody writes",
            threads(&[&[load(X, Relaxed)], &[read(X)]]);
        plain_write_of_load: "plain write beside an atomic load", Racy, "one writes, and not atomically",
            threads(&[&[load(X, SeqCst)], &[write(X)]]);
        initialised: "plain write before the threads start", Clean, "the start orders it",
            Program { before: vec![write(X)], ..threads(&[&[Add(R, X, 1, Relaxed)], &[Add(R, X, 1, Relaxed)]]) };
        read_after_join: "relaxed counting, plain read after the joins", Clean, "the joins order it",
            after_join(Add(R, X, 1, Relaxed), read(X));
        plain_counting: "plain counting", Racy, "neither read nor write is atomic",
            threads(&[&[Read(R, X), Write(X, OneMoreThan(R))], &[Read(R, X), Write(X, OneMoreThan(R))]]);
        same_value: "two plain writes of the same value", Racy, "the value does not matter",
            threads(&[&[write(DATA)], &[write(DATA)]]);
        published_atomic: "an atomic made plainly, published by relaxed", Racy, "its first plain write is not ordered before its use",
            threads(&[&[write(Y), store(X, 1, Relaxed)], &[load(X, Relaxed), when(Is(R, 1), &[load(Y, SeqCst)])]]);
    }

    mixed_sizes: "Mixed sizes", "Accesses that overlap without being the same. C++20 knows no atomics of mixed sizes; here they do not race." {
        halves: "plain writes to two halves", Clean, "they share no byte",
            threads(&[&[write(LOW)], &[write(HIGH)]]);
        half_and_whole: "plain write to a half, plain read of the whole", Racy, "they share four bytes",
            threads(&[&[write(LOW)], &[read(DATA)]]);
        byte_in_word: "plain write to a byte of an atomic", Racy, "it shares that byte",
            threads(&[&[store(LOW, 1, SeqCst)], &[write(BYTE)]]);
        next_to_word: "plain write next to an atomic", Clean, "they share no byte",
            threads(&[&[store(HIGH, 1, SeqCst)], &[write(BYTE)]]);
        atomic_halves: "an atomic and an atomic half of it", Clean, "atomics do not race",
            threads(&[&[store(DATA, 1, Relaxed)], &[Add(R, HIGH, 1, Relaxed)]]);
        sixteen_bytes: "an atomic of 16 bytes, and plain bytes of it", Racy, "it shares eight bytes",
            threads(&[&[store(WIDE, 1, SeqCst)], &[read(DATA)]]);
        bit_fields: "two bits of a byte", Racy, "a byte is the smallest memory location",
            threads(&[&[Read(R, BYTE), Write(BYTE, OneMoreThan(R))], &[Read(R, BYTE), Write(BYTE, OneMoreThan(R))]]);
        flag_of_other_size: "released as four bytes, acquired as one", Clean, "here, objects are told apart by their first byte",
            passing(&[store(X, 1, Release)], &[load(X_BYTE, Acquire)]);
    }
}
