//! Where the process takes its memory: jemalloc, whose settings are in `.cargo/config.toml`.
//!
//! `_RJEM_MALLOC_CONF` in the environment changes them for one run, in the words of jemalloc's manual.

use tikv_jemallocator::Jemalloc;

#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;
