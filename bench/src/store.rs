//! `make bench-store`: the embedded store alone, in this process: from decoded documents to parts, and
//! what questions cost afterwards.
//!
//! The digest worker runs as in the server. What makes and decodes the documents has a thread of its own, whose
//! processor time does not count.

mod append;
mod load;
mod plot;
mod question;
mod results;
mod shape;
mod table;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail};

pub(crate) use load::decode;
use shape::Shape;

const USAGE: &str = "fluoro-bench store [--spans N[,N...]] [--shape published|demo] [--dir DIR] [--no-append] \
                     [--results FILE [--plot FILE]]";
const DEFAULT_SPANS: u64 = 1_000_000;
/// How long compaction may take after the last document.
pub(crate) const LONGEST_REST: Duration = Duration::from_secs(600);

struct Options {
    /// Spans of each shape, one size after the other.
    spans: Vec<u64>,
    shapes: Vec<Shape>,
    /// Where the data directories are made, and taken away afterwards. Its disk is what is measured.
    dir: PathBuf,
    /// Whether append latencies are measured too.
    with_append: bool,
    /// What was measured is kept in this file, beside what it has of other sizes, and drawn in that one.
    results: Option<PathBuf>,
    plot: Option<PathBuf>,
}

/// What was measured with one shape.
pub(crate) struct Measured {
    pub(crate) shape: Shape,
    /// Before the last trace was whole.
    pub(crate) asked_spans: u64,
    pub(crate) load: load::Load,
    pub(crate) floor: load::Floor,
    pub(crate) questions: Vec<question::Answered>,
}

pub(crate) fn run(arguments: impl Iterator<Item = String>, out: &mut impl Write) -> anyhow::Result<()> {
    let options = Options::parse(arguments)?;
    let runtime = tokio::runtime::Runtime::new().context("start the runtime")?;
    for &spans in &options.spans {
        for &shape in &options.shapes {
            crate::step(&format!("{spans} spans, {}", shape.title()));
            let measured = measure(&runtime, shape, spans, &options.dir)?;
            out.write_all(table::of_shape(&measured).as_bytes())?;
            out.flush()?;
            if let Some(file) = &options.results {
                let results = results::keep(file, &measured)?;
                if let Some(plot) = &options.plot {
                    std::fs::write(plot, plot::svg(&results)).context("write the plot")?;
                }
            }
        }
    }
    if options.with_append {
        crate::step("append latency");
        let latency = runtime.block_on(append::measure(&options.dir))?;
        out.write_all(table::of_appends(&latency).as_bytes())?;
    }
    Ok(())
}

fn measure(
    runtime: &tokio::runtime::Runtime,
    shape: Shape,
    spans: u64,
    dir: &Path,
) -> anyhow::Result<Measured> {
    let data = tempfile::tempdir_in(dir).context("make a data directory")?;
    let floor = load::floor(shape)?;
    let load = runtime.block_on(load::measure(shape, spans, data.path()))?;
    crate::step("questions");
    let questions = runtime.block_on(question::measure(shape, &load, data.path()))?;
    Ok(Measured { shape, asked_spans: spans, load, floor, questions })
}

impl Options {
    fn parse(mut arguments: impl Iterator<Item = String>) -> anyhow::Result<Options> {
        let mut options = Options {
            spans: vec![DEFAULT_SPANS],
            shapes: vec![Shape::Published, Shape::Demo],
            dir: std::env::temp_dir(),
            with_append: true,
            results: None,
            plot: None,
        };
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().with_context(|| format!("{argument} needs a value: {USAGE}"));
            match argument.as_str() {
                "--spans" => {
                    let sizes = value()?.split(',').map(str::parse).collect::<Result<_, _>>();
                    options.spans = sizes.context("read --spans")?;
                }
                "--results" => options.results = Some(value()?.into()),
                "--plot" => options.plot = Some(value()?.into()),
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
