//! Makes the folder of the built web application exist, and rebuilds this crate when its files change.

use std::path::Path;

fn main() {
    let dist = Path::new("../../console/web/dist");
    // Cargo would run this script on every build while a path that it watches is missing.
    if let Err(error) = std::fs::create_dir_all(dist) {
        println!("cargo:warning=cannot create {}: {error}", dist.display());
    }
    println!("cargo:rerun-if-changed={}", dist.display());
}
