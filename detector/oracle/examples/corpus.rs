//! Between the directory of small files that cargo-fuzz works on and the one file that is kept:
//! `corpus pack DIRECTORY FILE`, `corpus unpack FILE DIRECTORY`.

use deadheat_oracle::corpus::{pack, unpack};
use std::path::Path;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["pack", directory, file] => {
            let paths = fs::read_dir(directory)?.map(|entry| Ok(entry?.path()));
            let mut paths = paths.collect::<io::Result<Vec<_>>>()?;
            paths.sort();
            let entries = paths.iter().map(fs::read).collect::<io::Result<Vec<_>>>()?;
            fs::write(file, pack(entries.iter().map(Vec::as_slice)))
        }
        ["unpack", file, directory] => {
            fs::create_dir_all(directory)?;
            for (number, entry) in unpack(&fs::read(file)?).enumerate() {
                fs::write(Path::new(directory).join(format!("{number:05}")), entry)?;
            }
            Ok(())
        }
        _ => Err(io::Error::other(
            "usage: corpus pack DIRECTORY FILE | corpus unpack FILE DIRECTORY",
        )),
    }
}
