//! Memory that the caller provides.

use deadheat_engine::Source;

/// `dh_source`: a [`Source`] as C fills it in, where a function may be missing.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct RawSource {
    /// See [`Source::map`].
    pub map: Option<extern "C" fn(bytes: usize) -> *mut u8>,
    /// See [`Source::unmap`].
    pub unmap: Option<unsafe extern "C" fn(start: *mut u8, bytes: usize)>,
    /// See [`Source::discard`].
    pub discard: Option<unsafe extern "C" fn(start: *mut u8, bytes: usize)>,
    /// See [`Source::relax`].
    pub relax: Option<extern "C" fn()>,
}

const _: () = assert!(size_of::<RawSource>() == size_of::<Source>());

impl RawSource {
    /// `None` where a function is missing.
    pub(crate) fn complete(&self) -> Option<Source> {
        Some(Source {
            map: self.map?,
            unmap: self.unmap?,
            discard: self.discard?,
            relax: self.relax?,
        })
    }
}
