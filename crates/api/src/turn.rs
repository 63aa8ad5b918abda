//! Questions that go through many traces: a few of a peer at a time, so that one who asks much leaves the others theirs.
//!
//! Of all peers together as many are answered at a time as `App::scans` lets.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use door::cut::Cut;

use crate::app::{Shared, access};
use crate::error::unavailable;
use crate::metrics::cut;
use crate::route;

/// Lets a question wait for those that its peer has asked before.
pub(crate) async fn await_own(State(app): State<Shared>, request: Request, next: Next) -> Response {
    if !route::of(&request).is_some_and(|route| route.scans) {
        return next.run(request).await;
    }
    match app.questions.wait(access::peer(request.extensions()), app.deps.limits.patience).await {
        Ok(_place) => next.run(request).await,
        Err(_) => {
            cut(Cut::Questions);
            let text =
                "other questions of yours go through many traces, too; ask again when they are answered";
            unavailable(request.uri().path(), text)
        }
    }
}
