//! A panic that several callers are to see.

use crate::goroutine::Cancelled;
use crate::run::panic_text;
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// What a call came to: what is for all who asked, and what is for the caller only.
pub(super) struct Caught<T> {
    /// The value, or the panic's text: a payload cannot be copied.
    pub(super) result: Result<T, String>,
    /// The payload of the panic.
    pub(super) payload: Option<Box<dyn Any + Send>>,
}

impl<T> Caught<T> {
    /// Calls `f`. The unwinding of a goroutine whose run is over is no panic of `f`, and goes on.
    pub(super) fn call(f: impl FnOnce() -> T) -> Self {
        match catch_unwind(AssertUnwindSafe(f)) {
            Ok(value) => Self {
                result: Ok(value),
                payload: None,
            },
            Err(payload) if payload.is::<Cancelled>() => resume_unwind(payload),
            Err(payload) => Self {
                result: Err(panic_text(&*payload).to_owned()),
                payload: Some(payload),
            },
        }
    }
}

/// The value, or the panic again: with its payload for the caller that has it.
pub(super) fn repeat<T: Clone>(
    result: &Result<T, String>,
    payload: Option<Box<dyn Any + Send>>,
) -> T {
    if let Some(payload) = payload {
        resume_unwind(payload);
    }
    match result {
        Ok(value) => value.clone(),
        Err(text) => panic!("{text}"),
    }
}
