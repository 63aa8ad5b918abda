//! The table of all kinds, the same as JSON, and one run told moment by moment.

use std::fmt::Write;

use serde_json::{Value, json};

use super::kind::Class;
use super::play::Run;
use super::verdict::{Alarms, Verdict, is_right, is_victim};

/// All runs of one kind.
pub(super) struct Row {
    pub(super) name: &'static str,
    pub(super) class: Class,
    pub(super) verdicts: Vec<Verdict>,
    pub(super) alarms: Vec<Alarms>,
}

/// Figures of several runs.
struct Sum<'v> {
    verdicts: Vec<&'v Verdict>,
}

impl Sum<'_> {
    fn count(&self, is_such: impl Fn(&Verdict) -> bool) -> usize {
        self.verdicts.iter().filter(|verdict| is_such(verdict)).count()
    }

    fn seconds(&self, quantile: f64) -> Option<f64> {
        quantile_of(self.verdicts.iter().filter_map(|verdict| verdict.seconds).collect(), quantile)
    }

    fn hits_until_named(&self, quantile: f64) -> Option<f64> {
        quantile_of(self.verdicts.iter().filter_map(|verdict| verdict.hits_until_named).collect(), quantile)
    }

    fn onset_error(&self, quantile: f64) -> Option<f64> {
        quantile_of(self.verdicts.iter().filter_map(|verdict| verdict.onset_error).collect(), quantile)
    }

    /// How many are right, of how many that can be.
    fn right(&self, of: impl Fn(&Verdict) -> Option<bool>) -> (usize, usize) {
        let answers: Vec<bool> = self.verdicts.iter().filter_map(|verdict| of(verdict)).collect();
        (answers.iter().filter(|is_right| **is_right).count(), answers.len())
    }

    fn steadiness(&self) -> f64 {
        let all = self.verdicts.iter().map(|verdict| verdict.steadiness).sum::<f64>();
        all / self.verdicts.len().max(1) as f64
    }

    fn line(&self, name: &str) -> String {
        let told = |value: Option<f64>| value.map_or("-".to_owned(), |value| format!("{value:.1}"));
        let share =
            |(right, all): (usize, usize)| if all == 0 { "-".to_owned() } else { format!("{right}/{all}") };
        format!(
            "{name:<22}{:>6}{:>8}{:>8}{:>9}{:>8}{:>8}{:>6}{:>8}{:>9}{:>9}{:>10}{:>10}{:>8}\n",
            self.verdicts.len(),
            self.count(|one| one.is_on_top),
            self.count(|one| one.is_among_three),
            self.count(|one| one.is_victim_blamed),
            told(self.seconds(0.5)),
            told(self.seconds(0.9)),
            self.hits_until_named(0.5).map_or("-".to_owned(), |hits| format!("{hits:.0}")),
            format!("{:.0} %", self.steadiness() * 100.0),
            told(self.onset_error(0.5)),
            told(self.onset_error(0.9)),
            share(self.right(|one| one.are_failing_right)),
            share(self.right(|one| one.are_requests_right)),
            share(self.right(|one| one.are_users_right)),
        )
    }

    fn json(&self) -> Value {
        let (failing, of_failing) = self.right(|one| one.are_failing_right);
        let (requests, of_requests) = self.right(|one| one.are_requests_right);
        let (users, of_users) = self.right(|one| one.are_users_right);
        json!({
            "runs": self.verdicts.len(),
            "onTop": self.count(|one| one.is_on_top),
            "amongThree": self.count(|one| one.is_among_three),
            "victims": self.count(|one| one.is_victim_blamed),
            "secondsMedian": self.seconds(0.5),
            "secondsP90": self.seconds(0.9),
            "hitsUntilNamedMedian": self.hits_until_named(0.5),
            "steadiness": self.steadiness(),
            "onsetErrorMedian": self.onset_error(0.5),
            "onsetErrorP90": self.onset_error(0.9),
            "failingRight": [failing, of_failing],
            "requestsRight": [requests, of_requests],
            "usersRight": [users, of_users],
        })
    }
}

fn quantile_of(mut values: Vec<f64>, quantile: f64) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let last = values.len().checked_sub(1)?;
    values.get((last as f64 * quantile).round() as usize).copied()
}

fn of_class(rows: &[Row], is_such: impl Fn(Class) -> bool) -> Sum<'_> {
    Sum { verdicts: rows.iter().filter(|row| is_such(row.class)).flat_map(|row| &row.verdicts).collect() }
}

const CLASSES: [(&str, Class); 3] =
    [("all failing", Class::Failing), ("all slow", Class::Slow), ("all silent", Class::Silent)];

pub(super) fn table(rows: &[Row]) -> String {
    let mut text = String::from(
        "kind                    runs  on top  of 3    victims   median     p90  hits  steady   onset      p90   failing  requests   users\n\
         \x20                                                  seconds                    error\n",
    );
    for row in rows.iter().filter(|row| !row.verdicts.is_empty()) {
        text += &Sum { verdicts: row.verdicts.iter().collect() }.line(row.name);
    }
    text.push('\n');
    for (name, class) in CLASSES {
        let sum = of_class(rows, |one| one == class);
        if !sum.verdicts.is_empty() {
            text += &sum.line(name);
        }
    }
    let all = of_class(rows, |_| true);
    if !all.verdicts.is_empty() {
        text += &all.line("all");
    }
    let runs: Vec<&Alarms> = rows.iter().flat_map(|row| &row.alarms).collect();
    if !runs.is_empty() {
        let loud = runs.iter().filter(|alarms| !alarms.said.is_empty()).count();
        let said: usize = runs.iter().map(|alarms| alarms.said.len()).sum();
        let _ =
            writeln!(text, "\nhealthy runs: {}, with false alarms: {loud}, false alarms: {said}", runs.len());
        for (place, alarms) in runs.iter().enumerate().filter(|(_, alarms)| !alarms.said.is_empty()) {
            let _ = writeln!(text, "  run {}: {}", place + 1, alarms.said.join(", "));
        }
    }
    text
}

pub(super) fn json(rows: &[Row]) -> Value {
    let kinds = rows.iter().map(|row| {
        let mut figures = Sum { verdicts: row.verdicts.iter().collect() }.json();
        if row.class == Class::Healthy {
            figures = json!({"runs": row.alarms.len(), "alarms": row.alarms.iter().map(|one| &one.said).collect::<Vec<_>>()});
        }
        (row.name.to_owned(), figures)
    });
    let classes =
        CLASSES.iter().map(|(name, class)| ((*name).to_owned(), of_class(rows, |one| one == *class).json()));
    json!({
        "kinds": kinds.collect::<serde_json::Map<_, _>>(),
        "classes": classes.collect::<serde_json::Map<_, _>>(),
        "all": of_class(rows, |_| true).json(),
    })
}

/// What was said over time, whenever it changed; `+` is right, `!` a victim, `?` neither.
pub(super) fn explanation(run: &Run) -> String {
    let mut text = String::new();
    if let Some(truth) = &run.truth {
        let _ = writeln!(text, "truth: {}", truth.note);
        let _ = writeln!(text, "right: {} ({:?})", truth.right.join(", "), truth.what);
        let _ = writeln!(text, "victims: {}", truth.victims.join(", "));
        let first = run.hits.iter().map(|hit| hit.at).fold(f64::INFINITY, f64::min);
        let _ = writeln!(
            text,
            "hit: {} requests, {} seen by clients, the first {:.1} s after the onset",
            run.hits.len(),
            run.hits.iter().filter(|hit| hit.is_seen).count(),
            first - run.onset
        );
    }
    let mut before = String::new();
    for (place, reading) in run.readings.iter().enumerate() {
        let mut said = String::new();
        for entry in &reading.entries {
            let mark = match &run.truth {
                Some(truth) if is_right(entry, truth) => '+',
                Some(truth) if is_victim(entry, truth) => '!',
                _ => '?',
            };
            let _ = writeln!(said, "    {mark} {} {:?} {}", entry.name, entry.what, entry.weight);
        }
        let is_last = place + 1 == run.readings.len();
        if said != before || is_last {
            let _ = writeln!(text, "{:+.1} s", reading.at - run.onset);
            for (line, entry) in said.lines().zip(&reading.entries) {
                let since = entry.since - run.onset;
                let number = |value: Option<f64>| value.map_or("-".to_owned(), |value| value.to_string());
                let (failing, requests, users) =
                    (number(entry.failing), number(entry.requests), number(entry.users));
                let _ = writeln!(
                    text,
                    "{line} since {since:+.1} s, {failing} of {requests}, {users} users: {}",
                    entry.sentence
                );
            }
            if said.is_empty() {
                text.push_str("    nothing\n");
            }
            before = said;
        }
    }
    text
}
