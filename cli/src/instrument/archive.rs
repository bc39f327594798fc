//! An archive of Rust's, and the same with some of its members replaced.

use ar_archive_writer::{
    ArchiveKind, DEFAULT_OBJECT_READER, NewArchiveMember, ObjectReader, write_archive_to_stream,
};
use object::read::archive::ArchiveFile;
use std::fs::{self, File};
use std::io::{self, BufWriter};
use std::path::Path;

/// How names of symbols are found in members, for the archive's index.
static READER: ObjectReader = DEFAULT_OBJECT_READER;

/// A member: its name and what it holds.
pub(crate) struct Member {
    pub(crate) name: String,
    pub(crate) data: Vec<u8>,
}

/// The members of the archive at `path`, in their order.
pub(crate) fn read(path: &Path) -> io::Result<Vec<Member>> {
    let bytes = fs::read(path)?;
    let archive = ArchiveFile::parse(bytes.as_slice()).map_err(io::Error::other)?;
    let members = archive.members().map(|member| {
        let member = member.map_err(io::Error::other)?;
        let data = member.data(bytes.as_slice()).map_err(io::Error::other)?;
        Ok(Member {
            name: String::from_utf8_lossy(member.name()).into_owned(),
            data: data.to_vec(),
        })
    });
    members.collect()
}

/// Writes an archive of `members` to `path`.
pub(crate) fn write(path: &Path, members: &[Member]) -> io::Result<()> {
    let members: Vec<_> = members
        .iter()
        .map(|member| NewArchiveMember::new(&member.data, &READER, member.name.clone()))
        .collect();
    let mut file = BufWriter::new(File::create_new(path)?);
    write_archive_to_stream(&mut file, &members, ArchiveKind::Gnu, false, None)?;
    file.into_inner()
        .map_err(io::IntoInnerError::into_error)?
        .sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_archive_comes_back_as_it_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.rlib");
        let long = "a-name-of-more-than-sixteen-letters.o";
        let members = [("lib.rmeta", b"odd".to_vec()), (long, vec![7; 1000])];
        let members = members.map(|(name, data)| Member {
            name: name.to_owned(),
            data,
        });
        write(&path, &members).unwrap();
        let found = read(&path).unwrap();
        assert_eq!(found.len(), 2);
        for (found, member) in found.iter().zip(&members) {
            assert_eq!((&found.name, &found.data), (&member.name, &member.data));
        }
        fs::write(&path, "no archive").unwrap();
        assert!(read(&path).is_err());
    }
}
