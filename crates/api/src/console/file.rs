//! `POST /api/view`: a trace of a file, looked at and not kept.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use bytes::Bytes;
use model::StoredDocument;
use model::segment::{Place, Sequence};

use super::{span, trace};
use crate::app::Shared;
use crate::error::Problem;
use crate::params::JsonBody;
use crate::shape::{ViewQuestion, Viewed};

/// Documents of one question, packed and not.
pub(crate) const MAX_BODY_BYTES: usize = 32 << 20;
const MAX_DOCUMENTS: usize = 20_000;
/// Spans whose details are in the answer; to make one its document is read.
const MAX_DETAILS: usize = 1_000;

pub(crate) async fn view(
    State(app): State<Shared>,
    JsonBody(question): JsonBody<ViewQuestion>,
) -> Result<Json<Viewed>, Problem> {
    if question.documents.len() > MAX_DOCUMENTS {
        let count = question.documents.len();
        return Err(Problem::bad_request(format!("{count} documents are more than {MAX_DOCUMENTS}")));
    }
    let _turn = app.turn().await;
    let received = app.deps.clock.now();
    let mut documents: Vec<Arc<StoredDocument>> = Vec::new();
    let mut refused = Vec::new();
    for (number, text) in question.documents.into_iter().enumerate() {
        let place = Place { sequence: Sequence(number as u64), ..Place::default() };
        match wire::document::decode(Bytes::from(text)) {
            Ok(document) => documents.push(Arc::new(StoredDocument { place, received, document })),
            Err(reject) => refused.push(format!("document {}: {}", number + 1, reject.detail)),
        }
    }
    let Some(id) = documents.first().map(|stored| stored.document.trace_id) else {
        let first = refused.first().map_or("there is none", String::as_str);
        return Err(Problem::bad_request(format!("no document can be read: {first}")));
    };
    if documents.iter().any(|stored| stored.document.trace_id != id) {
        return Err(Problem::bad_request("the documents are of more than one trace"));
    }
    let assembled = query::assemble(id, &documents);
    let spans = 0..assembled.spans.len().min(MAX_DETAILS);
    Ok(Json(Viewed {
        trace: trace::detail(&app, &assembled, &documents, 0),
        spans: spans.map(|index| span::detail(&app, &assembled, &documents, index)).collect(),
        refused,
    }))
}
