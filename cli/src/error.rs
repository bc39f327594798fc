//! What a user can put right.

use std::fmt;

/// Something that the user asked for and that cannot be done, as one message. Its exit code is
/// that of [`Exit::Usage`](crate::exit::Exit::Usage).
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct UserError(String);

impl UserError {
    /// An error with this message, which neither begins with a capital letter nor ends in a stop.
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

impl fmt::Display for UserError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for UserError {}
