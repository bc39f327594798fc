//! `cargo deadheat`: cargo finds this file by its name.

use std::process::ExitCode;

fn main() -> ExitCode {
    deadheat_cli::main(deadheat_cli::Program::CargoDeadheat, std::env::args_os())
}
