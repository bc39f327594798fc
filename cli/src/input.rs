//! A file to read, or the standard input.

use crate::error::UserError;
use crate::shown::Shown;
use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::Path;

/// Something that can be read, and what messages call it.
pub(crate) struct Input<R> {
    pub(crate) name: String,
    pub(crate) bytes: R,
    /// How many bytes there are, where that is known.
    pub(crate) len: Option<u64>,
}

impl Input<Box<dyn Read>> {
    /// Opens a file, or the standard input where the path is `-`.
    pub(crate) fn open(path: &Path) -> Result<Self, UserError> {
        if path.as_os_str() == "-" {
            return Ok(Self {
                name: "standard input".to_owned(),
                bytes: Box::new(io::stdin().lock()),
                len: None,
            });
        }
        let Input { name, bytes, len } = Input::open_file(path)?;
        let bytes = Box::new(bytes);
        Ok(Self { name, bytes, len })
    }
}

impl Input<File> {
    /// Opens a file.
    pub(crate) fn open_file(path: &Path) -> Result<Self, UserError> {
        let name = Shown::path(path).to_string();
        let open = || {
            let file = File::open(path)?;
            let about = file.metadata()?;
            if about.is_dir() {
                return Err(ErrorKind::IsADirectory.into());
            }
            Ok((file, about.is_file().then_some(about.len())))
        };
        let opened: io::Result<_> = open();
        let (bytes, len) =
            opened.map_err(|error| UserError::new(format!("{name} cannot be read: {error}")))?;
        Ok(Self { name, bytes, len })
    }
}
