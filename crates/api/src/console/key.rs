//! `/api/keys`: who may do what, for people who may decide that. A secret is told once, in the answer that makes it.

use ::auth::{Key, Keys, Kind, Policy};
use axum::Json;
use axum::extract::{Path, State};
use model::Timestamp;
use serde::Deserialize;

use crate::app::{App, Shared};
use crate::error::Problem;
use crate::params::JsonBody;
use crate::router::table::actions;
use crate::shape::stats::millis_at;
use crate::shape::{KeyEntry, KeyKind, KeyList, KeyRequest, MadeKey, PolicyCheck, PolicyPreset};

pub(crate) async fn list(State(app): State<Shared>) -> Result<Json<KeyList>, Problem> {
    let keys = keys(&app)?;
    // It reads a file.
    let list = tokio::task::spawn_blocking(move || keys.list()).await??;
    let preset = |name: &str, policy: &Policy| PolicyPreset { name: name.to_owned(), policy: text(policy) };
    let presets = vec![
        preset("Agent: send segments, ask what to sample", &Policy::daemon()),
        preset("Read only", &Policy::read_only()),
        preset("Everything", &Policy::full()),
    ];
    Ok(Json(KeyList { keys: list.iter().map(entry).collect(), presets }))
}

pub(crate) async fn create(
    State(app): State<Shared>,
    JsonBody(request): JsonBody<KeyRequest>,
) -> Result<Json<MadeKey>, Problem> {
    let keys = keys(&app)?;
    let policy: Policy = request.policy.parse()?;
    policy.check_denials(&actions())?;
    let kind = match request.kind {
        KeyKind::AccessKey => Kind::AccessKey,
        KeyKind::ConsoleToken => Kind::ConsoleToken,
    };
    let now = app.deps.clock.now();
    let expires_at = request.expires.map(|millis| Timestamp::from_seconds(millis / 1_000.0));
    let make = move || keys.create(kind, &request.name, policy, now, expires_at);
    let made = tokio::task::spawn_blocking(make).await??;
    Ok(Json(MadeKey { key: entry(&made.key), secret: made.secret.reveal().to_owned() }))
}

pub(crate) async fn revoke(
    State(app): State<Shared>,
    Path(id): Path<String>,
) -> Result<Json<KeyEntry>, Problem> {
    let keys = keys(&app)?;
    let revoked = tokio::task::spawn_blocking(move || keys.revoke(&id)).await??;
    Ok(Json(entry(&revoked)))
}

#[derive(Debug, Deserialize)]
pub(crate) struct Check {
    policy: String,
}

pub(crate) async fn check(JsonBody(Check { policy }): JsonBody<Check>) -> Json<PolicyCheck> {
    let parsed = policy.parse().and_then(|policy: Policy| policy.check_denials(&actions()));
    Json(PolicyCheck { error: parsed.err().map(|error| error.to_string()) })
}

fn keys(app: &App) -> Result<Keys, Problem> {
    let auth = app.deps.auth.as_ref();
    auth.map(|auth| auth.keys.clone())
        .ok_or_else(|| Problem::not_found("this server asks nobody who they are; start it with --auth on"))
}

fn entry(key: &Key) -> KeyEntry {
    KeyEntry {
        id: key.id.clone(),
        name: key.name.clone(),
        kind: match key.kind() {
            Kind::AccessKey => KeyKind::AccessKey,
            Kind::ConsoleToken => KeyKind::ConsoleToken,
        },
        created: millis_at(key.created_at),
        expires: key.expires_at.map(millis_at),
        used: key.used_at.map(millis_at),
        policy: text(&key.policy),
    }
}

fn text(policy: &Policy) -> String {
    serde_json::to_string_pretty(policy).expect("a policy is made of texts and lists")
}
