//! What requests to the console's API carry: a range, and bodies that only the console's own page can send.

use axum::extract::{FromRequest, FromRequestParts, Query, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use model::{Micros, TimeRange, Timestamp};
use serde::de::DeserializeOwned;

use crate::app::Shared;
use crate::audit::Note;
use crate::body;
use crate::error::Problem;
use crate::route;
use crate::shape::RangeParams;

/// The longest range of one question.
const MAX_RANGE: Micros = Micros::from_secs(31 * 24 * 60 * 60);

/// The query of a URL; a bad one is a problem document.
#[derive(Debug)]
pub(crate) struct Params<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequestParts<Shared> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Shared) -> Result<Self, Problem> {
        match Query::try_from_uri(&parts.uri) {
            Ok(Query(params)) => Ok(Self(params)),
            Err(rejection) => Err(Problem::bad_request(rejection.body_text())),
        }
    }
}

/// A JSON body. Its content type is insisted on: a page of another site cannot send it without being asked for
/// permission first, which is never given.
#[derive(Debug)]
pub(crate) struct JsonBody<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<Shared> for JsonBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &Shared) -> Result<Self, Problem> {
        let (head, body) = request.into_parts();
        let content_type = head.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let essence = content_type.unwrap_or_default().split(';').next().unwrap_or_default().trim();
        if !essence.eq_ignore_ascii_case("application/json") {
            return Err(Problem::wrong_content_type());
        }
        let body = body::read(
            &head.headers,
            body,
            route::max_body(&head.extensions),
            &app.bodies.of(&head.extensions),
        )
        .await?;
        Note::body(&head.extensions, &body.bytes);
        // An empty body is an empty object, so that what needs nothing can be sent nothing.
        let json = if body.bytes.is_empty() { b"{}" } else { &body.bytes[..] };
        serde_json::from_slice(json).map(Self).map_err(|error| Problem::bad_request(error.to_string()))
    }
}

impl RangeParams {
    pub(crate) fn range(self) -> Result<TimeRange, Problem> {
        if !self.from.is_finite() || !self.to.is_finite() || self.to <= self.from {
            return Err(Problem::bad_request("`from` must be earlier than `to`, both epoch milliseconds"));
        }
        let range = TimeRange::new(instant(self.from), instant(self.to));
        if range.length() > MAX_RANGE {
            return Err(Problem::bad_request("the range must not be longer than 31 days"));
        }
        Ok(range)
    }
}

/// From epoch milliseconds.
fn instant(millis: f64) -> Timestamp {
    Timestamp::from_seconds(millis / 1_000.0)
}
