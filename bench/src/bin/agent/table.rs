//! The figures as people read them.

use std::fmt::Write;

use crate::load::Outcome;
use crate::{Figures, peer};

pub(crate) fn text(figures: &[Figures]) -> String {
    let mut text = String::from(
        "\nDocuments of 2,048 bytes for 5 s. Delivered: the backend has answered. CPU: of the agent, for a million \
         delivered.\nGo daemon: AWS's 3.3.15, measured before on two cores; where it is blank, it was not.\n\n",
    );
    let mut rows = vec![heading(figures)];
    for index in 0..figures[0].outcomes.len() {
        rows.push(row(figures, index));
    }
    let columns = rows[0].len();
    let widths: Vec<usize> = (0..columns)
        .map(|column| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0))
        .collect();
    for row in &rows {
        let cells: Vec<String> =
            row.iter().zip(&widths).map(|(cell, width)| format!("{cell:>width$}")).collect();
        let _ = writeln!(text, "{}", cells.join("  ").trim_end());
    }
    for Figures { name, idle, binary_bytes, proxy: (median, slow), .. } in figures {
        let _ = writeln!(
            text,
            "\n{name}: idle RSS {:.1} MB, {:.1} of it anonymous (must be 8 MB or less; Go daemon {} MB), binary {:.1} MB \
             (15 MB or less), proxy's first byte {median:.2} ms, 99th percentile {slow:.2} ms",
            megabytes(idle.rss),
            megabytes(idle.anonymous),
            peer::IDLE_RSS_MEGABYTES,
            megabytes(*binary_bytes),
        );
    }
    text
}

fn heading(figures: &[Figures]) -> Vec<String> {
    let mut cells = vec!["documents/s".to_owned(), "backend".to_owned()];
    for name in figures.iter().map(|figures| figures.name.as_str()).chain(["Go daemon"]) {
        cells.extend([format!("{name}: delivered"), "CPU-s".to_owned(), "peak RSS".to_owned()]);
    }
    cells
}

fn row(figures: &[Figures], index: usize) -> Vec<String> {
    let Outcome { load, sent_a_second, .. } = &figures[0].outcomes[index];
    let mut rate = load.rate.to_string();
    if *sent_a_second < f64::from(load.rate) * 0.95 {
        let _ = write!(rate, " ({sent_a_second:.0} reached)");
    }
    let mut cells = vec![rate, format!("{} ms", load.latency.as_millis())];
    for outcome in figures.iter().map(|figures| &figures.outcomes[index]) {
        cells.extend([
            format!("{:.2} %", outcome.delivered_percent()),
            format!("{:.1}", outcome.cpu_seconds_a_million()),
            format!("{:.0} MB", megabytes(outcome.peak_rss_bytes)),
        ]);
    }
    match peer::measured(load.rate, load.latency) {
        Some(peer) => cells.extend([
            format!("{:.1} %", peer.delivered_percent),
            format!("{:.0}", peer.cpu_seconds_a_million),
            format!("{:.0} MB", peer.peak_rss_megabytes),
        ]),
        None => cells.extend([String::new(), String::new(), String::new()]),
    }
    cells
}

fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}
