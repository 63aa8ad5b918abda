//! Checks of the project on itself: `cargo xtask tidy`, and `cargo xtask test`, which is `cargo test` with limits of time.

mod test;
mod tidy;

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.split_first() {
        Some((command, [])) if command == "tidy" => tidy::run(),
        Some((command, rest)) if command == "test" => test::run(rest),
        _ => {
            eprintln!("usage: cargo xtask tidy | cargo xtask test [what cargo test takes]");
            ExitCode::from(2)
        }
    }
}
