//! The functions that are interposed, as they are behind the library.

use std::ffi::{CStr, c_void};
use std::io::Write;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicPtr, Ordering};

/// The function `name` behind this library, kept in `place` once it was found. Of functions that the
/// C library has in several versions, `version` says which.
#[inline]
pub(crate) fn find(place: &AtomicPtr<c_void>, name: &CStr, version: Option<&CStr>) -> *mut c_void {
    let known = place.load(Ordering::Relaxed);
    if known.is_null() {
        look_up(place, name, version)
    } else {
        known
    }
}

#[cold]
fn look_up(place: &AtomicPtr<c_void>, name: &CStr, version: Option<&CStr>) -> *mut c_void {
    let mut found = null_mut();
    // SAFETY: the names are strings of C.
    unsafe {
        if let Some(version) = version {
            found = libc::dlvsym(libc::RTLD_NEXT, name.as_ptr(), version.as_ptr());
        }
        if found.is_null() {
            found = libc::dlsym(libc::RTLD_NEXT, name.as_ptr());
        }
    }
    if found.is_null() {
        let _ = writeln!(
            std::io::stderr(),
            "deadheat: the C library of this system has no function {name:?}"
        );
        std::process::abort();
    }
    place.store(found, Ordering::Relaxed);
    found
}

/// The real function: `real!(name: fn(types) -> type)`, with `@ "version"` where there are several.
macro_rules! real {
    ($name:ident $(@ $version:literal)?: fn($($type:ty),*) $(-> $result:ty)?) => {{
        static PLACE: std::sync::atomic::AtomicPtr<std::ffi::c_void> =
            std::sync::atomic::AtomicPtr::new(std::ptr::null_mut());
        const NAME: &std::ffi::CStr =
            match std::ffi::CStr::from_bytes_with_nul(concat!(stringify!($name), "\0").as_bytes()) {
                Ok(name) => name,
                Err(_) => unreachable!(),
            };
        const VERSIONS: &[&str] = &[$(concat!($version, "\0"))?];
        let version = VERSIONS.first();
        let version =
            version.and_then(|version| std::ffi::CStr::from_bytes_with_nul(version.as_bytes()).ok());
        type Function = unsafe extern "C" fn($($type),*) $(-> $result)?;
        let found = $crate::interpose::real::find(&PLACE, NAME, version);
        fn typed(found: *mut std::ffi::c_void) -> Function {
            // SAFETY: the function of this name has this signature.
            unsafe { std::mem::transmute::<*mut std::ffi::c_void, Function>(found) }
        }
        typed(found)
    }};
}
pub(crate) use real;
