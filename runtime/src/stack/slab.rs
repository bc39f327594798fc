//! Many stacks in one mapping.
//!
//! Linux bounds the number of mappings of a process (`vm.max_map_count`, 65,530 unless
//! configured). A mapping for each stack, and a guard that splits it in two, would end at 32,700
//! goroutines. Here a slab is one mapping, and a guard is `MADV_GUARD_INSTALL` (Linux 6.13),
//! which splits nothing. Older kernels get `mprotect`, and its bound.
//!
//! A slab is unmapped when its last stack is dropped; a stack that is leaked, because a goroutine
//! stands on it for ever, keeps its slab.

use std::io;
use std::ops::Range;
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// The bytes of a stack at its low end that must not be touched: an access to them ends the process.
/// One page, which is not the same everywhere.
pub(crate) fn guard_bytes() -> usize {
    static PAGE: AtomicUsize = AtomicUsize::new(0);
    match PAGE.load(Ordering::Relaxed) {
        0 => {
            // SAFETY: asks for a number, and has no conditions.
            let page = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
            let page = usize::try_from(page).unwrap_or(4096).max(4096);
            PAGE.store(page, Ordering::Relaxed);
            page
        }
        page => page,
    }
}

/// The greatest number of stacks in a slab.
const MOST: usize = 4096;
/// The number of stacks in the first slab; each further one has twice as many.
const FIRST: usize = 16;
/// A slab takes at most this much address space, unless a stack alone does.
const SPAN: usize = 1 << 30;

/// One mapping.
struct Slab {
    start: usize,
    len: usize,
}

impl Slab {
    fn map(len: usize) -> io::Result<Self> {
        // SAFETY: a fresh anonymous mapping, at an address of the kernel's choice, aliases nothing.
        let start = unsafe {
            libc::mmap(
                ptr::null_mut(),
                len,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE | libc::MAP_STACK,
                -1,
                0,
            )
        };
        if start == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        // One touched page must not take two megabytes. Where the kernel knows no huge pages, this
        // fails and does not matter.
        // SAFETY: the range is the mapping made above; the advice changes no contents.
        unsafe { libc::madvise(start, len, libc::MADV_NOHUGEPAGE) };
        Ok(Self {
            start: start as usize,
            len,
        })
    }
}

impl Drop for Slab {
    fn drop(&mut self) {
        // SAFETY: the mapping was made in `map`, and every stack within it counted this slab, so
        // none is left.
        unsafe { libc::munmap(self.start as *mut libc::c_void, self.len) };
    }
}

/// The memory of one stack, guard included.
pub(super) struct Memory {
    slab: Arc<Slab>,
    start: usize,
    len: usize,
}

impl Memory {
    pub(super) fn addresses(&self) -> Range<usize> {
        self.start..self.start + self.len
    }

    /// Gives the memory back to the system, but keeps the addresses. What was there is gone.
    pub(super) fn give_back(&self) {
        debug_assert!(self.start + self.len <= self.slab.start + self.slab.len);
        let usable = (self.start + guard_bytes()) as *mut libc::c_void;
        // SAFETY: the range is part of the slab and belongs to this stack alone, on which nobody
        // runs: it is in the hands of the pool.
        unsafe { libc::madvise(usable, self.len - guard_bytes(), libc::MADV_DONTNEED) };
    }
}

/// The slabs of stacks of one size.
pub(super) struct Slabs {
    bytes: usize,
    newest: Option<Arc<Slab>>,
    /// How many stacks of the newest slab are given out.
    used: usize,
}

impl Slabs {
    pub(super) fn new(bytes: usize) -> Self {
        Self {
            bytes,
            newest: None,
            used: 0,
        }
    }

    /// A stack that was never used.
    ///
    /// # Errors
    ///
    /// Where the operating system gives no memory, or no guard.
    pub(super) fn take(&mut self) -> io::Result<Memory> {
        let slab = match &self.newest {
            Some(slab) if (self.used + 1) * self.bytes <= slab.len => Arc::clone(slab),
            _ => self.grow()?,
        };
        let start = slab.start + self.used * self.bytes;
        guard(start)?;
        self.used += 1;
        Ok(Memory {
            slab,
            start,
            len: self.bytes,
        })
    }

    fn grow(&mut self) -> io::Result<Arc<Slab>> {
        let before = self.newest.as_ref().map(|slab| slab.len / self.bytes);
        let stacks = before.map_or(FIRST, |stacks| (stacks * 2).min(MOST));
        let stacks = stacks.min((SPAN / self.bytes).max(1));
        let slab = Arc::new(Slab::map(stacks * self.bytes)?);
        self.newest = Some(Arc::clone(&slab));
        self.used = 0;
        Ok(slab)
    }
}

/// Since Linux 6.13: an access to the range is a fault, and the mapping stays one.
const MADV_GUARD_INSTALL: libc::c_int = 102;

/// Makes the first page from `start` a guard.
fn guard(start: usize) -> io::Result<()> {
    /// Whether the kernel was found not to know light guards.
    static HEAVY: AtomicBool = AtomicBool::new(false);
    let page = start as *mut libc::c_void;
    if !HEAVY.load(Ordering::Relaxed) {
        // SAFETY: the page is the lowest of a stack that nobody uses yet.
        if unsafe { libc::madvise(page, guard_bytes(), MADV_GUARD_INSTALL) } == 0 {
            return Ok(());
        }
        let error = io::Error::last_os_error();
        if error.raw_os_error() != Some(libc::EINVAL) {
            return Err(error);
        }
        HEAVY.store(true, Ordering::Relaxed);
    }
    // SAFETY: as above.
    match unsafe { libc::mprotect(page, guard_bytes(), libc::PROT_NONE) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}
