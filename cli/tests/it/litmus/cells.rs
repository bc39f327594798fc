// Made by detector/tests/engine/litmus/source.rs from the programs in table.rs:
// UPDATE_DOCS=1 cargo test -p deadheat-detector --test engine litmus::source
//
// SAFETY, of all below: each place lies within memory of the program's, is aligned for its type, and is not
// used after it was freed. Some race: that is what they are for.

use super::{Cell, Held, Memory, Turn};
use std::sync::atomic::Ordering::*;
use std::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, fence};

// relaxed operations order nothing
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_message_passing_relaxed(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
        }
        1 => {
            turn.wait(false);
            unsafe { *m.at::<u64>(0x0) = 1 as u64 };
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(1 as u32, Relaxed);
        }
        2 => {
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Relaxed) as u64;
            if r == 1 {
                turn.wait(false);
                t = unsafe { *m.at::<u64>(0x0) } as u64;
            }
        }
        3 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// an acquire takes what was released, and nothing was
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_message_passing_relaxed_store(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
        }
        1 => {
            turn.wait(false);
            unsafe { *m.at::<u64>(0x0) = 1 as u64 };
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(1 as u32, Relaxed);
        }
        2 => {
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Acquire) as u64;
            if r == 1 {
                turn.wait(false);
                t = unsafe { *m.at::<u64>(0x0) } as u64;
            }
        }
        3 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// what was released is not acquired
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_message_passing_relaxed_load(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
        }
        1 => {
            turn.wait(false);
            unsafe { *m.at::<u64>(0x0) = 1 as u64 };
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(1 as u32, Release);
        }
        2 => {
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Relaxed) as u64;
            if r == 1 {
                turn.wait(false);
                t = unsafe { *m.at::<u64>(0x0) } as u64;
            }
        }
        3 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// the load reads from the store, so it synchronises with it
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_message_passing_release_acquire(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
        }
        1 => {
            turn.wait(false);
            unsafe { *m.at::<u64>(0x0) = 1 as u64 };
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(1 as u32, Release);
        }
        2 => {
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Acquire) as u64;
            if r == 1 {
                turn.wait(false);
                t = unsafe { *m.at::<u64>(0x0) } as u64;
            }
        }
        3 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// seq_cst is release and acquire as well
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_message_passing_seq_cst(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
        }
        1 => {
            turn.wait(false);
            unsafe { *m.at::<u64>(0x0) = 1 as u64 };
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(1 as u32, SeqCst);
        }
        2 => {
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(SeqCst) as u64;
            if r == 1 {
                turn.wait(false);
                t = unsafe { *m.at::<u64>(0x0) } as u64;
            }
        }
        3 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// it releases as a store does
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_message_passing_raised_by_an_acq_rel_read_modify_write(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
        }
        1 => {
            turn.wait(false);
            unsafe { *m.at::<u64>(0x0) = 1 as u64 };
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.fetch_add(1, AcqRel) as u64;
        }
        2 => {
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Acquire) as u64;
            if r == 1 {
                turn.wait(false);
                t = unsafe { *m.at::<u64>(0x0) } as u64;
            }
        }
        3 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// an acquire does not release
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_message_passing_raised_by_an_acquire_read_modify_write(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
        }
        1 => {
            turn.wait(false);
            unsafe { *m.at::<u64>(0x0) = 1 as u64 };
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.fetch_add(1, Acquire) as u64;
        }
        2 => {
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Acquire) as u64;
            if r == 1 {
                turn.wait(false);
                t = unsafe { *m.at::<u64>(0x0) } as u64;
            }
        }
        3 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// a failed exchange is a load
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_message_passing_seen_by_a_failed_exchange_acquire_on_failure(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
        }
        1 => {
            turn.wait(false);
            unsafe { *m.at::<u64>(0x0) = 1 as u64 };
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(1 as u32, Release);
        }
        2 => {
            turn.wait(false);
            r = match unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.compare_exchange(7 as u32, 8 as u32, AcqRel, Acquire) { Ok(old) | Err(old) => old as u64 };
            if r == 1 {
                turn.wait(false);
                t = unsafe { *m.at::<u64>(0x0) } as u64;
            }
        }
        3 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// the ordering of success does not count
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_message_passing_seen_by_a_failed_exchange_relaxed_on_failure(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
        }
        1 => {
            turn.wait(false);
            unsafe { *m.at::<u64>(0x0) = 1 as u64 };
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(1 as u32, Release);
        }
        2 => {
            turn.wait(false);
            r = match unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.compare_exchange(7 as u32, 8 as u32, AcqRel, Relaxed) { Ok(old) | Err(old) => old as u64 };
            if r == 1 {
                turn.wait(false);
                t = unsafe { *m.at::<u64>(0x0) } as u64;
            }
        }
        3 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// a release fence before the store, an acquire fence after the load
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_message_passing_fences_around_relaxed(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
        }
        1 => {
            turn.wait(false);
            unsafe { *m.at::<u64>(0x0) = 1 as u64 };
            turn.wait(false);
            fence(Release);
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(1 as u32, Relaxed);
        }
        2 => {
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Relaxed) as u64;
            turn.wait(false);
            fence(Acquire);
            if r == 1 {
                turn.wait(false);
                t = unsafe { *m.at::<u64>(0x0) } as u64;
            }
        }
        3 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// nothing acquires
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_message_passing_release_fence_only(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
        }
        1 => {
            turn.wait(false);
            unsafe { *m.at::<u64>(0x0) = 1 as u64 };
            turn.wait(false);
            fence(Release);
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(1 as u32, Relaxed);
        }
        2 => {
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Relaxed) as u64;
            if r == 1 {
                turn.wait(false);
                t = unsafe { *m.at::<u64>(0x0) } as u64;
            }
        }
        3 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// nothing releases
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_message_passing_acquire_fence_only(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
        }
        1 => {
            turn.wait(false);
            unsafe { *m.at::<u64>(0x0) = 1 as u64 };
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(1 as u32, Relaxed);
        }
        2 => {
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Relaxed) as u64;
            turn.wait(false);
            fence(Acquire);
            if r == 1 {
                turn.wait(false);
                t = unsafe { *m.at::<u64>(0x0) } as u64;
            }
        }
        3 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// a fence lends itself to later stores only
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_message_passing_release_fence_after_the_store(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
        }
        1 => {
            turn.wait(false);
            unsafe { *m.at::<u64>(0x0) = 1 as u64 };
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(1 as u32, Relaxed);
            turn.wait(false);
            fence(Release);
        }
        2 => {
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Relaxed) as u64;
            turn.wait(false);
            fence(Acquire);
            if r == 1 {
                turn.wait(false);
                t = unsafe { *m.at::<u64>(0x0) } as u64;
            }
        }
        3 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// a fence takes what earlier loads read only
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_message_passing_acquire_fence_before_the_load(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
        }
        1 => {
            turn.wait(false);
            unsafe { *m.at::<u64>(0x0) = 1 as u64 };
            turn.wait(false);
            fence(Release);
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(1 as u32, Relaxed);
        }
        2 => {
            turn.wait(false);
            fence(Acquire);
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Relaxed) as u64;
            if r == 1 {
                turn.wait(false);
                t = unsafe { *m.at::<u64>(0x0) } as u64;
            }
        }
        3 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// each on the wrong side
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_message_passing_acquire_fence_release_fence(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
        }
        1 => {
            turn.wait(false);
            unsafe { *m.at::<u64>(0x0) = 1 as u64 };
            turn.wait(false);
            fence(Acquire);
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(1 as u32, Relaxed);
        }
        2 => {
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Relaxed) as u64;
            turn.wait(false);
            fence(Release);
            if r == 1 {
                turn.wait(false);
                t = unsafe { *m.at::<u64>(0x0) } as u64;
            }
        }
        3 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// a release orders what came before it
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_message_passing_data_written_after_the_flag(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
        }
        1 => {
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(1 as u32, Release);
            turn.wait(false);
            unsafe { *m.at::<u64>(0x0) = 1 as u64 };
        }
        2 => {
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Acquire) as u64;
            if r == 1 {
                turn.wait(false);
                t = unsafe { *m.at::<u64>(0x0) } as u64;
            }
        }
        3 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// who does not wait may come first
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_message_passing_flag_not_looked_at(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
        }
        1 => {
            turn.wait(false);
            unsafe { *m.at::<u64>(0x0) = 1 as u64 };
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(1 as u32, Release);
        }
        2 => {
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Acquire) as u64;
            turn.wait(false);
            t = unsafe { *m.at::<u64>(0x0) } as u64;
        }
        3 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// on the flag itself
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_message_passing_plain_flag(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
        }
        1 => {
            turn.wait(false);
            unsafe { *m.at::<u64>(0x0) = 1 as u64 };
            turn.wait(false);
            unsafe { *m.at::<u32>(0x80) = 1 as u32 };
        }
        2 => {
            turn.wait(false);
            r = unsafe { *m.at::<u32>(0x80) } as u64;
            if r == 1 {
                turn.wait(false);
                t = unsafe { *m.at::<u64>(0x0) } as u64;
            }
        }
        3 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// the writer looks again without waiting
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_message_passing_reader_writes_back(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
        }
        1 => {
            turn.wait(false);
            unsafe { *m.at::<u64>(0x0) = 1 as u64 };
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(1 as u32, Release);
            turn.wait(false);
            t = unsafe { *m.at::<u64>(0x0) } as u64;
        }
        2 => {
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Acquire) as u64;
            if r == 1 {
                turn.wait(false);
                unsafe { *m.at::<u64>(0x0) = 1 as u64 };
            }
        }
        3 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// each hands over to the other
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_message_passing_reader_writes_back_and_answers(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
        }
        1 => {
            turn.wait(false);
            unsafe { *m.at::<u64>(0x0) = 1 as u64 };
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(1 as u32, Release);
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0xc0)) }.load(Acquire) as u64;
            if r == 1 {
                turn.wait(false);
                t = unsafe { *m.at::<u64>(0x0) } as u64;
            }
        }
        2 => {
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Acquire) as u64;
            if r == 1 {
                turn.wait(false);
                unsafe { *m.at::<u64>(0x0) = 1 as u64 };
                turn.wait(false);
                unsafe { AtomicU32::from_ptr(m.at::<u32>(0xc0)) }.store(1 as u32, Release);
            }
        }
        3 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// the fences have an order; the later one's thread sees the other's store
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_store_buffering_seq_cst_fences(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
        }
        1 => {
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(1 as u32, Relaxed);
            turn.wait(false);
            fence(SeqCst);
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0xc0)) }.load(Relaxed) as u64;
            if r == 0 {
                turn.wait(false);
                unsafe { *m.at::<u64>(0x0) = 1 as u64 };
            }
        }
        2 => {
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0xc0)) }.store(1 as u32, Relaxed);
            turn.wait(false);
            fence(SeqCst);
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Relaxed) as u64;
            if r == 0 {
                turn.wait(false);
                unsafe { *m.at::<u64>(0x0) = 1 as u64 };
            }
        }
        3 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// they have one order, in which a load comes after the other's store
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_store_buffering_seq_cst_operations(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
        }
        1 => {
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(1 as u32, SeqCst);
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0xc0)) }.load(SeqCst) as u64;
            if r == 0 {
                turn.wait(false);
                unsafe { *m.at::<u64>(0x0) = 1 as u64 };
            }
        }
        2 => {
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0xc0)) }.store(1 as u32, SeqCst);
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(SeqCst) as u64;
            if r == 0 {
                turn.wait(false);
                unsafe { *m.at::<u64>(0x0) = 1 as u64 };
            }
        }
        3 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// both may see 0, and go on
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_store_buffering_relaxed(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
        }
        1 => {
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(1 as u32, Relaxed);
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0xc0)) }.load(Relaxed) as u64;
            if r == 0 {
                turn.wait(false);
                unsafe { *m.at::<u64>(0x0) = 1 as u64 };
            }
        }
        2 => {
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0xc0)) }.store(1 as u32, Relaxed);
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Relaxed) as u64;
            if r == 0 {
                turn.wait(false);
                unsafe { *m.at::<u64>(0x0) = 1 as u64 };
            }
        }
        3 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// a store may pass a later load
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_store_buffering_release_acquire(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
        }
        1 => {
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(1 as u32, Release);
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0xc0)) }.load(Acquire) as u64;
            if r == 0 {
                turn.wait(false);
                unsafe { *m.at::<u64>(0x0) = 1 as u64 };
            }
        }
        2 => {
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0xc0)) }.store(1 as u32, Release);
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Acquire) as u64;
            if r == 0 {
                turn.wait(false);
                unsafe { *m.at::<u64>(0x0) = 1 as u64 };
            }
        }
        3 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// they do not order a store before a later load
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_store_buffering_acq_rel_fences(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
        }
        1 => {
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(1 as u32, Relaxed);
            turn.wait(false);
            fence(AcqRel);
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0xc0)) }.load(Relaxed) as u64;
            if r == 0 {
                turn.wait(false);
                unsafe { *m.at::<u64>(0x0) = 1 as u64 };
            }
        }
        2 => {
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0xc0)) }.store(1 as u32, Relaxed);
            turn.wait(false);
            fence(AcqRel);
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Relaxed) as u64;
            if r == 0 {
                turn.wait(false);
                unsafe { *m.at::<u64>(0x0) = 1 as u64 };
            }
        }
        3 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// who comes later is not ordered after who left
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_store_buffering_seq_cst_fences_leaving_by_a_relaxed_store(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
        }
        1 => {
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(1 as u32, Relaxed);
            turn.wait(false);
            fence(SeqCst);
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0xc0)) }.load(Relaxed) as u64;
            if r == 0 {
                turn.wait(false);
                unsafe { *m.at::<u64>(0x0) = 1 as u64 };
                turn.wait(false);
                unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(0 as u32, Relaxed);
            }
        }
        2 => {
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0xc0)) }.store(1 as u32, Relaxed);
            turn.wait(false);
            fence(SeqCst);
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Relaxed) as u64;
            if r == 0 {
                turn.wait(false);
                unsafe { *m.at::<u64>(0x0) = 1 as u64 };
                turn.wait(false);
                unsafe { AtomicU32::from_ptr(m.at::<u32>(0xc0)) }.store(0 as u32, Relaxed);
            }
        }
        3 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// what was released is not acquired
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_store_buffering_seq_cst_fences_leaving_by_a_release_store(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
        }
        1 => {
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(1 as u32, Relaxed);
            turn.wait(false);
            fence(SeqCst);
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0xc0)) }.load(Relaxed) as u64;
            if r == 0 {
                turn.wait(false);
                unsafe { *m.at::<u64>(0x0) = 1 as u64 };
                turn.wait(false);
                unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(0 as u32, Release);
            }
        }
        2 => {
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0xc0)) }.store(1 as u32, Relaxed);
            turn.wait(false);
            fence(SeqCst);
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Relaxed) as u64;
            if r == 0 {
                turn.wait(false);
                unsafe { *m.at::<u64>(0x0) = 1 as u64 };
                turn.wait(false);
                unsafe { AtomicU32::from_ptr(m.at::<u32>(0xc0)) }.store(0 as u32, Release);
            }
        }
        3 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// the load that lets in reads the store that left
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_store_buffering_seq_cst_fences_a_release_fence_before_leaving_an_acquire_fence_on_entering(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
        }
        1 => {
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(1 as u32, Relaxed);
            turn.wait(false);
            fence(SeqCst);
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0xc0)) }.load(Relaxed) as u64;
            if r == 0 {
                turn.wait(false);
                fence(Acquire);
                turn.wait(false);
                unsafe { *m.at::<u64>(0x0) = 1 as u64 };
                turn.wait(false);
                fence(Release);
                turn.wait(false);
                unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(0 as u32, Relaxed);
            }
        }
        2 => {
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0xc0)) }.store(1 as u32, Relaxed);
            turn.wait(false);
            fence(SeqCst);
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Relaxed) as u64;
            if r == 0 {
                turn.wait(false);
                fence(Acquire);
                turn.wait(false);
                unsafe { *m.at::<u64>(0x0) = 1 as u64 };
                turn.wait(false);
                fence(Release);
                turn.wait(false);
                unsafe { AtomicU32::from_ptr(m.at::<u32>(0xc0)) }.store(0 as u32, Relaxed);
            }
        }
        3 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// the fence on entering came before the load
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_store_buffering_seq_cst_fences_a_release_fence_before_leaving(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
        }
        1 => {
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(1 as u32, Relaxed);
            turn.wait(false);
            fence(SeqCst);
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0xc0)) }.load(Relaxed) as u64;
            if r == 0 {
                turn.wait(false);
                unsafe { *m.at::<u64>(0x0) = 1 as u64 };
                turn.wait(false);
                fence(Release);
                turn.wait(false);
                unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(0 as u32, Relaxed);
            }
        }
        2 => {
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0xc0)) }.store(1 as u32, Relaxed);
            turn.wait(false);
            fence(SeqCst);
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Relaxed) as u64;
            if r == 0 {
                turn.wait(false);
                unsafe { *m.at::<u64>(0x0) = 1 as u64 };
                turn.wait(false);
                fence(Release);
                turn.wait(false);
                unsafe { AtomicU32::from_ptr(m.at::<u32>(0xc0)) }.store(0 as u32, Relaxed);
            }
        }
        3 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// it continues the release sequence
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_release_sequences_relaxed_read_modify_write(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
        }
        1 => {
            turn.wait(false);
            unsafe { *m.at::<u64>(0x0) = 1 as u64 };
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(1 as u32, Release);
        }
        2 => {
            turn.wait(false);
            r = match unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.compare_exchange(1 as u32, 2 as u32, Relaxed, Relaxed) { Ok(old) | Err(old) => old as u64 };
        }
        3 => {
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Acquire) as u64;
            if r == 2 {
                turn.wait(false);
                t = unsafe { *m.at::<u64>(0x0) } as u64;
            }
        }
        4 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// so do any number
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_release_sequences_two_relaxed_read_modify_writes(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
        }
        1 => {
            turn.wait(false);
            unsafe { *m.at::<u64>(0x0) = 1 as u64 };
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(1 as u32, Release);
        }
        2 => {
            turn.wait(false);
            r = match unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.compare_exchange(1 as u32, 2 as u32, Relaxed, Relaxed) { Ok(old) | Err(old) => old as u64 };
            turn.wait(false);
            r = match unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.compare_exchange(2 as u32, 3 as u32, Relaxed, Relaxed) { Ok(old) | Err(old) => old as u64 };
        }
        3 => {
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Acquire) as u64;
            if r == 3 {
                turn.wait(false);
                t = unsafe { *m.at::<u64>(0x0) } as u64;
            }
        }
        4 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// whatever its ordering
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_release_sequences_acquire_read_modify_write(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
        }
        1 => {
            turn.wait(false);
            unsafe { *m.at::<u64>(0x0) = 1 as u64 };
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(1 as u32, Release);
        }
        2 => {
            turn.wait(false);
            r = match unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.compare_exchange(1 as u32, 2 as u32, Acquire, Relaxed) { Ok(old) | Err(old) => old as u64 };
        }
        3 => {
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Acquire) as u64;
            if r == 2 {
                turn.wait(false);
                t = unsafe { *m.at::<u64>(0x0) } as u64;
            }
        }
        4 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// it heads a sequence of its own, and continues the first
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_release_sequences_release_read_modify_write(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
        }
        1 => {
            turn.wait(false);
            unsafe { *m.at::<u64>(0x0) = 1 as u64 };
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(1 as u32, Release);
        }
        2 => {
            turn.wait(false);
            r = match unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.compare_exchange(1 as u32, 2 as u32, Release, Relaxed) { Ok(old) | Err(old) => old as u64 };
        }
        3 => {
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Acquire) as u64;
            if r == 2 {
                turn.wait(false);
                t = unsafe { *m.at::<u64>(0x0) } as u64;
            }
        }
        4 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// it may come before the release, and the load then reads from it alone
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_release_sequences_relaxed_swap(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
        }
        1 => {
            turn.wait(false);
            unsafe { *m.at::<u64>(0x0) = 1 as u64 };
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(1 as u32, Release);
        }
        2 => {
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.swap(2 as u32, Relaxed) as u64;
        }
        3 => {
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Acquire) as u64;
            if r == 2 {
                turn.wait(false);
                t = unsafe { *m.at::<u64>(0x0) } as u64;
            }
        }
        4 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// a store ends the sequence
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_release_sequences_relaxed_store(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
        }
        1 => {
            turn.wait(false);
            unsafe { *m.at::<u64>(0x0) = 1 as u64 };
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(1 as u32, Release);
        }
        2 => {
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Relaxed) as u64;
            if r == 1 {
                turn.wait(false);
                unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(2 as u32, Relaxed);
            }
        }
        3 => {
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Acquire) as u64;
            if r == 2 {
                turn.wait(false);
                t = unsafe { *m.at::<u64>(0x0) } as u64;
            }
        }
        4 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// and heads one of its own
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_release_sequences_release_store(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
        }
        1 => {
            turn.wait(false);
            unsafe { *m.at::<u64>(0x0) = 1 as u64 };
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(1 as u32, Release);
        }
        2 => {
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Relaxed) as u64;
            if r == 1 {
                turn.wait(false);
                unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(2 as u32, Release);
            }
        }
        3 => {
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Acquire) as u64;
            if r == 2 {
                turn.wait(false);
                t = unsafe { *m.at::<u64>(0x0) } as u64;
            }
        }
        4 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// who knows hands on
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_release_sequences_acquire_load_release_store(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
        }
        1 => {
            turn.wait(false);
            unsafe { *m.at::<u64>(0x0) = 1 as u64 };
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(1 as u32, Release);
        }
        2 => {
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Acquire) as u64;
            if r == 1 {
                turn.wait(false);
                unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(2 as u32, Release);
            }
        }
        3 => {
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Acquire) as u64;
            if r == 2 {
                turn.wait(false);
                t = unsafe { *m.at::<u64>(0x0) } as u64;
            }
        }
        4 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// since C++20; until C++17 it continued the sequence
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_release_sequences_relaxed_store_by_the_releasing_thread(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
        }
        1 => {
            turn.wait(false);
            unsafe { *m.at::<u64>(0x0) = 1 as u64 };
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(1 as u32, Release);
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(2 as u32, Relaxed);
        }
        2 => {
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Acquire) as u64;
            if r == 2 {
                turn.wait(false);
                t = unsafe { *m.at::<u64>(0x0) } as u64;
            }
        }
        3 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// as by any other
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_release_sequences_relaxed_read_modify_write_by_the_releasing_thread(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
        }
        1 => {
            turn.wait(false);
            unsafe { *m.at::<u64>(0x0) = 1 as u64 };
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(1 as u32, Release);
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.fetch_add(1, Relaxed) as u64;
        }
        2 => {
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Acquire) as u64;
            if r == 2 {
                turn.wait(false);
                t = unsafe { *m.at::<u64>(0x0) } as u64;
            }
        }
        3 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// it writes nothing, so it ends nothing
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_release_sequences_failed_exchange(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
        }
        1 => {
            turn.wait(false);
            unsafe { *m.at::<u64>(0x0) = 1 as u64 };
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(1 as u32, Release);
        }
        2 => {
            turn.wait(false);
            r = match unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.compare_exchange(7 as u32, 8 as u32, Relaxed, Relaxed) { Ok(old) | Err(old) => old as u64 };
        }
        3 => {
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Acquire) as u64;
            if r == 1 {
                turn.wait(false);
                t = unsafe { *m.at::<u64>(0x0) } as u64;
            }
        }
        4 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// the hypothetical sequence of the fence goes on as well
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_release_sequences_relaxed_store_after_a_release_fence_relaxed_read_modify_write(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
        }
        1 => {
            turn.wait(false);
            unsafe { *m.at::<u64>(0x0) = 1 as u64 };
            turn.wait(false);
            fence(Release);
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(1 as u32, Relaxed);
        }
        2 => {
            turn.wait(false);
            r = match unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.compare_exchange(1 as u32, 2 as u32, Relaxed, Relaxed) { Ok(old) | Err(old) => old as u64 };
        }
        3 => {
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Acquire) as u64;
            if r == 2 {
                turn.wait(false);
                t = unsafe { *m.at::<u64>(0x0) } as u64;
            }
        }
        4 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// the load synchronises with both heads
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_release_sequences_two_release_read_modify_writes(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
        }
        1 => {
            turn.wait(false);
            unsafe { *m.at::<u64>(0x0) = 1 as u64 };
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.fetch_add(1, Release) as u64;
        }
        2 => {
            turn.wait(false);
            unsafe { *m.at::<u64>(0x10) = 1 as u64 };
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.fetch_add(1, Release) as u64;
        }
        3 => {
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Acquire) as u64;
            if r == 2 {
                turn.wait(false);
                t = unsafe { *m.at::<u64>(0x0) } as u64;
                turn.wait(false);
                t = unsafe { *m.at::<u64>(0x10) } as u64;
            }
        }
        4 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// the relaxed one releases nothing of its own thread's
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_release_sequences_a_release_and_a_relaxed_read_modify_write(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
        }
        1 => {
            turn.wait(false);
            unsafe { *m.at::<u64>(0x0) = 1 as u64 };
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.fetch_add(1, Release) as u64;
        }
        2 => {
            turn.wait(false);
            unsafe { *m.at::<u64>(0x10) = 1 as u64 };
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.fetch_add(1, Relaxed) as u64;
        }
        3 => {
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Acquire) as u64;
            if r == 2 {
                turn.wait(false);
                t = unsafe { *m.at::<u64>(0x0) } as u64;
                turn.wait(false);
                t = unsafe { *m.at::<u64>(0x10) } as u64;
            }
        }
        4 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// a read that is then thrown away is a read
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_seqlock_plain_data_fences(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
        }
        1 => {
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(1 as u32, Relaxed);
            turn.wait(false);
            fence(Release);
            turn.wait(false);
            unsafe { *m.at::<u64>(0x0) = 1 as u64 };
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(2 as u32, Release);
        }
        2 => {
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Acquire) as u64;
            if r % 2 == 0 {
                turn.wait(false);
                t = unsafe { *m.at::<u64>(0x0) } as u64;
                turn.wait(false);
                fence(Acquire);
                turn.wait(false);
                s = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Relaxed) as u64;
                if r == s {
                }
            }
        }
        3 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// likewise
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_seqlock_plain_data_no_fences(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
        }
        1 => {
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(1 as u32, Relaxed);
            turn.wait(false);
            unsafe { *m.at::<u64>(0x0) = 1 as u64 };
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(2 as u32, Release);
        }
        2 => {
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Acquire) as u64;
            if r % 2 == 0 {
                turn.wait(false);
                t = unsafe { *m.at::<u64>(0x0) } as u64;
                turn.wait(false);
                s = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Relaxed) as u64;
                if r == s {
                }
            }
        }
        3 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// atomics do not race
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_seqlock_relaxed_atomic_data_fences(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
        }
        1 => {
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(1 as u32, Relaxed);
            turn.wait(false);
            fence(Release);
            turn.wait(false);
            unsafe { AtomicU64::from_ptr(m.at::<u64>(0x0)) }.store(1 as u64, Relaxed);
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(2 as u32, Release);
        }
        2 => {
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Acquire) as u64;
            if r % 2 == 0 {
                turn.wait(false);
                t = unsafe { AtomicU64::from_ptr(m.at::<u64>(0x0)) }.load(Relaxed) as u64;
                turn.wait(false);
                fence(Acquire);
                turn.wait(false);
                s = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Relaxed) as u64;
                if r == s {
                }
            }
        }
        3 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// what it reads may be torn: no race, and no less wrong
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_seqlock_relaxed_atomic_data_no_fences(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
        }
        1 => {
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(1 as u32, Relaxed);
            turn.wait(false);
            unsafe { AtomicU64::from_ptr(m.at::<u64>(0x0)) }.store(1 as u64, Relaxed);
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(2 as u32, Release);
        }
        2 => {
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Acquire) as u64;
            if r % 2 == 0 {
                turn.wait(false);
                t = unsafe { AtomicU64::from_ptr(m.at::<u64>(0x0)) }.load(Relaxed) as u64;
                turn.wait(false);
                s = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Relaxed) as u64;
                if r == s {
                }
            }
        }
        3 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// the first look acquires the last release
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_seqlock_pointer_to_what_was_written_before_acquire(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
        }
        1 => {
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(1 as u32, Relaxed);
            turn.wait(false);
            fence(Release);
            turn.wait(false);
            unsafe { *m.at::<u64>(0x10) = 1 as u64 };
            turn.wait(false);
            unsafe { AtomicU64::from_ptr(m.at::<u64>(0x0)) }.store(1 as u64, Relaxed);
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(2 as u32, Release);
        }
        2 => {
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Acquire) as u64;
            if r % 2 == 0 {
                turn.wait(false);
                t = unsafe { AtomicU64::from_ptr(m.at::<u64>(0x0)) }.load(Relaxed) as u64;
                turn.wait(false);
                fence(Acquire);
                turn.wait(false);
                s = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Relaxed) as u64;
                if r == s {
                    if r == 2 {
                        if t == 1 {
                            turn.wait(false);
                            t = unsafe { *m.at::<u64>(0x10) } as u64;
                        }
                    }
                }
            }
        }
        3 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// the fence before the second look stands for it
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_seqlock_pointer_to_what_was_written_before_relaxed_first_look_acquire_fence(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
        }
        1 => {
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(1 as u32, Relaxed);
            turn.wait(false);
            fence(Release);
            turn.wait(false);
            unsafe { *m.at::<u64>(0x10) = 1 as u64 };
            turn.wait(false);
            unsafe { AtomicU64::from_ptr(m.at::<u64>(0x0)) }.store(1 as u64, Relaxed);
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(2 as u32, Release);
        }
        2 => {
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Relaxed) as u64;
            if r % 2 == 0 {
                turn.wait(false);
                t = unsafe { AtomicU64::from_ptr(m.at::<u64>(0x0)) }.load(Relaxed) as u64;
                turn.wait(false);
                fence(Acquire);
                turn.wait(false);
                s = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Relaxed) as u64;
                if r == s {
                    if r == 2 {
                        if t == 1 {
                            turn.wait(false);
                            t = unsafe { *m.at::<u64>(0x10) } as u64;
                        }
                    }
                }
            }
        }
        3 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// nothing acquires
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_seqlock_pointer_to_what_was_written_before_relaxed_first_look_no_fences(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
        }
        1 => {
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(1 as u32, Relaxed);
            turn.wait(false);
            unsafe { *m.at::<u64>(0x10) = 1 as u64 };
            turn.wait(false);
            unsafe { AtomicU64::from_ptr(m.at::<u64>(0x0)) }.store(1 as u64, Relaxed);
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(2 as u32, Release);
        }
        2 => {
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Relaxed) as u64;
            if r % 2 == 0 {
                turn.wait(false);
                t = unsafe { AtomicU64::from_ptr(m.at::<u64>(0x0)) }.load(Relaxed) as u64;
                turn.wait(false);
                s = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Relaxed) as u64;
                if r == s {
                    if r == 2 {
                        if t == 1 {
                            turn.wait(false);
                            t = unsafe { *m.at::<u64>(0x10) } as u64;
                        }
                    }
                }
            }
        }
        3 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// at most one enters, and who enters later reads from who left
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_dekker_seq_cst(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
        }
        1 => {
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(1 as u32, SeqCst);
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0xc0)) }.load(SeqCst) as u64;
            if r == 0 {
                turn.wait(false);
                unsafe { *m.at::<u64>(0x0) = 1 as u64 };
                turn.wait(false);
                unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(0 as u32, SeqCst);
            }
        }
        2 => {
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0xc0)) }.store(1 as u32, SeqCst);
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(SeqCst) as u64;
            if r == 0 {
                turn.wait(false);
                unsafe { *m.at::<u64>(0x0) = 1 as u64 };
                turn.wait(false);
                unsafe { AtomicU32::from_ptr(m.at::<u32>(0xc0)) }.store(0 as u32, SeqCst);
            }
        }
        3 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// a seq_cst load acquires from a release store
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_dekker_seq_cst_leaving_by_release(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
        }
        1 => {
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(1 as u32, SeqCst);
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0xc0)) }.load(SeqCst) as u64;
            if r == 0 {
                turn.wait(false);
                unsafe { *m.at::<u64>(0x0) = 1 as u64 };
                turn.wait(false);
                unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(0 as u32, Release);
            }
        }
        2 => {
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0xc0)) }.store(1 as u32, SeqCst);
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(SeqCst) as u64;
            if r == 0 {
                turn.wait(false);
                unsafe { *m.at::<u64>(0x0) = 1 as u64 };
                turn.wait(false);
                unsafe { AtomicU32::from_ptr(m.at::<u32>(0xc0)) }.store(0 as u32, Release);
            }
        }
        3 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// nothing is released on leaving
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_dekker_seq_cst_leaving_by_relaxed(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
        }
        1 => {
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(1 as u32, SeqCst);
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0xc0)) }.load(SeqCst) as u64;
            if r == 0 {
                turn.wait(false);
                unsafe { *m.at::<u64>(0x0) = 1 as u64 };
                turn.wait(false);
                unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(0 as u32, Relaxed);
            }
        }
        2 => {
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0xc0)) }.store(1 as u32, SeqCst);
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(SeqCst) as u64;
            if r == 0 {
                turn.wait(false);
                unsafe { *m.at::<u64>(0x0) = 1 as u64 };
                turn.wait(false);
                unsafe { AtomicU32::from_ptr(m.at::<u32>(0xc0)) }.store(0 as u32, Relaxed);
            }
        }
        3 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// both may enter, as in store buffering
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_dekker_release_acquire(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
        }
        1 => {
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(1 as u32, Release);
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0xc0)) }.load(Acquire) as u64;
            if r == 0 {
                turn.wait(false);
                unsafe { *m.at::<u64>(0x0) = 1 as u64 };
                turn.wait(false);
                unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(0 as u32, Release);
            }
        }
        2 => {
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0xc0)) }.store(1 as u32, Release);
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Acquire) as u64;
            if r == 0 {
                turn.wait(false);
                unsafe { *m.at::<u64>(0x0) = 1 as u64 };
                turn.wait(false);
                unsafe { AtomicU32::from_ptr(m.at::<u32>(0xc0)) }.store(0 as u32, Release);
            }
        }
        3 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// who enters later is not ordered after who left
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_dekker_relaxed(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
        }
        1 => {
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(1 as u32, Relaxed);
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0xc0)) }.load(Relaxed) as u64;
            if r == 0 {
                turn.wait(false);
                unsafe { *m.at::<u64>(0x0) = 1 as u64 };
                turn.wait(false);
                unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(0 as u32, Relaxed);
            }
        }
        2 => {
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0xc0)) }.store(1 as u32, Relaxed);
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Relaxed) as u64;
            if r == 0 {
                turn.wait(false);
                unsafe { *m.at::<u64>(0x0) = 1 as u64 };
                turn.wait(false);
                unsafe { AtomicU32::from_ptr(m.at::<u32>(0xc0)) }.store(0 as u32, Relaxed);
            }
        }
        3 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// at most one enters, and who enters later reads from who left
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_peterson_seq_cst(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
        }
        1 => {
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(1 as u32, SeqCst);
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0x100)) }.store(2 as u32, SeqCst);
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0xc0)) }.load(SeqCst) as u64;
            if r == 0 {
                turn.wait(false);
                unsafe { *m.at::<u64>(0x0) = 1 as u64 };
                turn.wait(false);
                unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(0 as u32, SeqCst);
            } else {
                turn.wait(false);
                r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x100)) }.load(SeqCst) as u64;
                if r == 1 {
                    turn.wait(false);
                    unsafe { *m.at::<u64>(0x0) = 1 as u64 };
                    turn.wait(false);
                    unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(0 as u32, SeqCst);
                }
            }
        }
        2 => {
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0xc0)) }.store(1 as u32, SeqCst);
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0x100)) }.store(1 as u32, SeqCst);
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(SeqCst) as u64;
            if r == 0 {
                turn.wait(false);
                unsafe { *m.at::<u64>(0x0) = 1 as u64 };
                turn.wait(false);
                unsafe { AtomicU32::from_ptr(m.at::<u32>(0xc0)) }.store(0 as u32, SeqCst);
            } else {
                turn.wait(false);
                r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x100)) }.load(SeqCst) as u64;
                if r == 2 {
                    turn.wait(false);
                    unsafe { *m.at::<u64>(0x0) = 1 as u64 };
                    turn.wait(false);
                    unsafe { AtomicU32::from_ptr(m.at::<u32>(0xc0)) }.store(0 as u32, SeqCst);
                }
            }
        }
        3 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// a seq_cst load acquires from a release store
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_peterson_seq_cst_leaving_by_release(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
        }
        1 => {
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(1 as u32, SeqCst);
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0x100)) }.store(2 as u32, SeqCst);
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0xc0)) }.load(SeqCst) as u64;
            if r == 0 {
                turn.wait(false);
                unsafe { *m.at::<u64>(0x0) = 1 as u64 };
                turn.wait(false);
                unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(0 as u32, Release);
            } else {
                turn.wait(false);
                r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x100)) }.load(SeqCst) as u64;
                if r == 1 {
                    turn.wait(false);
                    unsafe { *m.at::<u64>(0x0) = 1 as u64 };
                    turn.wait(false);
                    unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(0 as u32, Release);
                }
            }
        }
        2 => {
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0xc0)) }.store(1 as u32, SeqCst);
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0x100)) }.store(1 as u32, SeqCst);
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(SeqCst) as u64;
            if r == 0 {
                turn.wait(false);
                unsafe { *m.at::<u64>(0x0) = 1 as u64 };
                turn.wait(false);
                unsafe { AtomicU32::from_ptr(m.at::<u32>(0xc0)) }.store(0 as u32, Release);
            } else {
                turn.wait(false);
                r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x100)) }.load(SeqCst) as u64;
                if r == 2 {
                    turn.wait(false);
                    unsafe { *m.at::<u64>(0x0) = 1 as u64 };
                    turn.wait(false);
                    unsafe { AtomicU32::from_ptr(m.at::<u32>(0xc0)) }.store(0 as u32, Release);
                }
            }
        }
        3 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// both may miss the other's announcement
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_peterson_release_acquire(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
        }
        1 => {
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(1 as u32, Release);
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0x100)) }.store(2 as u32, Release);
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0xc0)) }.load(Acquire) as u64;
            if r == 0 {
                turn.wait(false);
                unsafe { *m.at::<u64>(0x0) = 1 as u64 };
                turn.wait(false);
                unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(0 as u32, Release);
            } else {
                turn.wait(false);
                r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x100)) }.load(Acquire) as u64;
                if r == 1 {
                    turn.wait(false);
                    unsafe { *m.at::<u64>(0x0) = 1 as u64 };
                    turn.wait(false);
                    unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(0 as u32, Release);
                }
            }
        }
        2 => {
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0xc0)) }.store(1 as u32, Release);
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0x100)) }.store(1 as u32, Release);
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Acquire) as u64;
            if r == 0 {
                turn.wait(false);
                unsafe { *m.at::<u64>(0x0) = 1 as u64 };
                turn.wait(false);
                unsafe { AtomicU32::from_ptr(m.at::<u32>(0xc0)) }.store(0 as u32, Release);
            } else {
                turn.wait(false);
                r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x100)) }.load(Acquire) as u64;
                if r == 2 {
                    turn.wait(false);
                    unsafe { *m.at::<u64>(0x0) = 1 as u64 };
                    turn.wait(false);
                    unsafe { AtomicU32::from_ptr(m.at::<u32>(0xc0)) }.store(0 as u32, Release);
                }
            }
        }
        3 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// who enters later is not ordered after who left
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_peterson_relaxed(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
        }
        1 => {
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(1 as u32, Relaxed);
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0x100)) }.store(2 as u32, Relaxed);
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0xc0)) }.load(Relaxed) as u64;
            if r == 0 {
                turn.wait(false);
                unsafe { *m.at::<u64>(0x0) = 1 as u64 };
                turn.wait(false);
                unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(0 as u32, Relaxed);
            } else {
                turn.wait(false);
                r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x100)) }.load(Relaxed) as u64;
                if r == 1 {
                    turn.wait(false);
                    unsafe { *m.at::<u64>(0x0) = 1 as u64 };
                    turn.wait(false);
                    unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(0 as u32, Relaxed);
                }
            }
        }
        2 => {
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0xc0)) }.store(1 as u32, Relaxed);
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0x100)) }.store(1 as u32, Relaxed);
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Relaxed) as u64;
            if r == 0 {
                turn.wait(false);
                unsafe { *m.at::<u64>(0x0) = 1 as u64 };
                turn.wait(false);
                unsafe { AtomicU32::from_ptr(m.at::<u32>(0xc0)) }.store(0 as u32, Relaxed);
            } else {
                turn.wait(false);
                r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x100)) }.load(Relaxed) as u64;
                if r == 2 {
                    turn.wait(false);
                    unsafe { *m.at::<u64>(0x0) = 1 as u64 };
                    turn.wait(false);
                    unsafe { AtomicU32::from_ptr(m.at::<u32>(0xc0)) }.store(0 as u32, Relaxed);
                }
            }
        }
        3 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// nothing is released on leaving
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_peterson_seq_cst_leaving_by_relaxed(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
        }
        1 => {
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(1 as u32, SeqCst);
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0x100)) }.store(2 as u32, SeqCst);
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0xc0)) }.load(SeqCst) as u64;
            if r == 0 {
                turn.wait(false);
                unsafe { *m.at::<u64>(0x0) = 1 as u64 };
                turn.wait(false);
                unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(0 as u32, Relaxed);
            } else {
                turn.wait(false);
                r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x100)) }.load(SeqCst) as u64;
                if r == 1 {
                    turn.wait(false);
                    unsafe { *m.at::<u64>(0x0) = 1 as u64 };
                    turn.wait(false);
                    unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(0 as u32, Relaxed);
                }
            }
        }
        2 => {
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0xc0)) }.store(1 as u32, SeqCst);
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0x100)) }.store(1 as u32, SeqCst);
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(SeqCst) as u64;
            if r == 0 {
                turn.wait(false);
                unsafe { *m.at::<u64>(0x0) = 1 as u64 };
                turn.wait(false);
                unsafe { AtomicU32::from_ptr(m.at::<u32>(0xc0)) }.store(0 as u32, Relaxed);
            } else {
                turn.wait(false);
                r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x100)) }.load(SeqCst) as u64;
                if r == 2 {
                    turn.wait(false);
                    unsafe { *m.at::<u64>(0x0) = 1 as u64 };
                    turn.wait(false);
                    unsafe { AtomicU32::from_ptr(m.at::<u32>(0xc0)) }.store(0 as u32, Relaxed);
                }
            }
        }
        3 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// new versions are made before they are seen, old ones reused after they were read
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_rcu_like_publication_publish_by_release_follow_by_acquire_wait_for_a_release_by_acquire(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
            turn.wait(false);
            unsafe { *m.at::<u64>(0x0) = 1 as u64 };
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(1 as u32, Relaxed);
        }
        1 => {
            turn.wait(false);
            unsafe { *m.at::<u64>(0x10) = 1 as u64 };
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(2 as u32, Release);
            turn.wait(false);
            s = unsafe { AtomicU32::from_ptr(m.at::<u32>(0xc0)) }.load(Acquire) as u64;
            if s == 1 {
                turn.wait(false);
                unsafe { *m.at::<u64>(0x0) = 1 as u64 };
            }
        }
        2 => {
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Acquire) as u64;
            if r == 1 {
                turn.wait(false);
                t = unsafe { *m.at::<u64>(0x0) } as u64;
            } else {
                turn.wait(false);
                t = unsafe { *m.at::<u64>(0x10) } as u64;
            }
            turn.wait(false);
            s = unsafe { AtomicU32::from_ptr(m.at::<u32>(0xc0)) }.fetch_add(1, Release) as u64;
        }
        3 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// the reader may see the pointer and not the version
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_rcu_like_publication_publish_by_relaxed(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
            turn.wait(false);
            unsafe { *m.at::<u64>(0x0) = 1 as u64 };
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(1 as u32, Relaxed);
        }
        1 => {
            turn.wait(false);
            unsafe { *m.at::<u64>(0x10) = 1 as u64 };
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(2 as u32, Relaxed);
            turn.wait(false);
            s = unsafe { AtomicU32::from_ptr(m.at::<u32>(0xc0)) }.load(Acquire) as u64;
            if s == 1 {
                turn.wait(false);
                unsafe { *m.at::<u64>(0x0) = 1 as u64 };
            }
        }
        2 => {
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Acquire) as u64;
            if r == 1 {
                turn.wait(false);
                t = unsafe { *m.at::<u64>(0x0) } as u64;
            } else {
                turn.wait(false);
                t = unsafe { *m.at::<u64>(0x10) } as u64;
            }
            turn.wait(false);
            s = unsafe { AtomicU32::from_ptr(m.at::<u32>(0xc0)) }.fetch_add(1, Release) as u64;
        }
        3 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// C++20 knows no order by dependency without consume
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_rcu_like_publication_follow_by_relaxed(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
            turn.wait(false);
            unsafe { *m.at::<u64>(0x0) = 1 as u64 };
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(1 as u32, Relaxed);
        }
        1 => {
            turn.wait(false);
            unsafe { *m.at::<u64>(0x10) = 1 as u64 };
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(2 as u32, Release);
            turn.wait(false);
            s = unsafe { AtomicU32::from_ptr(m.at::<u32>(0xc0)) }.load(Acquire) as u64;
            if s == 1 {
                turn.wait(false);
                unsafe { *m.at::<u64>(0x0) = 1 as u64 };
            }
        }
        2 => {
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Relaxed) as u64;
            if r == 1 {
                turn.wait(false);
                t = unsafe { *m.at::<u64>(0x0) } as u64;
            } else {
                turn.wait(false);
                t = unsafe { *m.at::<u64>(0x10) } as u64;
            }
            turn.wait(false);
            s = unsafe { AtomicU32::from_ptr(m.at::<u32>(0xc0)) }.fetch_add(1, Release) as u64;
        }
        3 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// the reader may still be reading
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_rcu_like_publication_reuse_at_once(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
            turn.wait(false);
            unsafe { *m.at::<u64>(0x0) = 1 as u64 };
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(1 as u32, Relaxed);
        }
        1 => {
            turn.wait(false);
            unsafe { *m.at::<u64>(0x10) = 1 as u64 };
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(2 as u32, Release);
            turn.wait(false);
            unsafe { *m.at::<u64>(0x0) = 1 as u64 };
        }
        2 => {
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Acquire) as u64;
            if r == 1 {
                turn.wait(false);
                t = unsafe { *m.at::<u64>(0x0) } as u64;
            } else {
                turn.wait(false);
                t = unsafe { *m.at::<u64>(0x10) } as u64;
            }
            turn.wait(false);
            s = unsafe { AtomicU32::from_ptr(m.at::<u32>(0xc0)) }.fetch_add(1, Release) as u64;
        }
        3 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// its read is not released
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_rcu_like_publication_reader_says_by_relaxed_that_it_is_done(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
            turn.wait(false);
            unsafe { *m.at::<u64>(0x0) = 1 as u64 };
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(1 as u32, Relaxed);
        }
        1 => {
            turn.wait(false);
            unsafe { *m.at::<u64>(0x10) = 1 as u64 };
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(2 as u32, Release);
            turn.wait(false);
            s = unsafe { AtomicU32::from_ptr(m.at::<u32>(0xc0)) }.load(Acquire) as u64;
            if s == 1 {
                turn.wait(false);
                unsafe { *m.at::<u64>(0x0) = 1 as u64 };
            }
        }
        2 => {
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Acquire) as u64;
            if r == 1 {
                turn.wait(false);
                t = unsafe { *m.at::<u64>(0x0) } as u64;
            } else {
                turn.wait(false);
                t = unsafe { *m.at::<u64>(0x10) } as u64;
            }
            turn.wait(false);
            s = unsafe { AtomicU32::from_ptr(m.at::<u32>(0xc0)) }.fetch_add(1, Relaxed) as u64;
        }
        3 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// the reader's read is not acquired
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_rcu_like_publication_wait_by_relaxed(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
            turn.wait(false);
            unsafe { *m.at::<u64>(0x0) = 1 as u64 };
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(1 as u32, Relaxed);
        }
        1 => {
            turn.wait(false);
            unsafe { *m.at::<u64>(0x10) = 1 as u64 };
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(2 as u32, Release);
            turn.wait(false);
            s = unsafe { AtomicU32::from_ptr(m.at::<u32>(0xc0)) }.load(Relaxed) as u64;
            if s == 1 {
                turn.wait(false);
                unsafe { *m.at::<u64>(0x0) = 1 as u64 };
            }
        }
        2 => {
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Acquire) as u64;
            if r == 1 {
                turn.wait(false);
                t = unsafe { *m.at::<u64>(0x0) } as u64;
            } else {
                turn.wait(false);
                t = unsafe { *m.at::<u64>(0x10) } as u64;
            }
            turn.wait(false);
            s = unsafe { AtomicU32::from_ptr(m.at::<u32>(0xc0)) }.fetch_add(1, Release) as u64;
        }
        3 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// as a membarrier on the writer's side
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_rcu_like_publication_wait_by_relaxed_then_an_acquire_fence(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
            turn.wait(false);
            unsafe { *m.at::<u64>(0x0) = 1 as u64 };
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(1 as u32, Relaxed);
        }
        1 => {
            turn.wait(false);
            unsafe { *m.at::<u64>(0x10) = 1 as u64 };
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(2 as u32, Release);
            turn.wait(false);
            s = unsafe { AtomicU32::from_ptr(m.at::<u32>(0xc0)) }.load(Relaxed) as u64;
            turn.wait(false);
            fence(Acquire);
            if s == 1 {
                turn.wait(false);
                unsafe { *m.at::<u64>(0x0) = 1 as u64 };
            }
        }
        2 => {
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Acquire) as u64;
            if r == 1 {
                turn.wait(false);
                t = unsafe { *m.at::<u64>(0x0) } as u64;
            } else {
                turn.wait(false);
                t = unsafe { *m.at::<u64>(0x10) } as u64;
            }
            turn.wait(false);
            s = unsafe { AtomicU32::from_ptr(m.at::<u32>(0xc0)) }.fetch_add(1, Release) as u64;
        }
        3 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// who sees the flag is ordered after who made it; who does not takes the lock
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_double_checked_locking_release_acquire(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
        }
        1 => {
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Acquire) as u64;
            if r == 0 {
                turn.wait(true);
                held = Some(m.lock());
                turn.wait(false);
                r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Relaxed) as u64;
                if r == 0 {
                    turn.wait(false);
                    unsafe { *m.at::<u64>(0x0) = 1 as u64 };
                    turn.wait(false);
                    unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(1 as u32, Release);
                }
                turn.wait(false);
                m.unlock(held.take());
            }
            turn.wait(false);
            t = unsafe { *m.at::<u64>(0x0) } as u64;
        }
        2 => {
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Acquire) as u64;
            if r == 0 {
                turn.wait(true);
                held = Some(m.lock());
                turn.wait(false);
                r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Relaxed) as u64;
                if r == 0 {
                    turn.wait(false);
                    unsafe { *m.at::<u64>(0x0) = 1 as u64 };
                    turn.wait(false);
                    unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(1 as u32, Release);
                }
                turn.wait(false);
                m.unlock(held.take());
            }
            turn.wait(false);
            t = unsafe { *m.at::<u64>(0x0) } as u64;
        }
        3 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// likewise
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_double_checked_locking_seq_cst(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
        }
        1 => {
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(SeqCst) as u64;
            if r == 0 {
                turn.wait(true);
                held = Some(m.lock());
                turn.wait(false);
                r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Relaxed) as u64;
                if r == 0 {
                    turn.wait(false);
                    unsafe { *m.at::<u64>(0x0) = 1 as u64 };
                    turn.wait(false);
                    unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(1 as u32, SeqCst);
                }
                turn.wait(false);
                m.unlock(held.take());
            }
            turn.wait(false);
            t = unsafe { *m.at::<u64>(0x0) } as u64;
        }
        2 => {
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(SeqCst) as u64;
            if r == 0 {
                turn.wait(true);
                held = Some(m.lock());
                turn.wait(false);
                r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Relaxed) as u64;
                if r == 0 {
                    turn.wait(false);
                    unsafe { *m.at::<u64>(0x0) = 1 as u64 };
                    turn.wait(false);
                    unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(1 as u32, SeqCst);
                }
                turn.wait(false);
                m.unlock(held.take());
            }
            turn.wait(false);
            t = unsafe { *m.at::<u64>(0x0) } as u64;
        }
        3 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// the fast path acquires nothing
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_double_checked_locking_relaxed_first_look(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
        }
        1 => {
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Relaxed) as u64;
            if r == 0 {
                turn.wait(true);
                held = Some(m.lock());
                turn.wait(false);
                r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Relaxed) as u64;
                if r == 0 {
                    turn.wait(false);
                    unsafe { *m.at::<u64>(0x0) = 1 as u64 };
                    turn.wait(false);
                    unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(1 as u32, Release);
                }
                turn.wait(false);
                m.unlock(held.take());
            }
            turn.wait(false);
            t = unsafe { *m.at::<u64>(0x0) } as u64;
        }
        2 => {
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Relaxed) as u64;
            if r == 0 {
                turn.wait(true);
                held = Some(m.lock());
                turn.wait(false);
                r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Relaxed) as u64;
                if r == 0 {
                    turn.wait(false);
                    unsafe { *m.at::<u64>(0x0) = 1 as u64 };
                    turn.wait(false);
                    unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(1 as u32, Release);
                }
                turn.wait(false);
                m.unlock(held.take());
            }
            turn.wait(false);
            t = unsafe { *m.at::<u64>(0x0) } as u64;
        }
        3 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// the fast path acquires what was not released
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_double_checked_locking_relaxed_store(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
        }
        1 => {
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Acquire) as u64;
            if r == 0 {
                turn.wait(true);
                held = Some(m.lock());
                turn.wait(false);
                r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Relaxed) as u64;
                if r == 0 {
                    turn.wait(false);
                    unsafe { *m.at::<u64>(0x0) = 1 as u64 };
                    turn.wait(false);
                    unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(1 as u32, Relaxed);
                }
                turn.wait(false);
                m.unlock(held.take());
            }
            turn.wait(false);
            t = unsafe { *m.at::<u64>(0x0) } as u64;
        }
        2 => {
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Acquire) as u64;
            if r == 0 {
                turn.wait(true);
                held = Some(m.lock());
                turn.wait(false);
                r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Relaxed) as u64;
                if r == 0 {
                    turn.wait(false);
                    unsafe { *m.at::<u64>(0x0) = 1 as u64 };
                    turn.wait(false);
                    unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(1 as u32, Relaxed);
                }
                turn.wait(false);
                m.unlock(held.take());
            }
            turn.wait(false);
            t = unsafe { *m.at::<u64>(0x0) } as u64;
        }
        3 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// on the flag itself: the first look holds no lock
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_double_checked_locking_plain_flag(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
        }
        1 => {
            turn.wait(false);
            r = unsafe { *m.at::<u32>(0x80) } as u64;
            if r == 0 {
                turn.wait(true);
                held = Some(m.lock());
                turn.wait(false);
                r = unsafe { *m.at::<u32>(0x80) } as u64;
                if r == 0 {
                    turn.wait(false);
                    unsafe { *m.at::<u64>(0x0) = 1 as u64 };
                    turn.wait(false);
                    unsafe { *m.at::<u32>(0x80) = 1 as u32 };
                }
                turn.wait(false);
                m.unlock(held.take());
            }
            turn.wait(false);
            t = unsafe { *m.at::<u64>(0x0) } as u64;
        }
        2 => {
            turn.wait(false);
            r = unsafe { *m.at::<u32>(0x80) } as u64;
            if r == 0 {
                turn.wait(true);
                held = Some(m.lock());
                turn.wait(false);
                r = unsafe { *m.at::<u32>(0x80) } as u64;
                if r == 0 {
                    turn.wait(false);
                    unsafe { *m.at::<u64>(0x0) = 1 as u64 };
                    turn.wait(false);
                    unsafe { *m.at::<u32>(0x80) = 1 as u32 };
                }
                turn.wait(false);
                m.unlock(held.take());
            }
            turn.wait(false);
            t = unsafe { *m.at::<u64>(0x0) } as u64;
        }
        3 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// who sees the flag may come before the maker is done
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_double_checked_locking_flag_raised_before_it_is_made(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
        }
        1 => {
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Acquire) as u64;
            if r == 0 {
                turn.wait(true);
                held = Some(m.lock());
                turn.wait(false);
                r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Relaxed) as u64;
                if r == 0 {
                    turn.wait(false);
                    unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(1 as u32, Release);
                    turn.wait(false);
                    unsafe { *m.at::<u64>(0x0) = 1 as u64 };
                }
                turn.wait(false);
                m.unlock(held.take());
            }
            turn.wait(false);
            t = unsafe { *m.at::<u64>(0x0) } as u64;
        }
        2 => {
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Acquire) as u64;
            if r == 0 {
                turn.wait(true);
                held = Some(m.lock());
                turn.wait(false);
                r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Relaxed) as u64;
                if r == 0 {
                    turn.wait(false);
                    unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(1 as u32, Release);
                    turn.wait(false);
                    unsafe { *m.at::<u64>(0x0) = 1 as u64 };
                }
                turn.wait(false);
                m.unlock(held.take());
            }
            turn.wait(false);
            t = unsafe { *m.at::<u64>(0x0) } as u64;
        }
        3 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// a release fence before the store, an acquire fence after the look
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_double_checked_locking_relaxed_with_fences(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
        }
        1 => {
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Relaxed) as u64;
            if r == 0 {
                turn.wait(true);
                held = Some(m.lock());
                turn.wait(false);
                r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Relaxed) as u64;
                if r == 0 {
                    turn.wait(false);
                    unsafe { *m.at::<u64>(0x0) = 1 as u64 };
                    turn.wait(false);
                    fence(Release);
                    turn.wait(false);
                    unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(1 as u32, Relaxed);
                }
                turn.wait(false);
                m.unlock(held.take());
            }
            turn.wait(false);
            fence(Acquire);
            turn.wait(false);
            t = unsafe { *m.at::<u64>(0x0) } as u64;
        }
        2 => {
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Relaxed) as u64;
            if r == 0 {
                turn.wait(true);
                held = Some(m.lock());
                turn.wait(false);
                r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Relaxed) as u64;
                if r == 0 {
                    turn.wait(false);
                    unsafe { *m.at::<u64>(0x0) = 1 as u64 };
                    turn.wait(false);
                    fence(Release);
                    turn.wait(false);
                    unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(1 as u32, Relaxed);
                }
                turn.wait(false);
                m.unlock(held.take());
            }
            turn.wait(false);
            fence(Acquire);
            turn.wait(false);
            t = unsafe { *m.at::<u64>(0x0) } as u64;
        }
        3 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// the lock orders all
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_double_checked_locking_no_first_look(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
        }
        1 => {
            turn.wait(true);
            held = Some(m.lock());
            turn.wait(false);
            r = unsafe { *m.at::<u32>(0x80) } as u64;
            if r == 0 {
                turn.wait(false);
                unsafe { *m.at::<u64>(0x0) = 1 as u64 };
                turn.wait(false);
                unsafe { *m.at::<u32>(0x80) = 1 as u32 };
            }
            turn.wait(false);
            m.unlock(held.take());
            turn.wait(false);
            t = unsafe { *m.at::<u64>(0x0) } as u64;
        }
        2 => {
            turn.wait(true);
            held = Some(m.lock());
            turn.wait(false);
            r = unsafe { *m.at::<u32>(0x80) } as u64;
            if r == 0 {
                turn.wait(false);
                unsafe { *m.at::<u64>(0x0) = 1 as u64 };
                turn.wait(false);
                unsafe { *m.at::<u32>(0x80) = 1 as u32 };
            }
            turn.wait(false);
            m.unlock(held.take());
            turn.wait(false);
            t = unsafe { *m.at::<u64>(0x0) } as u64;
        }
        3 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// on both
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_load_buffering_plain(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
        }
        1 => {
            turn.wait(false);
            r = unsafe { *m.at::<u32>(0x80) } as u64;
            turn.wait(false);
            unsafe { *m.at::<u32>(0xc0) = 1 as u32 };
        }
        2 => {
            turn.wait(false);
            r = unsafe { *m.at::<u32>(0xc0) } as u64;
            turn.wait(false);
            unsafe { *m.at::<u32>(0x80) = 1 as u32 };
        }
        3 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// in no execution without a race is either written
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_load_buffering_plain_written_only_if_the_other_s_write_is_seen(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
        }
        1 => {
            turn.wait(false);
            r = unsafe { *m.at::<u32>(0x80) } as u64;
            if r == 1 {
                turn.wait(false);
                unsafe { *m.at::<u32>(0xc0) = 1 as u32 };
            }
        }
        2 => {
            turn.wait(false);
            r = unsafe { *m.at::<u32>(0xc0) } as u64;
            if r == 1 {
                turn.wait(false);
                unsafe { *m.at::<u32>(0x80) = 1 as u32 };
            }
        }
        3 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// both may read 1, but atomics do not race
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_load_buffering_relaxed(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
        }
        1 => {
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Relaxed) as u64;
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0xc0)) }.store(1 as u32, Relaxed);
        }
        2 => {
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0xc0)) }.load(Relaxed) as u64;
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(1 as u32, Relaxed);
        }
        3 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// the write that is seen does not release the data
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_load_buffering_relaxed_data_written_before_by_one(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
        }
        1 => {
            turn.wait(false);
            unsafe { *m.at::<u64>(0x0) = 1 as u64 };
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Relaxed) as u64;
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0xc0)) }.store(1 as u32, Relaxed);
        }
        2 => {
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0xc0)) }.load(Relaxed) as u64;
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(1 as u32, Relaxed);
            if r == 1 {
                turn.wait(false);
                t = unsafe { *m.at::<u64>(0x0) } as u64;
            }
        }
        3 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// as in message passing
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_load_buffering_release_acquire_data_written_before_by_one(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
        }
        1 => {
            turn.wait(false);
            unsafe { *m.at::<u64>(0x0) = 1 as u64 };
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Acquire) as u64;
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0xc0)) }.store(1 as u32, Release);
        }
        2 => {
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0xc0)) }.load(Acquire) as u64;
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(1 as u32, Release);
            if r == 1 {
                turn.wait(false);
                t = unsafe { *m.at::<u64>(0x0) } as u64;
            }
        }
        3 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// all agree which write came first, so at most one does
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_independent_reads_of_independent_writes_seq_cst_who_sees_one_and_not_the_other_writes_data(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
        }
        1 => {
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(1 as u32, SeqCst);
        }
        2 => {
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0xc0)) }.store(1 as u32, SeqCst);
        }
        3 => {
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(SeqCst) as u64;
            if r == 1 {
                turn.wait(false);
                s = unsafe { AtomicU32::from_ptr(m.at::<u32>(0xc0)) }.load(SeqCst) as u64;
                if s == 0 {
                    turn.wait(false);
                    unsafe { *m.at::<u64>(0x0) = 1 as u64 };
                }
            }
        }
        4 => {
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0xc0)) }.load(SeqCst) as u64;
            if r == 1 {
                turn.wait(false);
                s = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(SeqCst) as u64;
                if s == 0 {
                    turn.wait(false);
                    unsafe { *m.at::<u64>(0x0) = 1 as u64 };
                }
            }
        }
        5 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// the two may disagree which write came first
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_independent_reads_of_independent_writes_release_acquire_who_sees_one_and_not_the_other_writes_data(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
        }
        1 => {
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(1 as u32, Release);
        }
        2 => {
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0xc0)) }.store(1 as u32, Release);
        }
        3 => {
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Acquire) as u64;
            if r == 1 {
                turn.wait(false);
                s = unsafe { AtomicU32::from_ptr(m.at::<u32>(0xc0)) }.load(Acquire) as u64;
                if s == 0 {
                    turn.wait(false);
                    unsafe { *m.at::<u64>(0x0) = 1 as u64 };
                }
            }
        }
        4 => {
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0xc0)) }.load(Acquire) as u64;
            if r == 1 {
                turn.wait(false);
                s = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Acquire) as u64;
                if s == 0 {
                    turn.wait(false);
                    unsafe { *m.at::<u64>(0x0) = 1 as u64 };
                }
            }
        }
        5 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// likewise
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_independent_reads_of_independent_writes_relaxed_who_sees_one_and_not_the_other_writes_data(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
        }
        1 => {
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(1 as u32, Relaxed);
        }
        2 => {
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0xc0)) }.store(1 as u32, Relaxed);
        }
        3 => {
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Relaxed) as u64;
            if r == 1 {
                turn.wait(false);
                s = unsafe { AtomicU32::from_ptr(m.at::<u32>(0xc0)) }.load(Relaxed) as u64;
                if s == 0 {
                    turn.wait(false);
                    unsafe { *m.at::<u64>(0x0) = 1 as u64 };
                }
            }
        }
        4 => {
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0xc0)) }.load(Relaxed) as u64;
            if r == 1 {
                turn.wait(false);
                s = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Relaxed) as u64;
                if s == 0 {
                    turn.wait(false);
                    unsafe { *m.at::<u64>(0x0) = 1 as u64 };
                }
            }
        }
        5 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// happens-before is transitive
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_causality_chains_wrc_isa2_release_acquire(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
        }
        1 => {
            turn.wait(false);
            unsafe { *m.at::<u64>(0x0) = 1 as u64 };
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(1 as u32, Release);
        }
        2 => {
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Acquire) as u64;
            if r == 1 {
                turn.wait(false);
                unsafe { AtomicU32::from_ptr(m.at::<u32>(0xc0)) }.store(1 as u32, Release);
            }
        }
        3 => {
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0xc0)) }.load(Acquire) as u64;
            if r == 1 {
                turn.wait(false);
                t = unsafe { *m.at::<u64>(0x0) } as u64;
            }
        }
        4 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// it hands on what it does not know
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_causality_chains_wrc_isa2_the_second_hears_by_relaxed(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
        }
        1 => {
            turn.wait(false);
            unsafe { *m.at::<u64>(0x0) = 1 as u64 };
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(1 as u32, Release);
        }
        2 => {
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Relaxed) as u64;
            if r == 1 {
                turn.wait(false);
                unsafe { AtomicU32::from_ptr(m.at::<u32>(0xc0)) }.store(1 as u32, Release);
            }
        }
        3 => {
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0xc0)) }.load(Acquire) as u64;
            if r == 1 {
                turn.wait(false);
                t = unsafe { *m.at::<u64>(0x0) } as u64;
            }
        }
        4 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// it hands nothing on
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_causality_chains_wrc_isa2_the_second_tells_by_relaxed(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
        }
        1 => {
            turn.wait(false);
            unsafe { *m.at::<u64>(0x0) = 1 as u64 };
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(1 as u32, Release);
        }
        2 => {
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Acquire) as u64;
            if r == 1 {
                turn.wait(false);
                unsafe { AtomicU32::from_ptr(m.at::<u32>(0xc0)) }.store(1 as u32, Relaxed);
            }
        }
        3 => {
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0xc0)) }.load(Acquire) as u64;
            if r == 1 {
                turn.wait(false);
                t = unsafe { *m.at::<u64>(0x0) } as u64;
            }
        }
        4 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// there is nothing to hand on
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_causality_chains_wrc_isa2_the_first_tells_by_relaxed(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
        }
        1 => {
            turn.wait(false);
            unsafe { *m.at::<u64>(0x0) = 1 as u64 };
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(1 as u32, Relaxed);
        }
        2 => {
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Acquire) as u64;
            if r == 1 {
                turn.wait(false);
                unsafe { AtomicU32::from_ptr(m.at::<u32>(0xc0)) }.store(1 as u32, Release);
            }
        }
        3 => {
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0xc0)) }.load(Acquire) as u64;
            if r == 1 {
                turn.wait(false);
                t = unsafe { *m.at::<u64>(0x0) } as u64;
            }
        }
        4 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// the fence acquires what was read and releases what is stored
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_causality_chains_wrc_isa2_the_second_hears_and_tells_by_relaxed_an_acq_rel_fence_between(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
        }
        1 => {
            turn.wait(false);
            unsafe { *m.at::<u64>(0x0) = 1 as u64 };
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(1 as u32, Release);
        }
        2 => {
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Relaxed) as u64;
            if r == 1 {
                turn.wait(false);
                fence(AcqRel);
                turn.wait(false);
                unsafe { AtomicU32::from_ptr(m.at::<u32>(0xc0)) }.store(1 as u32, Relaxed);
            }
        }
        3 => {
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0xc0)) }.load(Acquire) as u64;
            if r == 1 {
                turn.wait(false);
                t = unsafe { *m.at::<u64>(0x0) } as u64;
            }
        }
        4 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// which releases nothing
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_causality_chains_wrc_isa2_the_same_with_an_acquire_fence(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
        }
        1 => {
            turn.wait(false);
            unsafe { *m.at::<u64>(0x0) = 1 as u64 };
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(1 as u32, Release);
        }
        2 => {
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Relaxed) as u64;
            if r == 1 {
                turn.wait(false);
                fence(Acquire);
                turn.wait(false);
                unsafe { AtomicU32::from_ptr(m.at::<u32>(0xc0)) }.store(1 as u32, Relaxed);
            }
        }
        3 => {
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0xc0)) }.load(Acquire) as u64;
            if r == 1 {
                turn.wait(false);
                t = unsafe { *m.at::<u64>(0x0) } as u64;
            }
        }
        4 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// it acquires, and releases
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_causality_chains_wrc_isa2_through_one_variable_the_second_by_an_acq_rel_read_modify_write(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
        }
        1 => {
            turn.wait(false);
            unsafe { *m.at::<u64>(0x0) = 1 as u64 };
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(1 as u32, Release);
        }
        2 => {
            turn.wait(false);
            r = match unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.compare_exchange(1 as u32, 2 as u32, AcqRel, Relaxed) { Ok(old) | Err(old) => old as u64 };
            if r == 1 {
                turn.wait(false);
                unsafe { AtomicU32::from_ptr(m.at::<u32>(0xc0)) }.store(1 as u32, Release);
            }
        }
        3 => {
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0xc0)) }.load(Acquire) as u64;
            if r == 1 {
                turn.wait(false);
                t = unsafe { *m.at::<u64>(0x0) } as u64;
            }
        }
        4 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// locks and atomics make one order
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_causality_chains_wrc_isa2_the_second_tells_under_a_lock(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
        }
        1 => {
            turn.wait(false);
            unsafe { *m.at::<u64>(0x0) = 1 as u64 };
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(1 as u32, Release);
        }
        2 => {
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Acquire) as u64;
            if r == 1 {
                turn.wait(true);
                held = Some(m.lock());
                turn.wait(false);
                unsafe { *m.at::<u64>(0x10) = 1 as u64 };
                turn.wait(false);
                m.unlock(held.take());
            }
        }
        3 => {
            turn.wait(true);
            held = Some(m.lock());
            turn.wait(false);
            r = unsafe { *m.at::<u64>(0x10) } as u64;
            turn.wait(false);
            m.unlock(held.take());
            if r == 1 {
                turn.wait(false);
                t = unsafe { *m.at::<u64>(0x0) } as u64;
            }
        }
        4 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// who takes it reads from who left
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_spinlock_acquire_release(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
        }
        1 => {
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.swap(1 as u32, Acquire) as u64;
            if r == 0 {
                turn.wait(false);
                unsafe { *m.at::<u64>(0x0) = 1 as u64 };
                turn.wait(false);
                unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(0 as u32, Release);
            }
        }
        2 => {
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.swap(1 as u32, Acquire) as u64;
            if r == 0 {
                turn.wait(false);
                unsafe { *m.at::<u64>(0x0) = 1 as u64 };
                turn.wait(false);
                unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(0 as u32, Release);
            }
        }
        3 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// likewise
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_spinlock_by_compare_exchange(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
        }
        1 => {
            turn.wait(false);
            r = match unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.compare_exchange(0 as u32, 1 as u32, Acquire, Relaxed) { Ok(old) | Err(old) => old as u64 };
            if r == 0 {
                turn.wait(false);
                unsafe { *m.at::<u64>(0x0) = 1 as u64 };
                turn.wait(false);
                unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(0 as u32, Release);
            }
        }
        2 => {
            turn.wait(false);
            r = match unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.compare_exchange(0 as u32, 1 as u32, Acquire, Relaxed) { Ok(old) | Err(old) => old as u64 };
            if r == 0 {
                turn.wait(false);
                unsafe { *m.at::<u64>(0x0) = 1 as u64 };
                turn.wait(false);
                unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(0 as u32, Release);
            }
        }
        3 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// only the swap has to acquire
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_spinlock_relaxed_look_before_the_swap(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
        }
        1 => {
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Relaxed) as u64;
            if r == 0 {
                turn.wait(false);
                r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.swap(1 as u32, Acquire) as u64;
            }
            if r == 0 {
                turn.wait(false);
                unsafe { *m.at::<u64>(0x0) = 1 as u64 };
                turn.wait(false);
                unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(0 as u32, Release);
            }
        }
        2 => {
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Relaxed) as u64;
            if r == 0 {
                turn.wait(false);
                r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.swap(1 as u32, Acquire) as u64;
            }
            if r == 0 {
                turn.wait(false);
                unsafe { *m.at::<u64>(0x0) = 1 as u64 };
                turn.wait(false);
                unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(0 as u32, Release);
            }
        }
        3 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// nothing is acquired
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_spinlock_relaxed_swap(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
        }
        1 => {
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.swap(1 as u32, Relaxed) as u64;
            if r == 0 {
                turn.wait(false);
                unsafe { *m.at::<u64>(0x0) = 1 as u64 };
                turn.wait(false);
                unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(0 as u32, Release);
            }
        }
        2 => {
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.swap(1 as u32, Relaxed) as u64;
            if r == 0 {
                turn.wait(false);
                unsafe { *m.at::<u64>(0x0) = 1 as u64 };
                turn.wait(false);
                unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(0 as u32, Release);
            }
        }
        3 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// nothing is released
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_spinlock_relaxed_store(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
        }
        1 => {
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.swap(1 as u32, Acquire) as u64;
            if r == 0 {
                turn.wait(false);
                unsafe { *m.at::<u64>(0x0) = 1 as u64 };
                turn.wait(false);
                unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(0 as u32, Relaxed);
            }
        }
        2 => {
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.swap(1 as u32, Acquire) as u64;
            if r == 0 {
                turn.wait(false);
                unsafe { *m.at::<u64>(0x0) = 1 as u64 };
                turn.wait(false);
                unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(0 as u32, Relaxed);
            }
        }
        3 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// on the lock itself
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_spinlock_plain_store(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
        }
        1 => {
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.swap(1 as u32, Acquire) as u64;
            if r == 0 {
                turn.wait(false);
                unsafe { *m.at::<u64>(0x0) = 1 as u64 };
                turn.wait(false);
                unsafe { *m.at::<u32>(0x80) = 0 as u32 };
            }
        }
        2 => {
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.swap(1 as u32, Acquire) as u64;
            if r == 0 {
                turn.wait(false);
                unsafe { *m.at::<u64>(0x0) = 1 as u64 };
                turn.wait(false);
                unsafe { *m.at::<u32>(0x80) = 0 as u32 };
            }
        }
        3 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// it continues the sequence of a release that never was
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_spinlock_left_by_a_relaxed_read_modify_write(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
        }
        1 => {
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.swap(1 as u32, Acquire) as u64;
            if r == 0 {
                turn.wait(false);
                unsafe { *m.at::<u64>(0x0) = 1 as u64 };
                turn.wait(false);
                t = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.swap(0 as u32, Relaxed) as u64;
            }
        }
        2 => {
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.swap(1 as u32, Acquire) as u64;
            if r == 0 {
                turn.wait(false);
                unsafe { *m.at::<u64>(0x0) = 1 as u64 };
                turn.wait(false);
                t = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.swap(0 as u32, Relaxed) as u64;
            }
        }
        3 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// two may look before either stores
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_spinlock_look_then_store(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
        }
        1 => {
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Acquire) as u64;
            if r == 0 {
                turn.wait(false);
                unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(1 as u32, Relaxed);
            }
            if r == 0 {
                turn.wait(false);
                unsafe { *m.at::<u64>(0x0) = 1 as u64 };
                turn.wait(false);
                unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(0 as u32, Release);
            }
        }
        2 => {
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Acquire) as u64;
            if r == 0 {
                turn.wait(false);
                unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(1 as u32, Relaxed);
            }
            if r == 0 {
                turn.wait(false);
                unsafe { *m.at::<u64>(0x0) = 1 as u64 };
                turn.wait(false);
                unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(0 as u32, Release);
            }
        }
        3 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// only what is served has to be ordered
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_ticket_lock_relaxed_draw_acquire_release(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
        }
        1 => {
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.fetch_add(1, Relaxed) as u64;
            turn.wait(false);
            s = unsafe { AtomicU32::from_ptr(m.at::<u32>(0xc0)) }.load(Acquire) as u64;
            if r == s {
                turn.wait(false);
                unsafe { *m.at::<u64>(0x0) = 1 as u64 };
                turn.wait(false);
                unsafe { AtomicU32::from_ptr(m.at::<u32>(0xc0)) }.store((r + 1) as u32, Release);
            }
        }
        2 => {
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.fetch_add(1, Relaxed) as u64;
            turn.wait(false);
            s = unsafe { AtomicU32::from_ptr(m.at::<u32>(0xc0)) }.load(Acquire) as u64;
            if r == s {
                turn.wait(false);
                unsafe { *m.at::<u64>(0x0) = 1 as u64 };
                turn.wait(false);
                unsafe { AtomicU32::from_ptr(m.at::<u32>(0xc0)) }.store((r + 1) as u32, Release);
            }
        }
        3 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// nothing is acquired
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_ticket_lock_wait_by_relaxed(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
        }
        1 => {
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.fetch_add(1, Relaxed) as u64;
            turn.wait(false);
            s = unsafe { AtomicU32::from_ptr(m.at::<u32>(0xc0)) }.load(Relaxed) as u64;
            if r == s {
                turn.wait(false);
                unsafe { *m.at::<u64>(0x0) = 1 as u64 };
                turn.wait(false);
                unsafe { AtomicU32::from_ptr(m.at::<u32>(0xc0)) }.store((r + 1) as u32, Release);
            }
        }
        2 => {
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.fetch_add(1, Relaxed) as u64;
            turn.wait(false);
            s = unsafe { AtomicU32::from_ptr(m.at::<u32>(0xc0)) }.load(Relaxed) as u64;
            if r == s {
                turn.wait(false);
                unsafe { *m.at::<u64>(0x0) = 1 as u64 };
                turn.wait(false);
                unsafe { AtomicU32::from_ptr(m.at::<u32>(0xc0)) }.store((r + 1) as u32, Release);
            }
        }
        3 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// nothing is released
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_ticket_lock_serve_by_relaxed(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
        }
        1 => {
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.fetch_add(1, Relaxed) as u64;
            turn.wait(false);
            s = unsafe { AtomicU32::from_ptr(m.at::<u32>(0xc0)) }.load(Acquire) as u64;
            if r == s {
                turn.wait(false);
                unsafe { *m.at::<u64>(0x0) = 1 as u64 };
                turn.wait(false);
                unsafe { AtomicU32::from_ptr(m.at::<u32>(0xc0)) }.store((r + 1) as u32, Relaxed);
            }
        }
        2 => {
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.fetch_add(1, Relaxed) as u64;
            turn.wait(false);
            s = unsafe { AtomicU32::from_ptr(m.at::<u32>(0xc0)) }.load(Acquire) as u64;
            if r == s {
                turn.wait(false);
                unsafe { *m.at::<u64>(0x0) = 1 as u64 };
                turn.wait(false);
                unsafe { AtomicU32::from_ptr(m.at::<u32>(0xc0)) }.store((r + 1) as u32, Relaxed);
            }
        }
        3 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// who draws next may be served without having met who left
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_ticket_lock_all_order_in_the_draw(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
        }
        1 => {
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.fetch_add(1, AcqRel) as u64;
            turn.wait(false);
            s = unsafe { AtomicU32::from_ptr(m.at::<u32>(0xc0)) }.load(Relaxed) as u64;
            if r == s {
                turn.wait(false);
                unsafe { *m.at::<u64>(0x0) = 1 as u64 };
                turn.wait(false);
                unsafe { AtomicU32::from_ptr(m.at::<u32>(0xc0)) }.store((r + 1) as u32, Relaxed);
            }
        }
        2 => {
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.fetch_add(1, AcqRel) as u64;
            turn.wait(false);
            s = unsafe { AtomicU32::from_ptr(m.at::<u32>(0xc0)) }.load(Relaxed) as u64;
            if r == s {
                turn.wait(false);
                unsafe { *m.at::<u64>(0x0) = 1 as u64 };
                turn.wait(false);
                unsafe { AtomicU32::from_ptr(m.at::<u32>(0xc0)) }.store((r + 1) as u32, Relaxed);
            }
        }
        3 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// as by a store
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_ticket_lock_serve_by_a_release_read_modify_write(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
        }
        1 => {
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.fetch_add(1, Relaxed) as u64;
            turn.wait(false);
            s = unsafe { AtomicU32::from_ptr(m.at::<u32>(0xc0)) }.load(Acquire) as u64;
            if r == s {
                turn.wait(false);
                unsafe { *m.at::<u64>(0x0) = 1 as u64 };
                turn.wait(false);
                t = unsafe { AtomicU32::from_ptr(m.at::<u32>(0xc0)) }.fetch_add(1, Release) as u64;
            }
        }
        2 => {
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.fetch_add(1, Relaxed) as u64;
            turn.wait(false);
            s = unsafe { AtomicU32::from_ptr(m.at::<u32>(0xc0)) }.load(Acquire) as u64;
            if r == s {
                turn.wait(false);
                unsafe { *m.at::<u64>(0x0) = 1 as u64 };
                turn.wait(false);
                t = unsafe { AtomicU32::from_ptr(m.at::<u32>(0xc0)) }.fetch_add(1, Release) as u64;
            }
        }
        3 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// the push of the second continues the sequence of the first
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_treiber_like_publication_release_acquire(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
        }
        1 => {
            turn.wait(false);
            s = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Relaxed) as u64;
            turn.wait(false);
            unsafe { *m.at::<u64>(0x0) = s as u64 };
            turn.wait(false);
            r = match unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.compare_exchange(s as u32, 1 as u32, Release, Relaxed) { Ok(old) | Err(old) => old as u64 };
        }
        2 => {
            turn.wait(false);
            s = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Relaxed) as u64;
            turn.wait(false);
            unsafe { *m.at::<u64>(0x10) = s as u64 };
            turn.wait(false);
            r = match unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.compare_exchange(s as u32, 2 as u32, Release, Relaxed) { Ok(old) | Err(old) => old as u64 };
        }
        3 => {
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Acquire) as u64;
            if r == 2 {
                turn.wait(false);
                s = unsafe { *m.at::<u64>(0x10) } as u64;
                if s == 1 {
                    turn.wait(false);
                    t = unsafe { *m.at::<u64>(0x0) } as u64;
                }
            } else {
                if r == 1 {
                    turn.wait(false);
                    t = unsafe { *m.at::<u64>(0x0) } as u64;
                }
            }
        }
        4 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// the link is not released
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_treiber_like_publication_push_by_relaxed(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
        }
        1 => {
            turn.wait(false);
            s = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Relaxed) as u64;
            turn.wait(false);
            unsafe { *m.at::<u64>(0x0) = s as u64 };
            turn.wait(false);
            r = match unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.compare_exchange(s as u32, 1 as u32, Relaxed, Relaxed) { Ok(old) | Err(old) => old as u64 };
        }
        2 => {
            turn.wait(false);
            s = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Relaxed) as u64;
            turn.wait(false);
            unsafe { *m.at::<u64>(0x10) = s as u64 };
            turn.wait(false);
            r = match unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.compare_exchange(s as u32, 2 as u32, Relaxed, Relaxed) { Ok(old) | Err(old) => old as u64 };
        }
        3 => {
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Acquire) as u64;
            if r == 2 {
                turn.wait(false);
                s = unsafe { *m.at::<u64>(0x10) } as u64;
            } else {
                if r == 1 {
                    turn.wait(false);
                    t = unsafe { *m.at::<u64>(0x0) } as u64;
                }
            }
        }
        4 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// C++20 knows no order by dependency without consume
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_treiber_like_publication_follow_by_relaxed(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
        }
        1 => {
            turn.wait(false);
            s = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Relaxed) as u64;
            turn.wait(false);
            unsafe { *m.at::<u64>(0x0) = s as u64 };
            turn.wait(false);
            r = match unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.compare_exchange(s as u32, 1 as u32, Release, Relaxed) { Ok(old) | Err(old) => old as u64 };
        }
        2 => {
            turn.wait(false);
            s = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Relaxed) as u64;
            turn.wait(false);
            unsafe { *m.at::<u64>(0x10) = s as u64 };
            turn.wait(false);
            r = match unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.compare_exchange(s as u32, 2 as u32, Release, Relaxed) { Ok(old) | Err(old) => old as u64 };
        }
        3 => {
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Relaxed) as u64;
            if r == 2 {
                turn.wait(false);
                s = unsafe { *m.at::<u64>(0x10) } as u64;
            } else {
                if r == 1 {
                    turn.wait(false);
                    t = unsafe { *m.at::<u64>(0x0) } as u64;
                }
            }
        }
        4 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// as by a load
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_treiber_like_publication_take_all_by_an_acquire_swap(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
        }
        1 => {
            turn.wait(false);
            s = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Relaxed) as u64;
            turn.wait(false);
            unsafe { *m.at::<u64>(0x0) = s as u64 };
            turn.wait(false);
            r = match unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.compare_exchange(s as u32, 1 as u32, Release, Relaxed) { Ok(old) | Err(old) => old as u64 };
        }
        2 => {
            turn.wait(false);
            s = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Relaxed) as u64;
            turn.wait(false);
            unsafe { *m.at::<u64>(0x10) = s as u64 };
            turn.wait(false);
            r = match unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.compare_exchange(s as u32, 2 as u32, Release, Relaxed) { Ok(old) | Err(old) => old as u64 };
        }
        3 => {
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.swap(0 as u32, Acquire) as u64;
            if r == 2 {
                turn.wait(false);
                s = unsafe { *m.at::<u64>(0x10) } as u64;
                if s == 1 {
                    turn.wait(false);
                    t = unsafe { *m.at::<u64>(0x0) } as u64;
                }
            } else {
                if r == 1 {
                    turn.wait(false);
                    t = unsafe { *m.at::<u64>(0x0) } as u64;
                }
            }
        }
        4 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// the fence comes before the link is read
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_treiber_like_publication_follow_by_relaxed_fence_after(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
        }
        1 => {
            turn.wait(false);
            s = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Relaxed) as u64;
            turn.wait(false);
            unsafe { *m.at::<u64>(0x0) = s as u64 };
            turn.wait(false);
            r = match unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.compare_exchange(s as u32, 1 as u32, Release, Relaxed) { Ok(old) | Err(old) => old as u64 };
        }
        2 => {
            turn.wait(false);
            s = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Relaxed) as u64;
            turn.wait(false);
            unsafe { *m.at::<u64>(0x10) = s as u64 };
            turn.wait(false);
            r = match unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.compare_exchange(s as u32, 2 as u32, Release, Relaxed) { Ok(old) | Err(old) => old as u64 };
        }
        3 => {
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Relaxed) as u64;
            turn.wait(false);
            fence(Acquire);
            if r == 2 {
                turn.wait(false);
                s = unsafe { *m.at::<u64>(0x10) } as u64;
                if s == 1 {
                    turn.wait(false);
                    t = unsafe { *m.at::<u64>(0x0) } as u64;
                }
            } else {
                if r == 1 {
                    turn.wait(false);
                    t = unsafe { *m.at::<u64>(0x0) } as u64;
                }
            }
        }
        4 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// the last one acquires all that let go before
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_arc_s_drop_release_acquire_fence(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
            turn.wait(false);
            unsafe { *m.at::<u64>(0x0) = 1 as u64 };
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(2 as u32, Relaxed);
        }
        1 => {
            turn.wait(false);
            t = unsafe { *m.at::<u64>(0x0) } as u64;
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.fetch_sub(1, Release) as u64;
            if r == 1 {
                turn.wait(false);
                fence(Acquire);
                turn.wait(false);
                unsafe { *m.at::<u64>(0x0) = 1 as u64 };
                turn.wait(false);
                m.free();
            }
        }
        2 => {
            turn.wait(false);
            t = unsafe { *m.at::<u64>(0x0) } as u64;
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.fetch_sub(1, Release) as u64;
            if r == 1 {
                turn.wait(false);
                fence(Acquire);
                turn.wait(false);
                unsafe { *m.at::<u64>(0x0) = 1 as u64 };
                turn.wait(false);
                m.free();
            }
        }
        3 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// as the fence
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_arc_s_drop_release_acquire_load(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
            turn.wait(false);
            unsafe { *m.at::<u64>(0x0) = 1 as u64 };
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(2 as u32, Relaxed);
        }
        1 => {
            turn.wait(false);
            t = unsafe { *m.at::<u64>(0x0) } as u64;
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.fetch_sub(1, Release) as u64;
            if r == 1 {
                turn.wait(false);
                s = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Acquire) as u64;
                turn.wait(false);
                unsafe { *m.at::<u64>(0x0) = 1 as u64 };
                turn.wait(false);
                m.free();
            }
        }
        2 => {
            turn.wait(false);
            t = unsafe { *m.at::<u64>(0x0) } as u64;
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.fetch_sub(1, Release) as u64;
            if r == 1 {
                turn.wait(false);
                s = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Acquire) as u64;
                turn.wait(false);
                unsafe { *m.at::<u64>(0x0) = 1 as u64 };
                turn.wait(false);
                m.free();
            }
        }
        3 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// the decrement acquires itself
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_arc_s_drop_acq_rel(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
            turn.wait(false);
            unsafe { *m.at::<u64>(0x0) = 1 as u64 };
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(2 as u32, Relaxed);
        }
        1 => {
            turn.wait(false);
            t = unsafe { *m.at::<u64>(0x0) } as u64;
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.fetch_sub(1, AcqRel) as u64;
            if r == 1 {
                turn.wait(false);
                unsafe { *m.at::<u64>(0x0) = 1 as u64 };
                turn.wait(false);
                m.free();
            }
        }
        2 => {
            turn.wait(false);
            t = unsafe { *m.at::<u64>(0x0) } as u64;
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.fetch_sub(1, AcqRel) as u64;
            if r == 1 {
                turn.wait(false);
                unsafe { *m.at::<u64>(0x0) = 1 as u64 };
                turn.wait(false);
                m.free();
            }
        }
        3 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// the other's use is not acquired
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_arc_s_drop_release_nothing(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
            turn.wait(false);
            unsafe { *m.at::<u64>(0x0) = 1 as u64 };
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(2 as u32, Relaxed);
        }
        1 => {
            turn.wait(false);
            t = unsafe { *m.at::<u64>(0x0) } as u64;
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.fetch_sub(1, Release) as u64;
            if r == 1 {
                turn.wait(false);
                unsafe { *m.at::<u64>(0x0) = 1 as u64 };
                turn.wait(false);
                m.free();
            }
        }
        2 => {
            turn.wait(false);
            t = unsafe { *m.at::<u64>(0x0) } as u64;
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.fetch_sub(1, Release) as u64;
            if r == 1 {
                turn.wait(false);
                unsafe { *m.at::<u64>(0x0) = 1 as u64 };
                turn.wait(false);
                m.free();
            }
        }
        3 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// the other's use is not released
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_arc_s_drop_relaxed_acquire_fence(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
            turn.wait(false);
            unsafe { *m.at::<u64>(0x0) = 1 as u64 };
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(2 as u32, Relaxed);
        }
        1 => {
            turn.wait(false);
            t = unsafe { *m.at::<u64>(0x0) } as u64;
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.fetch_sub(1, Relaxed) as u64;
            if r == 1 {
                turn.wait(false);
                fence(Acquire);
                turn.wait(false);
                unsafe { *m.at::<u64>(0x0) = 1 as u64 };
                turn.wait(false);
                m.free();
            }
        }
        2 => {
            turn.wait(false);
            t = unsafe { *m.at::<u64>(0x0) } as u64;
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.fetch_sub(1, Relaxed) as u64;
            if r == 1 {
                turn.wait(false);
                fence(Acquire);
                turn.wait(false);
                unsafe { *m.at::<u64>(0x0) = 1 as u64 };
                turn.wait(false);
                m.free();
            }
        }
        3 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// likewise
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_arc_s_drop_acquire(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
            turn.wait(false);
            unsafe { *m.at::<u64>(0x0) = 1 as u64 };
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(2 as u32, Relaxed);
        }
        1 => {
            turn.wait(false);
            t = unsafe { *m.at::<u64>(0x0) } as u64;
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.fetch_sub(1, Acquire) as u64;
            if r == 1 {
                turn.wait(false);
                unsafe { *m.at::<u64>(0x0) = 1 as u64 };
                turn.wait(false);
                m.free();
            }
        }
        2 => {
            turn.wait(false);
            t = unsafe { *m.at::<u64>(0x0) } as u64;
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.fetch_sub(1, Acquire) as u64;
            if r == 1 {
                turn.wait(false);
                unsafe { *m.at::<u64>(0x0) = 1 as u64 };
                turn.wait(false);
                m.free();
            }
        }
        3 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// who finds itself alone is ordered after who left
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_arc_s_drop_get_mut_by_acquire(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
            turn.wait(false);
            unsafe { *m.at::<u64>(0x0) = 1 as u64 };
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(2 as u32, Relaxed);
        }
        1 => {
            turn.wait(false);
            t = unsafe { *m.at::<u64>(0x0) } as u64;
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.fetch_sub(1, Release) as u64;
        }
        2 => {
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Acquire) as u64;
            if r == 1 {
                turn.wait(false);
                unsafe { *m.at::<u64>(0x0) = 1 as u64 };
            }
        }
        3 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// it is alone, and does not know since when
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_arc_s_drop_get_mut_by_relaxed(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
            turn.wait(false);
            unsafe { *m.at::<u64>(0x0) = 1 as u64 };
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(2 as u32, Relaxed);
        }
        1 => {
            turn.wait(false);
            t = unsafe { *m.at::<u64>(0x0) } as u64;
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.fetch_sub(1, Release) as u64;
        }
        2 => {
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Relaxed) as u64;
            if r == 1 {
                turn.wait(false);
                unsafe { *m.at::<u64>(0x0) = 1 as u64 };
            }
        }
        3 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// the use before is not released
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_arc_s_drop_get_mut_let_go_by_relaxed(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
            turn.wait(false);
            unsafe { *m.at::<u64>(0x0) = 1 as u64 };
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(2 as u32, Relaxed);
        }
        1 => {
            turn.wait(false);
            t = unsafe { *m.at::<u64>(0x0) } as u64;
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.fetch_sub(1, Relaxed) as u64;
        }
        2 => {
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Acquire) as u64;
            if r == 1 {
                turn.wait(false);
                unsafe { *m.at::<u64>(0x0) = 1 as u64 };
            }
        }
        3 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// one of the two is not atomic
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_atomic_and_plain_plain_read_beside_an_atomic_store(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
        }
        1 => {
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(1 as u32, SeqCst);
        }
        2 => {
            turn.wait(false);
            t = unsafe { *m.at::<u32>(0x80) } as u64;
        }
        3 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// nobody writes
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_atomic_and_plain_plain_read_beside_an_atomic_load(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
        }
        1 => {
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Relaxed) as u64;
        }
        2 => {
            turn.wait(false);
            t = unsafe { *m.at::<u32>(0x80) } as u64;
        }
        3 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// one writes, and not atomically
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_atomic_and_plain_plain_write_beside_an_atomic_load(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
        }
        1 => {
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(SeqCst) as u64;
        }
        2 => {
            turn.wait(false);
            unsafe { *m.at::<u32>(0x80) = 1 as u32 };
        }
        3 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// the start orders it
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_atomic_and_plain_plain_write_before_the_threads_start(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
            turn.wait(false);
            unsafe { *m.at::<u32>(0x80) = 1 as u32 };
        }
        1 => {
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.fetch_add(1, Relaxed) as u64;
        }
        2 => {
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.fetch_add(1, Relaxed) as u64;
        }
        3 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// the joins order it
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_atomic_and_plain_relaxed_counting_plain_read_after_the_joins(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
        }
        1 => {
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.fetch_add(1, Relaxed) as u64;
        }
        2 => {
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.fetch_add(1, Relaxed) as u64;
        }
        3 => {
            turn.wait(false);
            t = unsafe { *m.at::<u32>(0x80) } as u64;
        }
        _ => unreachable!(),
    }
    turn.over();
}

// neither read nor write is atomic
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_atomic_and_plain_plain_counting(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
        }
        1 => {
            turn.wait(false);
            r = unsafe { *m.at::<u32>(0x80) } as u64;
            turn.wait(false);
            unsafe { *m.at::<u32>(0x80) = (r + 1) as u32 };
        }
        2 => {
            turn.wait(false);
            r = unsafe { *m.at::<u32>(0x80) } as u64;
            turn.wait(false);
            unsafe { *m.at::<u32>(0x80) = (r + 1) as u32 };
        }
        3 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// the value does not matter
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_atomic_and_plain_two_plain_writes_of_the_same_value(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
        }
        1 => {
            turn.wait(false);
            unsafe { *m.at::<u64>(0x0) = 1 as u64 };
        }
        2 => {
            turn.wait(false);
            unsafe { *m.at::<u64>(0x0) = 1 as u64 };
        }
        3 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// its first plain write is not ordered before its use
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_atomic_and_plain_an_atomic_made_plainly_published_by_relaxed(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
        }
        1 => {
            turn.wait(false);
            unsafe { *m.at::<u32>(0xc0) = 1 as u32 };
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(1 as u32, Relaxed);
        }
        2 => {
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.load(Relaxed) as u64;
            if r == 1 {
                turn.wait(false);
                r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0xc0)) }.load(SeqCst) as u64;
            }
        }
        3 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// they share no byte
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_mixed_sizes_plain_writes_to_two_halves(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
        }
        1 => {
            turn.wait(false);
            unsafe { *m.at::<u32>(0x0) = 1 as u32 };
        }
        2 => {
            turn.wait(false);
            unsafe { *m.at::<u32>(0x4) = 1 as u32 };
        }
        3 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// they share four bytes
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_mixed_sizes_plain_write_to_a_half_plain_read_of_the_whole(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
        }
        1 => {
            turn.wait(false);
            unsafe { *m.at::<u32>(0x0) = 1 as u32 };
        }
        2 => {
            turn.wait(false);
            t = unsafe { *m.at::<u64>(0x0) } as u64;
        }
        3 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// it shares that byte
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_mixed_sizes_plain_write_to_a_byte_of_an_atomic(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
        }
        1 => {
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0x0)) }.store(1 as u32, SeqCst);
        }
        2 => {
            turn.wait(false);
            unsafe { *m.at::<u8>(0x3) = 1 as u8 };
        }
        3 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// they share no byte
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_mixed_sizes_plain_write_next_to_an_atomic(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
        }
        1 => {
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0x4)) }.store(1 as u32, SeqCst);
        }
        2 => {
            turn.wait(false);
            unsafe { *m.at::<u8>(0x3) = 1 as u8 };
        }
        3 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// atomics do not race
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_mixed_sizes_an_atomic_and_an_atomic_half_of_it(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
        }
        1 => {
            turn.wait(false);
            unsafe { AtomicU64::from_ptr(m.at::<u64>(0x0)) }.store(1 as u64, Relaxed);
        }
        2 => {
            turn.wait(false);
            r = unsafe { AtomicU32::from_ptr(m.at::<u32>(0x4)) }.fetch_add(1, Relaxed) as u64;
        }
        3 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// a byte is the smallest memory location
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_mixed_sizes_two_bits_of_a_byte(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
        }
        1 => {
            turn.wait(false);
            r = unsafe { *m.at::<u8>(0x3) } as u64;
            turn.wait(false);
            unsafe { *m.at::<u8>(0x3) = (r + 1) as u8 };
        }
        2 => {
            turn.wait(false);
            r = unsafe { *m.at::<u8>(0x3) } as u64;
            turn.wait(false);
            unsafe { *m.at::<u8>(0x3) = (r + 1) as u8 };
        }
        3 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

// here, objects are told apart by their first byte
#[allow(unused_assignments, unused_mut, unused_variables)]
fn cell_mixed_sizes_released_as_four_bytes_acquired_as_one(m: &Memory, turn: &Turn, thread: usize) {
    let (mut r, mut s, mut t, mut held) = (0u64, 0u64, 0u64, None::<Held<'_>>);
    match thread {
        0 => {
        }
        1 => {
            turn.wait(false);
            unsafe { *m.at::<u64>(0x0) = 1 as u64 };
            turn.wait(false);
            unsafe { AtomicU32::from_ptr(m.at::<u32>(0x80)) }.store(1 as u32, Release);
        }
        2 => {
            turn.wait(false);
            r = unsafe { AtomicU8::from_ptr(m.at::<u8>(0x80)) }.load(Acquire) as u64;
            if r == 1 {
                turn.wait(false);
                t = unsafe { *m.at::<u64>(0x0) } as u64;
            }
        }
        3 => {
        }
        _ => unreachable!(),
    }
    turn.over();
}

pub const CELLS: &[Cell] = &[
    Cell { name: "cell_message_passing_relaxed", threads: 2, racy: true, run: cell_message_passing_relaxed },
    Cell { name: "cell_message_passing_relaxed_store", threads: 2, racy: true, run: cell_message_passing_relaxed_store },
    Cell { name: "cell_message_passing_relaxed_load", threads: 2, racy: true, run: cell_message_passing_relaxed_load },
    Cell { name: "cell_message_passing_release_acquire", threads: 2, racy: false, run: cell_message_passing_release_acquire },
    Cell { name: "cell_message_passing_seq_cst", threads: 2, racy: false, run: cell_message_passing_seq_cst },
    Cell { name: "cell_message_passing_raised_by_an_acq_rel_read_modify_write", threads: 2, racy: false, run: cell_message_passing_raised_by_an_acq_rel_read_modify_write },
    Cell { name: "cell_message_passing_raised_by_an_acquire_read_modify_write", threads: 2, racy: true, run: cell_message_passing_raised_by_an_acquire_read_modify_write },
    Cell { name: "cell_message_passing_seen_by_a_failed_exchange_acquire_on_failure", threads: 2, racy: false, run: cell_message_passing_seen_by_a_failed_exchange_acquire_on_failure },
    Cell { name: "cell_message_passing_seen_by_a_failed_exchange_relaxed_on_failure", threads: 2, racy: true, run: cell_message_passing_seen_by_a_failed_exchange_relaxed_on_failure },
    Cell { name: "cell_message_passing_fences_around_relaxed", threads: 2, racy: false, run: cell_message_passing_fences_around_relaxed },
    Cell { name: "cell_message_passing_release_fence_only", threads: 2, racy: true, run: cell_message_passing_release_fence_only },
    Cell { name: "cell_message_passing_acquire_fence_only", threads: 2, racy: true, run: cell_message_passing_acquire_fence_only },
    Cell { name: "cell_message_passing_release_fence_after_the_store", threads: 2, racy: true, run: cell_message_passing_release_fence_after_the_store },
    Cell { name: "cell_message_passing_acquire_fence_before_the_load", threads: 2, racy: true, run: cell_message_passing_acquire_fence_before_the_load },
    Cell { name: "cell_message_passing_acquire_fence_release_fence", threads: 2, racy: true, run: cell_message_passing_acquire_fence_release_fence },
    Cell { name: "cell_message_passing_data_written_after_the_flag", threads: 2, racy: true, run: cell_message_passing_data_written_after_the_flag },
    Cell { name: "cell_message_passing_flag_not_looked_at", threads: 2, racy: true, run: cell_message_passing_flag_not_looked_at },
    Cell { name: "cell_message_passing_plain_flag", threads: 2, racy: true, run: cell_message_passing_plain_flag },
    Cell { name: "cell_message_passing_reader_writes_back", threads: 2, racy: true, run: cell_message_passing_reader_writes_back },
    Cell { name: "cell_message_passing_reader_writes_back_and_answers", threads: 2, racy: false, run: cell_message_passing_reader_writes_back_and_answers },
    Cell { name: "cell_store_buffering_seq_cst_fences", threads: 2, racy: false, run: cell_store_buffering_seq_cst_fences },
    Cell { name: "cell_store_buffering_seq_cst_operations", threads: 2, racy: false, run: cell_store_buffering_seq_cst_operations },
    Cell { name: "cell_store_buffering_relaxed", threads: 2, racy: false, run: cell_store_buffering_relaxed },
    Cell { name: "cell_store_buffering_release_acquire", threads: 2, racy: false, run: cell_store_buffering_release_acquire },
    Cell { name: "cell_store_buffering_acq_rel_fences", threads: 2, racy: false, run: cell_store_buffering_acq_rel_fences },
    Cell { name: "cell_store_buffering_seq_cst_fences_leaving_by_a_relaxed_store", threads: 2, racy: true, run: cell_store_buffering_seq_cst_fences_leaving_by_a_relaxed_store },
    Cell { name: "cell_store_buffering_seq_cst_fences_leaving_by_a_release_store", threads: 2, racy: true, run: cell_store_buffering_seq_cst_fences_leaving_by_a_release_store },
    Cell { name: "cell_store_buffering_seq_cst_fences_a_release_fence_before_leaving_an_acquire_fence_on_entering", threads: 2, racy: false, run: cell_store_buffering_seq_cst_fences_a_release_fence_before_leaving_an_acquire_fence_on_entering },
    Cell { name: "cell_store_buffering_seq_cst_fences_a_release_fence_before_leaving", threads: 2, racy: true, run: cell_store_buffering_seq_cst_fences_a_release_fence_before_leaving },
    Cell { name: "cell_release_sequences_relaxed_read_modify_write", threads: 3, racy: false, run: cell_release_sequences_relaxed_read_modify_write },
    Cell { name: "cell_release_sequences_two_relaxed_read_modify_writes", threads: 3, racy: false, run: cell_release_sequences_two_relaxed_read_modify_writes },
    Cell { name: "cell_release_sequences_acquire_read_modify_write", threads: 3, racy: false, run: cell_release_sequences_acquire_read_modify_write },
    Cell { name: "cell_release_sequences_release_read_modify_write", threads: 3, racy: false, run: cell_release_sequences_release_read_modify_write },
    Cell { name: "cell_release_sequences_relaxed_swap", threads: 3, racy: true, run: cell_release_sequences_relaxed_swap },
    Cell { name: "cell_release_sequences_relaxed_store", threads: 3, racy: true, run: cell_release_sequences_relaxed_store },
    Cell { name: "cell_release_sequences_release_store", threads: 3, racy: true, run: cell_release_sequences_release_store },
    Cell { name: "cell_release_sequences_acquire_load_release_store", threads: 3, racy: false, run: cell_release_sequences_acquire_load_release_store },
    Cell { name: "cell_release_sequences_relaxed_store_by_the_releasing_thread", threads: 2, racy: true, run: cell_release_sequences_relaxed_store_by_the_releasing_thread },
    Cell { name: "cell_release_sequences_relaxed_read_modify_write_by_the_releasing_thread", threads: 2, racy: false, run: cell_release_sequences_relaxed_read_modify_write_by_the_releasing_thread },
    Cell { name: "cell_release_sequences_failed_exchange", threads: 3, racy: false, run: cell_release_sequences_failed_exchange },
    Cell { name: "cell_release_sequences_relaxed_store_after_a_release_fence_relaxed_read_modify_write", threads: 3, racy: false, run: cell_release_sequences_relaxed_store_after_a_release_fence_relaxed_read_modify_write },
    Cell { name: "cell_release_sequences_two_release_read_modify_writes", threads: 3, racy: false, run: cell_release_sequences_two_release_read_modify_writes },
    Cell { name: "cell_release_sequences_a_release_and_a_relaxed_read_modify_write", threads: 3, racy: true, run: cell_release_sequences_a_release_and_a_relaxed_read_modify_write },
    Cell { name: "cell_seqlock_plain_data_fences", threads: 2, racy: true, run: cell_seqlock_plain_data_fences },
    Cell { name: "cell_seqlock_plain_data_no_fences", threads: 2, racy: true, run: cell_seqlock_plain_data_no_fences },
    Cell { name: "cell_seqlock_relaxed_atomic_data_fences", threads: 2, racy: false, run: cell_seqlock_relaxed_atomic_data_fences },
    Cell { name: "cell_seqlock_relaxed_atomic_data_no_fences", threads: 2, racy: false, run: cell_seqlock_relaxed_atomic_data_no_fences },
    Cell { name: "cell_seqlock_pointer_to_what_was_written_before_acquire", threads: 2, racy: false, run: cell_seqlock_pointer_to_what_was_written_before_acquire },
    Cell { name: "cell_seqlock_pointer_to_what_was_written_before_relaxed_first_look_acquire_fence", threads: 2, racy: false, run: cell_seqlock_pointer_to_what_was_written_before_relaxed_first_look_acquire_fence },
    Cell { name: "cell_seqlock_pointer_to_what_was_written_before_relaxed_first_look_no_fences", threads: 2, racy: true, run: cell_seqlock_pointer_to_what_was_written_before_relaxed_first_look_no_fences },
    Cell { name: "cell_dekker_seq_cst", threads: 2, racy: false, run: cell_dekker_seq_cst },
    Cell { name: "cell_dekker_seq_cst_leaving_by_release", threads: 2, racy: false, run: cell_dekker_seq_cst_leaving_by_release },
    Cell { name: "cell_dekker_seq_cst_leaving_by_relaxed", threads: 2, racy: true, run: cell_dekker_seq_cst_leaving_by_relaxed },
    Cell { name: "cell_dekker_release_acquire", threads: 2, racy: false, run: cell_dekker_release_acquire },
    Cell { name: "cell_dekker_relaxed", threads: 2, racy: true, run: cell_dekker_relaxed },
    Cell { name: "cell_peterson_seq_cst", threads: 2, racy: false, run: cell_peterson_seq_cst },
    Cell { name: "cell_peterson_seq_cst_leaving_by_release", threads: 2, racy: false, run: cell_peterson_seq_cst_leaving_by_release },
    Cell { name: "cell_peterson_release_acquire", threads: 2, racy: false, run: cell_peterson_release_acquire },
    Cell { name: "cell_peterson_relaxed", threads: 2, racy: true, run: cell_peterson_relaxed },
    Cell { name: "cell_peterson_seq_cst_leaving_by_relaxed", threads: 2, racy: true, run: cell_peterson_seq_cst_leaving_by_relaxed },
    Cell { name: "cell_rcu_like_publication_publish_by_release_follow_by_acquire_wait_for_a_release_by_acquire", threads: 2, racy: false, run: cell_rcu_like_publication_publish_by_release_follow_by_acquire_wait_for_a_release_by_acquire },
    Cell { name: "cell_rcu_like_publication_publish_by_relaxed", threads: 2, racy: true, run: cell_rcu_like_publication_publish_by_relaxed },
    Cell { name: "cell_rcu_like_publication_follow_by_relaxed", threads: 2, racy: true, run: cell_rcu_like_publication_follow_by_relaxed },
    Cell { name: "cell_rcu_like_publication_reuse_at_once", threads: 2, racy: true, run: cell_rcu_like_publication_reuse_at_once },
    Cell { name: "cell_rcu_like_publication_reader_says_by_relaxed_that_it_is_done", threads: 2, racy: true, run: cell_rcu_like_publication_reader_says_by_relaxed_that_it_is_done },
    Cell { name: "cell_rcu_like_publication_wait_by_relaxed", threads: 2, racy: true, run: cell_rcu_like_publication_wait_by_relaxed },
    Cell { name: "cell_rcu_like_publication_wait_by_relaxed_then_an_acquire_fence", threads: 2, racy: false, run: cell_rcu_like_publication_wait_by_relaxed_then_an_acquire_fence },
    Cell { name: "cell_double_checked_locking_release_acquire", threads: 2, racy: false, run: cell_double_checked_locking_release_acquire },
    Cell { name: "cell_double_checked_locking_seq_cst", threads: 2, racy: false, run: cell_double_checked_locking_seq_cst },
    Cell { name: "cell_double_checked_locking_relaxed_first_look", threads: 2, racy: true, run: cell_double_checked_locking_relaxed_first_look },
    Cell { name: "cell_double_checked_locking_relaxed_store", threads: 2, racy: true, run: cell_double_checked_locking_relaxed_store },
    Cell { name: "cell_double_checked_locking_plain_flag", threads: 2, racy: true, run: cell_double_checked_locking_plain_flag },
    Cell { name: "cell_double_checked_locking_flag_raised_before_it_is_made", threads: 2, racy: true, run: cell_double_checked_locking_flag_raised_before_it_is_made },
    Cell { name: "cell_double_checked_locking_relaxed_with_fences", threads: 2, racy: false, run: cell_double_checked_locking_relaxed_with_fences },
    Cell { name: "cell_double_checked_locking_no_first_look", threads: 2, racy: false, run: cell_double_checked_locking_no_first_look },
    Cell { name: "cell_load_buffering_plain", threads: 2, racy: true, run: cell_load_buffering_plain },
    Cell { name: "cell_load_buffering_plain_written_only_if_the_other_s_write_is_seen", threads: 2, racy: false, run: cell_load_buffering_plain_written_only_if_the_other_s_write_is_seen },
    Cell { name: "cell_load_buffering_relaxed", threads: 2, racy: false, run: cell_load_buffering_relaxed },
    Cell { name: "cell_load_buffering_relaxed_data_written_before_by_one", threads: 2, racy: true, run: cell_load_buffering_relaxed_data_written_before_by_one },
    Cell { name: "cell_load_buffering_release_acquire_data_written_before_by_one", threads: 2, racy: false, run: cell_load_buffering_release_acquire_data_written_before_by_one },
    Cell { name: "cell_independent_reads_of_independent_writes_seq_cst_who_sees_one_and_not_the_other_writes_data", threads: 4, racy: false, run: cell_independent_reads_of_independent_writes_seq_cst_who_sees_one_and_not_the_other_writes_data },
    Cell { name: "cell_independent_reads_of_independent_writes_release_acquire_who_sees_one_and_not_the_other_writes_data", threads: 4, racy: false, run: cell_independent_reads_of_independent_writes_release_acquire_who_sees_one_and_not_the_other_writes_data },
    Cell { name: "cell_independent_reads_of_independent_writes_relaxed_who_sees_one_and_not_the_other_writes_data", threads: 4, racy: false, run: cell_independent_reads_of_independent_writes_relaxed_who_sees_one_and_not_the_other_writes_data },
    Cell { name: "cell_causality_chains_wrc_isa2_release_acquire", threads: 3, racy: false, run: cell_causality_chains_wrc_isa2_release_acquire },
    Cell { name: "cell_causality_chains_wrc_isa2_the_second_hears_by_relaxed", threads: 3, racy: true, run: cell_causality_chains_wrc_isa2_the_second_hears_by_relaxed },
    Cell { name: "cell_causality_chains_wrc_isa2_the_second_tells_by_relaxed", threads: 3, racy: true, run: cell_causality_chains_wrc_isa2_the_second_tells_by_relaxed },
    Cell { name: "cell_causality_chains_wrc_isa2_the_first_tells_by_relaxed", threads: 3, racy: true, run: cell_causality_chains_wrc_isa2_the_first_tells_by_relaxed },
    Cell { name: "cell_causality_chains_wrc_isa2_the_second_hears_and_tells_by_relaxed_an_acq_rel_fence_between", threads: 3, racy: false, run: cell_causality_chains_wrc_isa2_the_second_hears_and_tells_by_relaxed_an_acq_rel_fence_between },
    Cell { name: "cell_causality_chains_wrc_isa2_the_same_with_an_acquire_fence", threads: 3, racy: true, run: cell_causality_chains_wrc_isa2_the_same_with_an_acquire_fence },
    Cell { name: "cell_causality_chains_wrc_isa2_through_one_variable_the_second_by_an_acq_rel_read_modify_write", threads: 3, racy: false, run: cell_causality_chains_wrc_isa2_through_one_variable_the_second_by_an_acq_rel_read_modify_write },
    Cell { name: "cell_causality_chains_wrc_isa2_the_second_tells_under_a_lock", threads: 3, racy: false, run: cell_causality_chains_wrc_isa2_the_second_tells_under_a_lock },
    Cell { name: "cell_spinlock_acquire_release", threads: 2, racy: false, run: cell_spinlock_acquire_release },
    Cell { name: "cell_spinlock_by_compare_exchange", threads: 2, racy: false, run: cell_spinlock_by_compare_exchange },
    Cell { name: "cell_spinlock_relaxed_look_before_the_swap", threads: 2, racy: false, run: cell_spinlock_relaxed_look_before_the_swap },
    Cell { name: "cell_spinlock_relaxed_swap", threads: 2, racy: true, run: cell_spinlock_relaxed_swap },
    Cell { name: "cell_spinlock_relaxed_store", threads: 2, racy: true, run: cell_spinlock_relaxed_store },
    Cell { name: "cell_spinlock_plain_store", threads: 2, racy: true, run: cell_spinlock_plain_store },
    Cell { name: "cell_spinlock_left_by_a_relaxed_read_modify_write", threads: 2, racy: true, run: cell_spinlock_left_by_a_relaxed_read_modify_write },
    Cell { name: "cell_spinlock_look_then_store", threads: 2, racy: true, run: cell_spinlock_look_then_store },
    Cell { name: "cell_ticket_lock_relaxed_draw_acquire_release", threads: 2, racy: false, run: cell_ticket_lock_relaxed_draw_acquire_release },
    Cell { name: "cell_ticket_lock_wait_by_relaxed", threads: 2, racy: true, run: cell_ticket_lock_wait_by_relaxed },
    Cell { name: "cell_ticket_lock_serve_by_relaxed", threads: 2, racy: true, run: cell_ticket_lock_serve_by_relaxed },
    Cell { name: "cell_ticket_lock_all_order_in_the_draw", threads: 2, racy: true, run: cell_ticket_lock_all_order_in_the_draw },
    Cell { name: "cell_ticket_lock_serve_by_a_release_read_modify_write", threads: 2, racy: false, run: cell_ticket_lock_serve_by_a_release_read_modify_write },
    Cell { name: "cell_treiber_like_publication_release_acquire", threads: 3, racy: false, run: cell_treiber_like_publication_release_acquire },
    Cell { name: "cell_treiber_like_publication_push_by_relaxed", threads: 3, racy: true, run: cell_treiber_like_publication_push_by_relaxed },
    Cell { name: "cell_treiber_like_publication_follow_by_relaxed", threads: 3, racy: true, run: cell_treiber_like_publication_follow_by_relaxed },
    Cell { name: "cell_treiber_like_publication_take_all_by_an_acquire_swap", threads: 3, racy: false, run: cell_treiber_like_publication_take_all_by_an_acquire_swap },
    Cell { name: "cell_treiber_like_publication_follow_by_relaxed_fence_after", threads: 3, racy: false, run: cell_treiber_like_publication_follow_by_relaxed_fence_after },
    Cell { name: "cell_arc_s_drop_release_acquire_fence", threads: 2, racy: false, run: cell_arc_s_drop_release_acquire_fence },
    Cell { name: "cell_arc_s_drop_release_acquire_load", threads: 2, racy: false, run: cell_arc_s_drop_release_acquire_load },
    Cell { name: "cell_arc_s_drop_acq_rel", threads: 2, racy: false, run: cell_arc_s_drop_acq_rel },
    Cell { name: "cell_arc_s_drop_release_nothing", threads: 2, racy: true, run: cell_arc_s_drop_release_nothing },
    Cell { name: "cell_arc_s_drop_relaxed_acquire_fence", threads: 2, racy: true, run: cell_arc_s_drop_relaxed_acquire_fence },
    Cell { name: "cell_arc_s_drop_acquire", threads: 2, racy: true, run: cell_arc_s_drop_acquire },
    Cell { name: "cell_arc_s_drop_get_mut_by_acquire", threads: 2, racy: false, run: cell_arc_s_drop_get_mut_by_acquire },
    Cell { name: "cell_arc_s_drop_get_mut_by_relaxed", threads: 2, racy: true, run: cell_arc_s_drop_get_mut_by_relaxed },
    Cell { name: "cell_arc_s_drop_get_mut_let_go_by_relaxed", threads: 2, racy: true, run: cell_arc_s_drop_get_mut_let_go_by_relaxed },
    Cell { name: "cell_atomic_and_plain_plain_read_beside_an_atomic_store", threads: 2, racy: true, run: cell_atomic_and_plain_plain_read_beside_an_atomic_store },
    Cell { name: "cell_atomic_and_plain_plain_read_beside_an_atomic_load", threads: 2, racy: false, run: cell_atomic_and_plain_plain_read_beside_an_atomic_load },
    Cell { name: "cell_atomic_and_plain_plain_write_beside_an_atomic_load", threads: 2, racy: true, run: cell_atomic_and_plain_plain_write_beside_an_atomic_load },
    Cell { name: "cell_atomic_and_plain_plain_write_before_the_threads_start", threads: 2, racy: false, run: cell_atomic_and_plain_plain_write_before_the_threads_start },
    Cell { name: "cell_atomic_and_plain_relaxed_counting_plain_read_after_the_joins", threads: 2, racy: false, run: cell_atomic_and_plain_relaxed_counting_plain_read_after_the_joins },
    Cell { name: "cell_atomic_and_plain_plain_counting", threads: 2, racy: true, run: cell_atomic_and_plain_plain_counting },
    Cell { name: "cell_atomic_and_plain_two_plain_writes_of_the_same_value", threads: 2, racy: true, run: cell_atomic_and_plain_two_plain_writes_of_the_same_value },
    Cell { name: "cell_atomic_and_plain_an_atomic_made_plainly_published_by_relaxed", threads: 2, racy: true, run: cell_atomic_and_plain_an_atomic_made_plainly_published_by_relaxed },
    Cell { name: "cell_mixed_sizes_plain_writes_to_two_halves", threads: 2, racy: false, run: cell_mixed_sizes_plain_writes_to_two_halves },
    Cell { name: "cell_mixed_sizes_plain_write_to_a_half_plain_read_of_the_whole", threads: 2, racy: true, run: cell_mixed_sizes_plain_write_to_a_half_plain_read_of_the_whole },
    Cell { name: "cell_mixed_sizes_plain_write_to_a_byte_of_an_atomic", threads: 2, racy: true, run: cell_mixed_sizes_plain_write_to_a_byte_of_an_atomic },
    Cell { name: "cell_mixed_sizes_plain_write_next_to_an_atomic", threads: 2, racy: false, run: cell_mixed_sizes_plain_write_next_to_an_atomic },
    Cell { name: "cell_mixed_sizes_an_atomic_and_an_atomic_half_of_it", threads: 2, racy: false, run: cell_mixed_sizes_an_atomic_and_an_atomic_half_of_it },
    Cell { name: "cell_mixed_sizes_two_bits_of_a_byte", threads: 2, racy: true, run: cell_mixed_sizes_two_bits_of_a_byte },
    Cell { name: "cell_mixed_sizes_released_as_four_bytes_acquired_as_one", threads: 2, racy: false, run: cell_mixed_sizes_released_as_four_bytes_acquired_as_one },
];
