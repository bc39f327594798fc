//! Why a context was cancelled.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

/// What led to a context's end, for those who want to know more than [`ContextError`] says.
pub type Cause = Arc<dyn Error + Send + Sync>;

/// Why a context was cancelled.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum ContextError {
    /// Somebody cancelled it, or a context that it was derived from.
    Cancelled,
    /// Its time was up, or that of a context that it was derived from.
    DeadlineExceeded,
}

impl fmt::Display for ContextError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cancelled => "context cancelled",
            Self::DeadlineExceeded => "context deadline exceeded",
        })
    }
}

impl Error for ContextError {}
