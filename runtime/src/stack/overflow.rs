//! What is said when a goroutine runs into its stack's guard.
//!
//! The access arrives as SIGSEGV (SIGBUS on some systems), on the signal stack that `std` gives
//! each of its threads. Where the address lies in the guard of the goroutine that this thread runs,
//! the handler names it and where it was created, and aborts the process, as `std` does for a
//! thread. Any other fault is left to whoever handled it before.
//!
//! The handler takes no lock and allocates nothing: it reads what the goroutine has had from the
//! beginning, and writes with `write`.

use super::slab::guard_bytes;
use crate::current;
use crate::goroutine::Goroutine;
use std::cell::UnsafeCell;
use std::mem::MaybeUninit;
use std::sync::Once;

#[cfg(any(target_os = "linux", target_os = "android"))]
const SIGNALS: [libc::c_int; 1] = [libc::SIGSEGV];
#[cfg(not(any(target_os = "linux", target_os = "android")))]
const SIGNALS: [libc::c_int; 2] = [libc::SIGSEGV, libc::SIGBUS];

/// Who handled the signals before.
struct Before(UnsafeCell<[MaybeUninit<libc::sigaction>; SIGNALS.len()]>);

// SAFETY: written once, under `WATCHING`, before the handler that reads it is installed.
unsafe impl Sync for Before {}

static BEFORE: Before = Before(UnsafeCell::new([MaybeUninit::uninit(); SIGNALS.len()]));
static WATCHING: Once = Once::new();

/// Watches for overflows from now on, once for the process.
pub(crate) fn watch() {
    WATCHING.call_once(|| {
        for (i, &signal) in SIGNALS.iter().enumerate() {
            // SAFETY: an all-zero `sigaction` is a valid one; both pointers are to whole ones; nobody
            // else writes to `BEFORE`, and no handler of ours for this signal reads it yet. The handler
            // does only what is allowed in one.
            unsafe {
                let before = (*BEFORE.0.get())[i].as_mut_ptr();
                libc::sigaction(signal, std::ptr::null(), before);
                let mut action: libc::sigaction = std::mem::zeroed();
                action.sa_sigaction = on_fault as *const () as usize;
                action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK | libc::SA_NODEFER;
                libc::sigemptyset(&raw mut action.sa_mask);
                libc::sigaction(signal, &raw const action, std::ptr::null_mut());
            }
        }
    });
}

extern "C" fn on_fault(signal: libc::c_int, info: *mut libc::siginfo_t, _: *mut libc::c_void) {
    // SAFETY: the kernel passes the information that SA_SIGINFO asks for.
    let address = unsafe { (*info).si_addr() } as usize;
    current::with(|g| {
        let guard = g.stack_addresses().start;
        if (guard..guard + guard_bytes()).contains(&address) {
            report(g);
            // SAFETY: may be called in a signal handler.
            unsafe { libc::abort() };
        }
    });
    leave_to_others(signal);
}

/// Reinstates the handler that was there before; the access is then tried again, and faults again.
fn leave_to_others(signal: libc::c_int) {
    for (i, _) in SIGNALS.iter().enumerate().filter(|(_, s)| **s == signal) {
        // SAFETY: written before this handler was installed; the call is allowed in a handler.
        unsafe {
            let before = (*BEFORE.0.get())[i].as_ptr();
            libc::sigaction(signal, before, std::ptr::null_mut());
        }
    }
}

fn report(g: &Goroutine) {
    let mut line = Line::new();
    if g.is_main() {
        line.text("\nthe main goroutine");
    } else {
        line.text("\ngoroutine ").number(g.id());
    }
    line.text(" of the run '").text(g.run.name()).text("'");
    line.text(" has overflowed its stack of ");
    line.number(g.stack_addresses().len() as u64 / 1024);
    line.text(" KiB");
    if !g.is_main() {
        line.text("\n  created at ").text(g.created().file());
        line.text(":").number(u64::from(g.created().line()));
    }
    line.text(
        "\n  a larger one: Goroutine::new().stack_size(BYTES).go(..) for one goroutine, \
         stack=BYTES in DEADHEAT for all\nfatal: stack overflow\n",
    );
    line.flush();
}

/// Text on its way to the standard error stream, without allocation.
struct Line {
    bytes: [u8; 1024],
    len: usize,
}

impl Line {
    fn new() -> Self {
        Self {
            bytes: [0; 1024],
            len: 0,
        }
    }

    fn text(&mut self, text: &str) -> &mut Self {
        for &byte in text.as_bytes() {
            if self.len == self.bytes.len() {
                self.flush();
            }
            self.bytes[self.len] = byte;
            self.len += 1;
        }
        self
    }

    fn number(&mut self, number: u64) -> &mut Self {
        let mut digits = [0_u8; 20];
        let mut at = digits.len();
        let mut rest = number;
        while rest > 0 || at == digits.len() {
            at -= 1;
            digits[at] = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
        self.text(std::str::from_utf8(&digits[at..]).unwrap_or_default())
    }

    fn flush(&mut self) {
        let mut from = 0;
        while from < self.len {
            let rest = &self.bytes[from..self.len];
            // SAFETY: `rest` is that many bytes; `write` is allowed in a signal handler.
            let written = unsafe { libc::write(2, rest.as_ptr().cast(), rest.len()) };
            if written <= 0 {
                break;
            }
            from += written as usize;
        }
        self.len = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::Line;

    #[test]
    fn numbers_are_written_whole() {
        let mut line = Line::new();
        line.number(0)
            .text(" ")
            .number(10)
            .text(" ")
            .number(u64::MAX);
        assert_eq!(&line.bytes[..line.len], b"0 10 18446744073709551615");
    }
}
