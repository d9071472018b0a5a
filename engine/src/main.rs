//! `gyr`, the command line of the Gyrfalcon risk engine; everything is in `engine::shell`.

use std::process::ExitCode;

fn main() -> ExitCode {
    engine::shell::cli::run()
}
