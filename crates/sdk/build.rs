//! Which compiler built the program, for the `service` block.

use std::env;
use std::process::Command;

fn main() {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).arg("--version").output().ok();
    let version = output.and_then(|output| String::from_utf8(output.stdout).ok());
    // `rustc 1.95.0 (f2d3ce0bd 2026-03-21)`
    let version = version.as_deref().and_then(|line| line.split(' ').nth(1)).unwrap_or("unknown");
    println!("cargo::rustc-env=FLUORO_RUSTC_VERSION={version}");
    println!("cargo::rerun-if-changed=build.rs");
}
