//! `make bench-alerts`: how often an insight is opened for nothing, how soon for something, and what alarms cost.
//!
//! Traffic is made by two generators (`traffic`). The engine was tuned on neither; the thresholds of its slow half were chosen
//! on traffic like that of the first, and the second was written afterwards and never used to choose anything.

mod cost;
mod noise;
mod prompt;
mod traffic;
mod world;

use std::io::Write;

use traffic::Kind;

const USAGE: &str = "usage: fluoro-alerts noise [--weeks N] [--seed N] [--generator wander|office]
                                                    false alarms a service-week
       fluoro-alerts prompt [--seed N]              how soon outages are told
       fluoro-alerts cost                           processor time of alarms";

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let out = &mut std::io::stdout();
    let number = |name: &str, or: u64| -> anyhow::Result<u64> {
        let at = arguments.iter().position(|argument| argument == name);
        Ok(at.and_then(|at| arguments.get(at + 1)).map_or(Ok(or), |text| text.parse())?)
    };
    let seed = number("--seed", 1)?;
    match arguments.first().map(String::as_str) {
        None => {
            noise::run(2, seed, &Kind::ALL, out)?;
            prompt::run(seed, out)?;
            cost::run(out)
        }
        Some("noise") => {
            let named = arguments.iter().skip_while(|argument| *argument != "--generator").nth(1);
            let kinds = Kind::ALL.into_iter().filter(|kind| named.is_none_or(|name| name == kind.name()));
            let kinds: Vec<Kind> = kinds.collect();
            anyhow::ensure!(!kinds.is_empty(), "a generator is wander or office\n{USAGE}");
            noise::run(number("--weeks", 2)?, seed, &kinds, out)
        }
        Some("prompt") => prompt::run(seed, out),
        Some("cost") => cost::run(out),
        Some("-h" | "--help") => Ok(writeln!(out, "{USAGE}")?),
        Some(other) => anyhow::bail!("{other} is not known\n{USAGE}"),
    }
}
