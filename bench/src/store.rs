//! `make bench-store`: the embedded store alone, in this process: from decoded documents to parts, and
//! what questions cost afterwards.
//!
//! The digest worker runs as in the server. What makes and decodes the documents has a thread of its own, whose
//! processor time does not count.

mod append;
mod load;
mod question;
mod shape;
mod table;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail};

use shape::Shape;

const USAGE: &str = "fluoro-bench store [--spans N] [--shape published|demo] [--dir DIR] [--no-append]";
const DEFAULT_SPANS: u64 = 1_000_000;
/// How long compaction may take after the last document.
pub(crate) const LONGEST_REST: Duration = Duration::from_secs(600);

struct Options {
    /// Spans of each shape.
    spans: u64,
    shapes: Vec<Shape>,
    /// Where the data directories are made, and taken away afterwards. Its disk is what is measured.
    dir: PathBuf,
    /// Whether append latencies are measured too.
    with_append: bool,
}

/// What was measured with one shape.
pub(crate) struct Measured {
    pub(crate) shape: Shape,
    pub(crate) load: load::Load,
    pub(crate) floor: load::Floor,
    pub(crate) questions: Vec<question::Answered>,
}

pub(crate) fn run(arguments: impl Iterator<Item = String>, out: &mut impl Write) -> anyhow::Result<()> {
    let options = Options::parse(arguments)?;
    let runtime = tokio::runtime::Runtime::new().context("start the runtime")?;
    for &shape in &options.shapes {
        crate::step(&format!("{} spans, {}", options.spans, shape.title()));
        let measured = measure(&runtime, shape, &options)?;
        out.write_all(table::of_shape(&measured).as_bytes())?;
    }
    if options.with_append {
        crate::step("append latency");
        let latency = runtime.block_on(append::measure(&options.dir))?;
        out.write_all(table::of_appends(&latency).as_bytes())?;
    }
    Ok(())
}

fn measure(runtime: &tokio::runtime::Runtime, shape: Shape, options: &Options) -> anyhow::Result<Measured> {
    let data = tempfile::tempdir_in(&options.dir).context("make a data directory")?;
    let floor = load::floor(shape)?;
    let load = runtime.block_on(load::measure(shape, options.spans, data.path()))?;
    let questions = runtime.block_on(question::measure(shape, &load, data.path()))?;
    Ok(Measured { shape, load, floor, questions })
}

impl Options {
    fn parse(mut arguments: impl Iterator<Item = String>) -> anyhow::Result<Options> {
        let mut options = Options {
            spans: DEFAULT_SPANS,
            shapes: vec![Shape::Published, Shape::Demo],
            dir: std::env::temp_dir(),
            with_append: true,
        };
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().with_context(|| format!("{argument} needs a value: {USAGE}"));
            match argument.as_str() {
                "--spans" => options.spans = value()?.parse().context("read --spans")?,
                "--dir" => options.dir = Path::new(&value()?).to_owned(),
                "--no-append" => options.with_append = false,
                "--shape" => {
                    options.shapes = match value()?.as_str() {
                        "published" => vec![Shape::Published],
                        "demo" => vec![Shape::Demo],
                        other => bail!("there is no shape {other}: {USAGE}"),
                    }
                }
                _ => bail!("{argument} is not known: {USAGE}"),
            }
        }
        Ok(options)
    }
}
