//! A call by HTTP: its subsegment, from the request to the head of the answer.

use std::error::Error;

use http::HeaderMap;

use crate::begin::subsegment;
use crate::cause::Exception;
use crate::context::Kind;
use crate::entity::Entity;
use crate::http::{content_length, inject};
use crate::record::{HttpRequest, HttpResponse, Namespace};
use crate::scope::OpenEntity;
use crate::stack::{self, Now};

/// Begins the subsegment of a call and sets the header. `None` outside of any segment: then nothing is sent either, and
/// nothing is said, because clients are used everywhere.
pub(crate) fn begin(method: &str, host: &str, url: String, headers: &mut HeaderMap) -> Option<OpenEntity> {
    if stack::now() == Now::Nothing {
        return None;
    }
    let open = subsegment(host.to_owned()).namespace(Namespace::Remote).begin();
    open.http_request(HttpRequest { method: method.to_owned(), url, ..HttpRequest::default() });
    inject(headers, open.header());
    Some(open)
}

pub(crate) fn answered(entity: &Entity, status: u16, headers: &HeaderMap) {
    entity.http_response(HttpResponse { status, content_length: content_length(headers) });
}

/// No answer came. The whole chain is the message, because the reason is at its end; `url` may have secrets, and is
/// told as `clean` instead.
pub(crate) fn failed(entity: &Entity, kind: &str, error: &(dyn Error + 'static), url: Option<(&str, &str)>) {
    let Kind::Sampled(cell) = &entity.0 else { return };
    let mut message = model::error::chain(error);
    if let Some((url, clean)) = url {
        message = message.replace(url, clean);
    }
    let mut exception = Exception::new(kind, &message);
    exception.seen_as = Some(error.to_string());
    exception.frame = Some(std::panic::Location::caller());
    cell.add_cause(vec![exception], true);
}
