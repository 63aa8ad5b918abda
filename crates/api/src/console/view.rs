//! `/api/views`: views that people saved, for everybody who uses this server.

use axum::Json;
use axum::extract::{Path, State};
use serde_json::{Value, json};
use settings::SavedView;

use crate::app::Shared;
use crate::error::Problem;
use crate::params::JsonBody;
use crate::shape::stats::millis_at;
use crate::shape::{NewView, View};

pub(crate) async fn list(State(app): State<Shared>) -> Json<Vec<View>> {
    Json(app.deps.settings.snapshot().views.values().map(view).collect())
}

pub(crate) async fn save(
    State(app): State<Shared>,
    JsonBody(new): JsonBody<NewView>,
) -> Result<Json<View>, Problem> {
    let NewView { name, page, query, replaces } = new;
    let (settings, saved) = (app.deps.settings.clone(), app.deps.clock.now());
    let made = tokio::task::spawn_blocking(move || {
        settings.save_view(SavedView { name, page, query, saved }, replaces)
    });
    Ok(Json(view(&made.await??)))
}

pub(crate) async fn delete(
    State(app): State<Shared>,
    Path(name): Path<String>,
) -> Result<Json<Value>, Problem> {
    let settings = app.deps.settings.clone();
    tokio::task::spawn_blocking(move || settings.delete_view(&name)).await??;
    Ok(Json(json!({})))
}

fn view(view: &SavedView) -> View {
    let SavedView { name, page, query, saved } = view.clone();
    View { name, page, query, saved: millis_at(saved) }
}
