//! Who changed what, who signed in, and who was refused: a line of JSON each, for whoever has to answer for it.
//!
//! A line holds no secret: of a body the names of what is changed are looked at and nothing else. What comes from strangers is
//! cut and cannot break a line, or a terminal that shows it.

mod line;
mod note;

use std::io::Write;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::Response;
use model::{Micros, Timestamp};
use parking_lot::Mutex;
use tracing::warn;

use self::line::{Line, Outcome};
pub(crate) use self::note::Note;
use crate::app::{App, Shared, access};
use crate::metrics::AUDIT_LOST;
use crate::pace::Pace;
use crate::request::RequestId;
use crate::route::{self, Need, Route};

/// Lines about refusals in a second, of a peer and of all.
const REFUSALS_OF_PEER: u32 = 10;
const REFUSALS: u32 = 100;

/// Where lines go; a cheap clone.
///
/// They are written where they arise: there are few of them, and none may be lost in a queue when the process ends.
#[derive(Clone)]
pub struct Audit(Arc<Mutex<Inner>>);

struct Inner {
    to: Box<dyn Write + Send>,
    /// Enough of them to see, and not so many that a stranger fills the log.
    refusals: Pace,
    /// Told once in the log, until it works again.
    is_failing: bool,
}

impl Audit {
    /// Each line is written at once, as one piece.
    pub fn new(to: Box<dyn Write + Send>) -> Self {
        let refusals = Pace::new(Micros::from_secs(1), REFUSALS_OF_PEER, REFUSALS);
        Self(Arc::new(Mutex::new(Inner { to, refusals, is_failing: false })))
    }

    fn write(&self, line: &Line<'_>) {
        let mut inner = self.0.lock();
        let is_refusal = matches!(line.outcome, Outcome::Refused);
        if is_refusal && !line.from.is_none_or(|from| inner.refusals.allows(from, line.time)) {
            AUDIT_LOST.with_label_values(&["too_many_refusals"]).inc();
            return;
        }
        match inner.to.write_all(line.to_string().as_bytes()) {
            Ok(()) => inner.is_failing = false,
            Err(error) => {
                AUDIT_LOST.with_label_values(&["not_written"]).inc();
                if !std::mem::replace(&mut inner.is_failing, true) {
                    warn!(%error, "cannot write the audit log");
                }
            }
        }
    }
}

impl std::fmt::Debug for Audit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Audit")
    }
}

/// The line about what somebody, such as `uid 1000`, changed by a command on this machine.
pub fn line_of_command(time: Timestamp, who: &str, what: &str, on: &str) -> String {
    let (who, outcome) = (Some(("", who)), Outcome::Ok);
    Line { time, who, from: None, what, on, outcome, why: Some("done"), request_id: None }.to_string()
}

/// Watches what becomes of a request that changes something, signs somebody in, or is refused.
pub(crate) async fn watch(State(app): State<Shared>, mut request: Request, next: Next) -> Response {
    if app.deps.audit.is_none() {
        return next.run(request).await;
    }
    let route = route::of(&request);
    let note = Note::default();
    request.extensions_mut().insert(note.clone());
    let seen = Seen::of(&request);
    let response = next.run(request).await;
    let noted = note.take();
    let what = match route {
        _ if noted.refused.is_some() => Some(seen.what(route)),
        Some(route) => change(route, noted.operation.as_deref()),
        None => None,
    };
    if let Some(what) = what {
        let status = response.status().as_u16();
        let outcome = match status {
            _ if noted.refused.is_some() => Outcome::Refused,
            401 | 403 => Outcome::Refused,
            _ if response.status().is_success() || response.status().is_redirection() => Outcome::Ok,
            _ => Outcome::Failed,
        };
        let on = noted.subject.as_deref().unwrap_or(&seen.path);
        seen.write(&app, noted.who.as_ref(), &what, on, outcome, noted.refused.or(Some(status_word(status))));
    }
    response
}

/// A request that was refused before anybody asked who sent it.
pub(crate) fn refused(app: &App, request: &Request, why: &'static str) {
    let seen = Seen::of(request);
    seen.write(app, None, &seen.what(None), &seen.path, Outcome::Refused, Some(why));
}

/// What a line needs of a request that is gone by then.
struct Seen {
    from: std::net::IpAddr,
    method: Method,
    path: String,
    request_id: RequestId,
}

impl Seen {
    fn of(request: &Request) -> Self {
        Self {
            from: access::peer(request.extensions()),
            method: request.method().clone(),
            path: line::cut(request.uri().path()),
            request_id: request.extensions().get::<RequestId>().cloned().unwrap_or_default(),
        }
    }

    fn what(&self, route: Option<&'static Route>) -> String {
        match route {
            Some(route) => name(route),
            None => format!("{} {}", self.method, self.path),
        }
    }

    fn write(
        &self,
        app: &App,
        who: Option<&(String, String)>,
        what: &str,
        on: &str,
        outcome: Outcome,
        why: Option<&str>,
    ) {
        let Some(audit) = &app.deps.audit else { return };
        audit.write(&Line {
            time: app.deps.clock.now(),
            who: who.map(|(key, name)| (key.as_str(), name.as_str())),
            from: Some(self.from),
            what,
            on,
            outcome,
            why,
            request_id: Some(&self.request_id.0),
        });
    }
}

fn status_word(status: u16) -> &'static str {
    match status {
        200..300 => "done",
        300..400 => "led on",
        401 | 403 => "not permitted",
        404 => "not found",
        400..500 => "not understood",
        _ => "server failed",
    }
}

/// What a request is called that changes something or signs somebody in or out; `operation` is known where the body names it.
fn change(route: &'static Route, operation: Option<&str>) -> Option<String> {
    let reads = route.method == Method::GET;
    let changes = match route.need {
        Need::WriteConsole | Need::PutNotifier => !reads,
        // To look whether a text is a policy changes nothing.
        Need::ManageKeys => !reads && !route.path.ends_with("/check"),
        Need::Operation(name) => is_change(name),
        Need::Named => return operation.filter(|name| is_change(name)).map(ToOwned::to_owned),
        Need::Nothing => {
            let signs = matches!(&*route.path, "/signin" | "/api/session") && !reads;
            signs || route.path.starts_with("/sns/")
        }
        Need::Key | Need::ReadConsole | Need::GetMetrics => false,
    };
    changes.then(|| name(route))
}

fn name(route: &Route) -> String {
    match route.need {
        Need::Operation(name) => name.to_owned(),
        _ => format!("{} {}", route.method, route.path),
    }
}

/// By the verbs of AWS. Documents and what agents count are no settings.
fn is_change(operation: &str) -> bool {
    const VERBS: [&str; 12] = [
        "Confirm",
        "Create",
        "Delete",
        "Disable",
        "Enable",
        "Put",
        "Remove",
        "Set",
        "Subscribe",
        "Tag",
        "Un",
        "Update",
    ];
    let is_data = matches!(operation, "PutTraceSegments" | "PutTelemetryRecords" | "PutMetricData");
    !is_data && VERBS.iter().any(|verb| operation.starts_with(verb))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::router::table::routes;

    #[test]
    fn what_changes_is_known_by_its_route() {
        let all: Vec<String> = routes()
            .iter()
            .filter(|route| !route.path.starts_with("/api/xray/"))
            .filter_map(|route| change(route, Some("GetMetricData")))
            .collect();
        insta::assert_snapshot!(all.join("\n"), @r"
        POST /signin
        GET /sns/confirm
        GET /sns/unsubscribe
        CreateSamplingRule
        UpdateSamplingRule
        DeleteSamplingRule
        CreateGroup
        UpdateGroup
        DeleteGroup
        TagResource
        UntagResource
        PutResourcePolicy
        DeleteResourcePolicy
        PutEncryptionConfig
        UpdateTraceSegmentDestination
        UpdateIndexingRule
        POST /api/session
        DELETE /api/session
        POST /api/insights/{id}/note
        PUT /api/url-templates
        PUT /api/log-links
        POST /api/views
        DELETE /api/views/{name}
        PUT /api/alarms/{name}
        DELETE /api/alarms/{name}
        POST /api/alarms/{name}/acknowledge
        POST /api/objectives
        DELETE /api/objectives/{name}
        POST /api/test-trace
        POST /api/notifiers
        PUT /api/notifiers/{name}
        DELETE /api/notifiers/{name}
        POST /api/notifiers/{name}/test
        POST /api/deliveries/{id}/retry
        POST /api/keys
        DELETE /api/keys/{id}
        ");
    }
}
