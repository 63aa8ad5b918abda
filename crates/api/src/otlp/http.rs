//! `POST /v1/traces`, and what is told of its neighbours.

use axum::extract::{Request, State};
use axum::response::Response;

use super::{Failure, Form, ONLY_TRACES, keep, refuse};
use crate::app::Shared;
use crate::body::{self, ReadBody};
use crate::route;

pub(crate) async fn traces(State(app): State<Shared>, request: Request) -> Response {
    let form = Form::of(request.headers());
    let taken = match form {
        Some(form) => take(&app, form, request).await,
        // Such as a page's beacon, which is text.
        None => Err(Failure::UnknownType),
    };
    let form = form.unwrap_or(Form::Json);
    match taken {
        Ok(rejects) => form.taken(&rejects),
        Err(failure) => form.failed(failure),
    }
}

/// `/v1/metrics` and `/v1/logs`: agents send all three unless they are told otherwise.
pub(crate) async fn other_signal(request: Request) -> Response {
    let form = Form::of(request.headers()).unwrap_or(Form::Json);
    form.failed(Failure::NotFound(ONLY_TRACES.to_owned()))
}

async fn take(app: &Shared, form: Form, request: Request) -> Result<::otlp::Rejects, Failure> {
    let (head, body) = request.into_parts();
    let read =
        body::read(&head.headers, body, route::max_body(&head.extensions), &app.bodies.of(&head.extensions))
            .await;
    // Its share of the memory for bodies is kept until the spans are durable.
    let ReadBody { bytes, share: _share } = read.map_err(|error| {
        let failure = Failure::from(error);
        if let Some(reason) = failure.reason() {
            refuse(app, reason, failure.message(), 1, "");
        }
        failure
    })?;
    keep(app, &app.ingest(&head.headers), bytes, form).await
}
