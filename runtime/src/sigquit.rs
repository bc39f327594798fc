//! SIGQUIT, as Go has it: prints what every goroutine does, and ends the process with code 2.
//!
//! The signal's handler writes a byte into a pipe, which is all that it may do; a thread that
//! waits for the byte does the rest. A second signal, should that not come to an end, has its
//! usual effect: it ends the process at once.

use crate::dump::dump_all;
use std::io::{PipeReader, PipeWriter, Read as _, Write as _};
use std::os::fd::AsRawFd as _;
use std::sync::Once;
use std::sync::atomic::{AtomicI32, Ordering};

/// The exit code; Go's.
const EXIT: i32 = 2;

static WATCHING: Once = Once::new();

/// The end of the pipe that the handler writes to.
static PIPE: AtomicI32 = AtomicI32::new(-1);

/// Waits for the signal from now on, once for the process, unless the program handles it itself.
///
/// Where the system has no pipe or thread to give, the signal keeps its usual effect.
pub(crate) fn watch() {
    WATCHING.call_once(|| {
        if is_handled() {
            return;
        }
        let Ok((reader, writer)) = std::io::pipe() else {
            return;
        };
        PIPE.store(writer.as_raw_fd(), Ordering::Release);
        let thread = std::thread::Builder::new().name("sigquit".to_owned());
        if thread.spawn(move || wait(reader, writer)).is_ok() {
            set_handler(on_signal as *const () as libc::sighandler_t);
        }
    });
}

/// Whether the program has a handler of its own. To ignore the signal is none: whoever starts a
/// program in the background of a shell makes it so. Go takes the signal over too then.
fn is_handled() -> bool {
    // SAFETY: an all-zero `sigaction` is a valid one, and only read into.
    let handler = unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        libc::sigaction(libc::SIGQUIT, std::ptr::null(), &raw mut action);
        action.sa_sigaction
    };
    handler != libc::SIG_DFL && handler != libc::SIG_IGN
}

fn set_handler(handler: libc::sighandler_t) {
    // SAFETY: an all-zero `sigaction` is a valid one, and the pointer is to a whole one. The handler
    // does only what is allowed in one.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = handler;
        action.sa_flags = libc::SA_RESTART | libc::SA_ONSTACK;
        libc::sigemptyset(&raw mut action.sa_mask);
        libc::sigaction(libc::SIGQUIT, &raw const action, std::ptr::null_mut());
    }
}

extern "C" fn on_signal(_: libc::c_int) {
    let byte = 0_u8;
    // SAFETY: `byte` is one byte, and `write` is allowed in a signal handler. It does not fail, and so
    // leaves the error number of whom the signal interrupted: the pipe has room for every signal
    // that comes before the next has its usual effect.
    unsafe { libc::write(PIPE.load(Ordering::Acquire), (&raw const byte).cast(), 1) };
}

/// `_writer` is kept, so that the handler can write to it.
fn wait(mut reader: PipeReader, _writer: PipeWriter) {
    if reader.read_exact(&mut [0]).is_err() {
        return;
    }
    set_handler(libc::SIG_DFL);
    // Not `eprintln`, which a test harness captures. Nobody is left to tell of an error.
    let mut text = "SIGQUIT: quit\n".to_owned();
    for dump in dump_all() {
        text += &format!("\n{}\n{dump}\n", dump.title());
    }
    let _ = std::io::stderr().write_all(text.as_bytes());
    // SAFETY: has no preconditions. Destructors of the process are left out: goroutines still run.
    unsafe { libc::_exit(EXIT) };
}
