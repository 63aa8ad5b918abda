//! What recording costs the thread that does it: this SDK beside others, all in one run.
//!
//! Each is run in turn, round after round, so that whatever else the machine does meets all of them. Printed are the fastest
//! round and the median one, in nanoseconds a call, and how often memory was asked for.
//!
//! Words on the command line choose whose names have one of them. `count` before them runs one round of one of them and no
//! more, for `valgrind --tool=callgrind --toggle-collect='*measured_call*'`: how many instructions there are does not depend on
//! what else the machine does.

mod contenders;

use std::alloc::System;
use std::time::Instant;

use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

use crate::contenders::Contender;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Short ones, and many: on a busy machine some are not interrupted.
const ROUNDS: usize = 301;

struct Measured {
    nanoseconds: Vec<f64>,
    allocations: f64,
}

fn main() {
    let mut words: Vec<String> = std::env::args().skip(1).collect();
    let counts = words.first().is_some_and(|word| word == "count");
    if counts {
        words.remove(0);
    }
    let is_wanted = |contender: &Contender| {
        words.is_empty()
            || words.iter().any(|word| {
                contender.name.ends_with(word.as_str()) || contender.name.starts_with(word.as_str())
            })
    };
    let mut contenders: Vec<_> = contenders::all().into_iter().filter(is_wanted).collect();
    if counts {
        return contenders.iter_mut().for_each(count);
    }
    let mut measured: Vec<_> =
        contenders.iter().map(|_| Measured { nanoseconds: Vec::new(), allocations: f64::INFINITY }).collect();
    for _ in 0..ROUNDS {
        for (contender, measured) in contenders.iter_mut().zip(&mut measured) {
            round(contender, measured);
        }
    }
    println!("{:<72} {:>9} {:>9} {:>7}", "ns a call, of 301 rounds", "fastest", "median", "allocs");
    for (contender, measured) in contenders.iter().zip(&mut measured) {
        measured.nanoseconds.sort_by(f64::total_cmp);
        let (fastest, median) = (measured.nanoseconds[0], measured.nanoseconds[ROUNDS / 2]);
        println!("{:<72} {fastest:>9.1} {median:>9.1} {:>7.2}", contender.name, measured.allocations);
    }
}

/// A few calls first, for what is only made once.
fn count(contender: &mut Contender) {
    const CALLS: usize = 1_000;
    (contender.run)(CALLS);
    (contender.settle)();
    measured_call(&mut contender.run, CALLS);
    println!("{}: {CALLS} calls", contender.name);
}

#[inline(never)]
fn measured_call(run: &mut dyn FnMut(usize), calls: usize) {
    run(calls);
}

fn round(contender: &mut Contender, measured: &mut Measured) {
    let calls = contender.calls;
    // What the background thread still has to do is not this round's.
    (contender.settle)();
    let allocations = ALLOCATOR.stats().allocations;
    let begin = Instant::now();
    (contender.run)(calls);
    let elapsed = begin.elapsed();
    // The background thread's are among them: the fewest of all rounds are the caller's own.
    let allocations = (ALLOCATOR.stats().allocations - allocations) as f64 / calls as f64;
    measured.nanoseconds.push(elapsed.as_nanos() as f64 / calls as f64);
    measured.allocations = measured.allocations.min(allocations);
}
