//! Which issue is meant: one of the first screen, or an insight, by its id.

use ::capsule::Issue;
use model::{Micros, TimeRange, Timestamp, group};

use crate::app::App;
use crate::console::graph::KnownGroup;
use crate::console::insight::blocking;
use crate::console::now::{id_of, judge};
use crate::error::Problem;

/// An issue is told by what came after it: so much of that is looked at.
const LOOK: Micros = Micros::from_secs(30 * 60);
const MOMENT: Micros = Micros::from_secs(1);
const LONGEST_ID: usize = 4_000;

/// What a capsule is made of.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) issue: Issue,
    pub(super) node: String,
    pub(super) since: Timestamp,
    /// None while it goes on.
    pub(super) until: Option<Timestamp>,
}

pub(super) async fn find(app: &App, id: &str) -> Result<Found, Problem> {
    if id.len() > LONGEST_ID {
        return Err(Problem::bad_request("this is too long for the id of an issue"));
    }
    match id.rsplit_once('!').map(|(_, since)| since.parse::<i64>()) {
        Some(Ok(since)) => of_screen(app, id, since).await,
        Some(Err(_)) => Err(unknown()),
        None => of_insights(app, id).await,
    }
}

/// The first screen looks back as far as its newest half hour, and from an earlier moment as it was then.
async fn of_screen(app: &App, id: &str, since: i64) -> Result<Found, Problem> {
    let now = app.deps.clock.now();
    let Some(since) =
        since.checked_mul(1_000_000).map(Timestamp).filter(|since| *since <= now && since.0 > 0)
    else {
        return Err(unknown());
    };
    let start = since.minus(MOMENT);
    let then = since.plus(LOOK).min(now);
    let mut ends = vec![now.plus(MOMENT), then];
    if since.plus(LOOK) < now {
        ends.swap(0, 1);
    }
    for end in ends {
        let group = KnownGroup::find(app, Some(group::DEFAULT.to_owned()))?;
        let (judgement, ..) = judge(app, group, TimeRange::new(start, end)).await?;
        if let Some(entry) = judgement.entries.iter().find(|entry| id_of(entry) == id.to_lowercase()) {
            return Ok(Found {
                issue: Issue { id: id_of(entry), sentence: entry.sentence.clone() },
                node: entry.node.name.clone(),
                since: entry.since,
                // What went on at the end of what was looked at may have gone on since.
                until: entry.until,
            });
        }
    }
    Err(unknown())
}

async fn of_insights(app: &App, id: &str) -> Result<Found, Problem> {
    let id = id.to_lowercase();
    let found = blocking(app, move |alerts| match alerts.insight(&id)? {
        Some(row) => watch::insights::read(alerts, &row),
        None => Ok(None),
    });
    let insight = found.await?.ok_or_else(unknown)?;
    Ok(Found {
        issue: Issue { id: insight.id.clone(), sentence: insight.summary.clone() },
        node: insight.root.name.clone(),
        since: insight.start,
        until: insight.end,
    })
}

fn unknown() -> Problem {
    Problem::not_found(
        "there is no such issue: take its id from its page, from `fluoro issues --json`, or from an insight",
    )
}
