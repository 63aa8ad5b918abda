//! `GET /api/firing`: what goes on now and was told: insights, alarms, and what is wrong with Fluoro itself. The console is a
//! notifier too: it counts these, says them in its tab, and asks again whenever the live stream says that something changed.

use alert::State as AlarmState;
use alert::notice::Notice;
use axum::Json;
use axum::extract::State;
use model::{TimeRange, Timestamp, group};
use settings::alerts::InsightQuery;
use watch::{about, insights};

use crate::app::{App, Shared};
use crate::error::Problem;
use crate::shape::stats::millis_at;
use crate::shape::{Firing, FiringKind, FiringList};

/// More of one kind are counted, and not named.
const MOST: usize = 100;

pub(crate) async fn firing(State(app): State<Shared>) -> Result<Json<FiringList>, Problem> {
    let alerts = app.deps.alerts.clone();
    let read = tokio::task::spawn_blocking(move || {
        let query = InsightQuery {
            range: TimeRange::new(Timestamp(0), Timestamp::MAX),
            group: Some(group::DEFAULT.to_owned()),
            root: None,
            is_active: Some(true),
            after: None,
            limit: MOST,
        };
        let mut firing = Vec::new();
        for row in alerts.insights(&query)? {
            firing.extend(insights::read(&alerts, &row)?.map(|insight| Firing {
                key: format!("insight/{}", insight.id),
                kind: FiringKind::Insight,
                title: insight.root.name.clone(),
                summary: insight.summary.clone(),
                since: millis_at(insight.start),
                page: format!("/insights/{}", insight.id),
            }));
        }
        for (what, trouble) in about::troubles(&alerts)? {
            firing.push(Firing {
                key: what.key(),
                kind: FiringKind::Fluoro,
                title: trouble.title,
                summary: trouble.summary,
                since: millis_at(trouble.since),
                page: "/settings".to_owned(),
            });
        }
        firing.extend(notify::failing(&alerts)?.into_iter().map(of_notice));
        Ok::<_, settings::AlertsError>(firing)
    });
    let mut firing = read.await??;
    firing.extend(alarms(&app));
    Ok(Json(FiringList { firing }))
}

fn of_notice(notice: Notice) -> Firing {
    Firing {
        key: notice.dedup_key,
        kind: FiringKind::Fluoro,
        title: notice.title,
        summary: notice.summary,
        since: millis_at(notice.since),
        page: "/alarms?tab=notifiers".to_owned(),
    }
}

/// Those of no other alarm: what composite alarms are made of is told by them.
fn alarms(app: &App) -> Vec<Firing> {
    let state = app.deps.settings.snapshot();
    let standings = app.deps.alarms.standings();
    let rings = |name: &str| standings.get(name).is_some_and(|standing| standing.state == AlarmState::Alarm);
    let own = state.alarms.values().filter(|record| {
        let name = record.alarm.name();
        rings(name) && record.alarm.head().actions_enabled && app.deps.alarms.parents(name).is_empty()
    });
    let told = own.filter_map(|record| {
        let name = record.alarm.name();
        let standing = standings.get(name)?;
        Some(Firing {
            key: format!("alarm/{name}"),
            kind: FiringKind::Alarm,
            title: name.to_owned(),
            summary: standing.reason.clone(),
            since: millis_at(standing.transitioned),
            page: "/alarms".to_owned(),
        })
    });
    told.take(MOST).collect()
}
