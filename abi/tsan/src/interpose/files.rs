//! Bytes that are read from and written to files, and what that orders.
//!
//! What was written to a pipe is read from it later: a write releases, a read acquires. Both ends of
//! a pipe are one object. Which sockets are the two ends of a connection is not known, so all sockets,
//! and what else the kernel passes bytes or events through, are one object together: this may order
//! more than the program did. Files order nothing.

use super::objects::{acquire, release_merge};
use super::{enter, with_site};
use crate::entry::range::access;
use crate::interpose::real::real;
use crate::thread::{Class, Operation};
use deadheat_detector::access::AccessKind::{Read, Write};
use libc::{iovec, mmsghdr, msghdr, sockaddr, socklen_t, timespec};
use std::ffi::{c_int, c_uint, c_void};
use std::mem::MaybeUninit;

/// The object of sockets and their like: no address of the program's.
const SOCKETS: usize = 1 << 60;

/// What orders those who read and write `file`.
fn object(file: c_int) -> Option<usize> {
    let mut about = MaybeUninit::<libc::stat>::uninit();
    // SAFETY: what is written to is large enough, and read only where it was written.
    let about = unsafe {
        let errno = libc::__errno_location();
        let before = *errno;
        let known = libc::fstat(file, about.as_mut_ptr()) == 0;
        *errno = before;
        if !known {
            return None;
        }
        about.assume_init()
    };
    match about.st_mode & libc::S_IFMT {
        libc::S_IFREG | libc::S_IFDIR | libc::S_IFLNK | libc::S_IFBLK | libc::S_IFCHR => None,
        libc::S_IFIFO => {
            Some(SOCKETS | 1 << 59 | (about.st_ino as usize) << 8 | about.st_dev as usize & 0xff)
        }
        _ => Some(SOCKETS),
    }
}

fn receive(file: c_int, site: usize) {
    if enter().is_some()
        && let Some(object) = object(file)
    {
        acquire(object, Operation::Receive, site);
    }
}

fn send_to(file: c_int, site: usize) {
    if enter().is_some()
        && let Some(object) = object(file)
    {
        release_merge(object, Operation::Send, site);
    }
}

/// `size` bytes came to `buffer`.
fn filled(buffer: *const c_void, size: isize, site: usize) {
    access(
        Write,
        buffer.addr(),
        size.max(0) as usize,
        site,
        Class::Library,
    );
}

/// `size` bytes go out of `buffer`.
fn taken(buffer: *const c_void, size: usize, site: usize) {
    access(Read, buffer.addr(), size, site, Class::Library);
}

/// The first `size` bytes of several buffers, or all.
///
/// # Safety
///
/// `buffers` are `count` buffers.
unsafe fn each(
    buffers: *const iovec,
    count: usize,
    mut size: usize,
    f: impl Fn(*const c_void, usize),
) {
    for at in 0..count {
        // SAFETY: as the caller says.
        let buffer = unsafe { *buffers.add(at) };
        let part = size.min(buffer.iov_len);
        f(buffer.iov_base, part);
        size -= part;
    }
}

macro_rules! reading {
    ($($name:ident[$register:literal](file, buffer, size $(, $argument:ident: $type:ty)*);)*) => {
        with_site! {$(
            #[unsafe(no_mangle)]
            fn $name[$register](file: c_int, buffer: *mut c_void, size: usize $(, $argument: $type)*; site)
                -> isize {
                // SAFETY: as the caller says.
                let result = unsafe {
                    real!($name: fn(c_int, *mut c_void, usize $(, $type)*) -> isize)(
                        file, buffer, size $(, $argument)*)
                };
                if result >= 0 {
                    receive(file, site);
                    filled(buffer, result.min(size as isize), site);
                }
                result
            }
        )*}
    };
}

macro_rules! writing {
    ($($name:ident[$register:literal](file, buffer, size $(, $argument:ident: $type:ty)*);)*) => {
        with_site! {$(
            #[unsafe(no_mangle)]
            fn $name[$register](file: c_int, buffer: *const c_void, size: usize $(, $argument: $type)*; site)
                -> isize {
                taken(buffer, size, site);
                send_to(file, site);
                // SAFETY: as the caller says.
                unsafe {
                    real!($name: fn(c_int, *const c_void, usize $(, $type)*) -> isize)(
                        file, buffer, size $(, $argument)*)
                }
            }
        )*}
    };
}

reading! {
    read["rcx"](file, buffer, size);
    pread["r8"](file, buffer, size, at: i64);
    pread64["r8"](file, buffer, size, at: i64);
    recv["r8"](file, buffer, size, flags: c_int);
}

writing! {
    write["rcx"](file, buffer, size);
    pwrite["r8"](file, buffer, size, at: i64);
    pwrite64["r8"](file, buffer, size, at: i64);
    send["r8"](file, buffer, size, flags: c_int);
}

macro_rules! reading_several {
    ($($name:ident[$register:literal]($($argument:ident: $type:ty),*);)*) => {
        with_site! {$(
            #[unsafe(no_mangle)]
            fn $name[$register](file: c_int, buffers: *const iovec, count: c_int $(, $argument: $type)*; site)
                -> isize {
                // SAFETY: as the caller says.
                let result = unsafe {
                    real!($name: fn(c_int, *const iovec, c_int $(, $type)*) -> isize)(
                        file, buffers, count $(, $argument)*)
                };
                if result >= 0 {
                    receive(file, site);
                    // SAFETY: the caller's buffers.
                    unsafe {
                        each(buffers, count as usize, result as usize, |buffer, part| {
                            filled(buffer, part as isize, site);
                        });
                    }
                }
                result
            }
        )*}
    };
}

macro_rules! writing_several {
    ($($name:ident[$register:literal]($($argument:ident: $type:ty),*);)*) => {
        with_site! {$(
            #[unsafe(no_mangle)]
            fn $name[$register](file: c_int, buffers: *const iovec, count: c_int $(, $argument: $type)*; site)
                -> isize {
                // SAFETY: the caller's buffers.
                unsafe {
                    each(buffers, count.max(0) as usize, usize::MAX, |buffer, part| taken(buffer, part, site));
                }
                send_to(file, site);
                // SAFETY: as the caller says.
                unsafe {
                    real!($name: fn(c_int, *const iovec, c_int $(, $type)*) -> isize)(
                        file, buffers, count $(, $argument)*)
                }
            }
        )*}
    };
}

reading_several! {
    readv["rcx"]();
    preadv["r8"](at: i64);
    preadv64["r8"](at: i64);
}

writing_several! {
    writev["rcx"]();
    pwritev["r8"](at: i64);
    pwritev64["r8"](at: i64);
}

with_site! {
    #[unsafe(no_mangle)]
    fn recvmsg["rcx"](file: c_int, message: *mut msghdr, flags: c_int; site) -> isize {
        // SAFETY: as the caller says.
        let result = unsafe { real!(recvmsg: fn(c_int, *mut msghdr, c_int) -> isize)(file, message, flags) };
        if result >= 0 {
            receive(file, site);
            // SAFETY: the caller's buffers.
            unsafe {
                each((*message).msg_iov, (*message).msg_iovlen, result as usize, |buffer, part| {
                    filled(buffer, part as isize, site);
                });
            }
        }
        result
    }

    #[unsafe(no_mangle)]
    fn sendmsg["rcx"](file: c_int, message: *const msghdr, flags: c_int; site) -> isize {
        // SAFETY: the caller's buffers.
        unsafe {
            each((*message).msg_iov, (*message).msg_iovlen, usize::MAX, |buffer, part| taken(buffer, part, site));
        }
        send_to(file, site);
        // SAFETY: as the caller says.
        unsafe { real!(sendmsg: fn(c_int, *const msghdr, c_int) -> isize)(file, message, flags) }
    }

    #[unsafe(no_mangle)]
    fn recvmmsg["r9"](file: c_int, messages: *mut mmsghdr, count: c_uint, flags: c_int,
        timeout: *mut timespec; site) -> c_int {
        // SAFETY: as the caller says.
        let result = unsafe {
            real!(recvmmsg: fn(c_int, *mut mmsghdr, c_uint, c_int, *mut timespec) -> c_int)(
                file, messages, count, flags, timeout)
        };
        if result > 0 {
            receive(file, site);
            for at in 0..result as usize {
                // SAFETY: the caller's buffers, of which the kernel has filled so many.
                unsafe {
                    let message = *messages.add(at);
                    let (buffers, count) = (message.msg_hdr.msg_iov, message.msg_hdr.msg_iovlen);
                    each(buffers, count, message.msg_len as usize, |buffer, part| {
                        filled(buffer, part as isize, site);
                    });
                }
            }
        }
        result
    }

    #[unsafe(no_mangle)]
    fn sendmmsg["r8"](file: c_int, messages: *mut mmsghdr, count: c_uint, flags: c_int; site)
        -> c_int {
        for at in 0..count as usize {
            // SAFETY: the caller's buffers.
            unsafe {
                let message = (*messages.add(at)).msg_hdr;
                each(message.msg_iov, message.msg_iovlen, usize::MAX, |buffer, part| taken(buffer, part, site));
            }
        }
        send_to(file, site);
        // SAFETY: as the caller says.
        unsafe {
            real!(sendmmsg: fn(c_int, *mut mmsghdr, c_uint, c_int) -> c_int)(file, messages, count, flags)
        }
    }

    #[unsafe(no_mangle)]
    fn connect["rcx"](file: c_int, address: *const sockaddr, size: socklen_t; site) -> c_int {
        send_to(file, site);
        // SAFETY: as the caller says.
        unsafe {
            real!(connect: fn(c_int, *const sockaddr, socklen_t) -> c_int)(file, address, size)
        }
    }

    #[unsafe(no_mangle)]
    fn accept["rcx"](file: c_int, address: *mut sockaddr, size: *mut socklen_t; site) -> c_int {
        // SAFETY: as the caller says.
        let result = unsafe {
            real!(accept: fn(c_int, *mut sockaddr, *mut socklen_t) -> c_int)(file, address, size)
        };
        if result >= 0 {
            receive(file, site);
        }
        result
    }

    #[unsafe(no_mangle)]
    fn accept4["r8"](file: c_int, address: *mut sockaddr, size: *mut socklen_t, flags: c_int; site)
        -> c_int {
        // SAFETY: as the caller says.
        let result = unsafe {
            real!(accept4: fn(c_int, *mut sockaddr, *mut socklen_t, c_int) -> c_int)(
                file, address, size, flags)
        };
        if result >= 0 {
            receive(file, site);
        }
        result
    }

    #[unsafe(no_mangle)]
    fn epoll_ctl["r8"](poll: c_int, operation: c_int, file: c_int, event: *mut c_void; site)
        -> c_int {
        send_to(poll, site);
        // SAFETY: as the caller says.
        unsafe {
            real!(epoll_ctl: fn(c_int, c_int, c_int, *mut c_void) -> c_int)(
                poll, operation, file, event)
        }
    }

    #[unsafe(no_mangle)]
    fn epoll_wait["r8"](poll: c_int, events: *mut c_void, most: c_int, timeout: c_int; site)
        -> c_int {
        // SAFETY: as the caller says.
        let result = unsafe {
            real!(epoll_wait: fn(c_int, *mut c_void, c_int, c_int) -> c_int)(
                poll, events, most, timeout)
        };
        if result > 0 {
            receive(poll, site);
        }
        result
    }

    #[unsafe(no_mangle)]
    fn epoll_pwait["r9"](poll: c_int, events: *mut c_void, most: c_int, timeout: c_int,
        mask: *const c_void; site) -> c_int {
        // SAFETY: as the caller says.
        let result = unsafe {
            real!(epoll_pwait: fn(c_int, *mut c_void, c_int, c_int, *const c_void) -> c_int)(
                poll, events, most, timeout, mask)
        };
        if result > 0 {
            receive(poll, site);
        }
        result
    }

    #[unsafe(no_mangle)]
    fn shutdown["rdx"](file: c_int, how: c_int; site) -> c_int {
        send_to(file, site);
        // SAFETY: as the caller says.
        unsafe { real!(shutdown: fn(c_int, c_int) -> c_int)(file, how) }
    }

    /// Whoever reads the end of the other side comes after it.
    #[unsafe(no_mangle)]
    fn close["rsi"](file: c_int; site) -> c_int {
        send_to(file, site);
        // SAFETY: as the caller says.
        unsafe { real!(close: fn(c_int) -> c_int)(file) }
    }
}

/// All registers for arguments are taken, so the site is not known.
#[unsafe(no_mangle)]
unsafe extern "C" fn recvfrom(
    file: c_int,
    buffer: *mut c_void,
    size: usize,
    flags: c_int,
    address: *mut sockaddr,
    address_size: *mut socklen_t,
) -> isize {
    // SAFETY: as the caller says.
    let result = unsafe {
        real!(recvfrom: fn(c_int, *mut c_void, usize, c_int, *mut sockaddr, *mut socklen_t) -> isize)(
            file,
            buffer,
            size,
            flags,
            address,
            address_size,
        )
    };
    if result >= 0 {
        receive(file, 0);
        filled(buffer, result.min(size as isize), 0);
    }
    result
}

/// All registers for arguments are taken, so the site is not known.
#[unsafe(no_mangle)]
unsafe extern "C" fn sendto(
    file: c_int,
    buffer: *const c_void,
    size: usize,
    flags: c_int,
    address: *const sockaddr,
    address_size: socklen_t,
) -> isize {
    taken(buffer, size, 0);
    send_to(file, 0);
    // SAFETY: as the caller says.
    unsafe {
        real!(sendto: fn(c_int, *const c_void, usize, c_int, *const sockaddr, socklen_t) -> isize)(
            file,
            buffer,
            size,
            flags,
            address,
            address_size,
        )
    }
}
