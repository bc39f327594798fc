//! From names to addresses.

use crate::blocking;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};

/// The addresses of `name`; asking for them may block the OS thread. Never inlined: it makes system
/// calls, and its callers may switch.
#[inline(never)]
fn resolve(name: impl ToSocketAddrs) -> io::Result<Vec<SocketAddr>> {
    let found: Vec<_> = blocking(|| name.to_socket_addrs())?.collect();
    if found.is_empty() {
        let message = "the name has no address";
        return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
    }
    Ok(found)
}

/// Calls `f` with each address of `name` until one will do; the last one's error, if none does.
pub(super) fn first_of<T>(
    name: impl ToSocketAddrs,
    mut f: impl FnMut(SocketAddr) -> io::Result<T>,
) -> io::Result<T> {
    let mut last = None;
    for address in resolve(name)? {
        match f(address) {
            Ok(made) => return Ok(made),
            Err(error) => last = Some(error),
        }
    }
    Err(last.expect("at least one address"))
}
