//! What came back of a call: its ids, its status, and whose fault it was.

use aws_smithy_runtime_api::client::interceptors::context::Error;
use aws_smithy_runtime_api::client::orchestrator::{HttpResponse, OrchestratorError};
use serde_json::Value;

use super::members::{MAX_BODY_BYTES, of_json};
use super::parameter::{Parameter, Take};
use crate::cause::Exception;
use crate::context::Kind;
use crate::entity::Entity;
use crate::record;

/// What services call it when they were asked too often, with whichever status.
const THROTTLED: [&str; 14] = [
    "BandwidthLimitExceeded",
    "EC2ThrottledException",
    "LimitExceededException",
    "PriorRequestNotComplete",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "SlowDown",
    "ThrottledException",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
    "TransactionInProgressException",
];

/// Ids and status. Flags are left to [`failed`], for the last attempt alone decides.
pub(super) fn describe(entity: &Entity, response: &HttpResponse) {
    let headers = response.headers();
    let id = headers.get("x-amzn-requestid").or_else(|| headers.get("x-amz-request-id"));
    for (key, value) in [("request_id", id), ("id_2", headers.get("x-amz-id-2"))] {
        if let Some(value) = value {
            entity.aws(key, value);
        }
    }
    let content_length = headers.get("content-length").and_then(|length| length.trim().parse().ok());
    let answer = record::HttpResponse { status: response.status().as_u16(), content_length };
    entity.change(|state| state.extra().response = Some(answer));
}

/// Why a call has failed: what the service says, or why it could not be asked.
pub(super) fn failed(entity: &Entity, error: &OrchestratorError<Error>, response: Option<&HttpResponse>) {
    let Kind::Sampled(cell) = &entity.0 else { return };
    let answered = response.filter(|_| error.is_operation_error());
    let Some(response) = answered else {
        let exception = Exception::new(kind(error, response.is_some()), &model::error::chain(error));
        cell.add_cause(vec![exception], true);
        return;
    };
    let (code, message) = told(response);
    let status = response.status().as_u16();
    let is_throttled = status == 429 || code.as_deref().is_some_and(|code| THROTTLED.contains(&code));
    let is_fault = !is_throttled && !(400..500).contains(&status);
    // An answer that is no error, and cannot be read, AWS's SDK may take for one of the operation's.
    let unknown = || if status < 400 { "ResponseError".to_owned() } else { format!("HTTP {status}") };
    let code = code.unwrap_or_else(unknown);
    let mut exception = Exception::new(code, &message.unwrap_or_else(|| model::error::chain(error)));
    exception.remote = true;
    cell.add_cause(vec![exception], is_fault);
    match (is_throttled, is_fault) {
        (true, _) => entity.throttle(),
        (false, false) => entity.client_error(),
        (false, true) => {}
    }
}

/// By the names that AWS's SDK gives its errors.
fn kind(error: &OrchestratorError<Error>, is_answered: bool) -> &'static str {
    if error.is_timeout_error() {
        "TimeoutError"
    } else if error.is_connector_error() {
        "DispatchFailure"
    } else if is_answered {
        "ResponseError"
    } else {
        "ConstructionFailure"
    }
}

const ERROR: &[Parameter] = &[
    Parameter { member: "__type", key: "code", take: Take::Value },
    Parameter { member: "code", key: "code", take: Take::Value },
    Parameter { member: "message", key: "message", take: Take::Value },
    Parameter { member: "Message", key: "message", take: Take::Value },
];

/// The code and the message of a service's error, in JSON or in XML.
fn told(response: &HttpResponse) -> (Option<String>, Option<String>) {
    let body = response.body().bytes().unwrap_or_default();
    let body = &body[..body.len().min(MAX_BODY_BYTES)];
    let in_header = response.headers().get("x-amzn-errortype").map(str::to_owned);
    let (code, message) = if body.trim_ascii_start().starts_with(b"<") {
        let xml = String::from_utf8_lossy(body);
        (element(&xml, "Code"), element(&xml, "Message"))
    } else {
        let mut found = of_json(body, ERROR);
        let mut take = |key| {
            let at = found.iter().position(|(known, value)| *known == key && value.is_string())?;
            if let (_, Value::String(text)) = found.swap_remove(at) { Some(text) } else { None }
        };
        (take("code"), take("message"))
    };
    let code = in_header.or(code).map(|code| {
        // `aws.protocoltests#Name:http://…`, of which some services write parts.
        let code = code.split(':').next().unwrap_or_default();
        code.rsplit('#').next().unwrap_or(code).trim().to_owned()
    });
    (code.filter(|code| !code.is_empty()), message.filter(|message| !message.is_empty()))
}

/// The text of the first element of a name.
fn element(xml: &str, name: &str) -> Option<String> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    let (text, _) = rest.split_once(&format!("</{name}>"))?;
    let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&apos;", "'");
    Some(text.replace("&amp;", "&"))
}

#[cfg(test)]
mod tests {
    use aws_smithy_runtime_api::http::StatusCode;
    use aws_smithy_types::body::SdkBody;

    use super::*;

    #[track_caller]
    fn check(header: Option<&'static str>, body: &str, code: Option<&str>, message: Option<&str>) {
        let mut response = HttpResponse::new(StatusCode::try_from(400).unwrap(), SdkBody::from(body));
        if let Some(header) = header {
            response.headers_mut().insert("x-amzn-errortype", header);
        }
        let (is, text) = told(&response);
        assert_eq!((is.as_deref(), text.as_deref()), (code, message));
    }

    #[test]
    fn codes_are_found_in_each_protocol() {
        let json = r#"{"__type":"com.amazonaws.dynamodb.v20120810#ResourceNotFoundException","message":"no such table"}"#;
        check(None, json, Some("ResourceNotFoundException"), Some("no such table"));
        let header = Some("ResourceNotFoundException:http://internal.amazon.com/coral/");
        check(header, r#"{"Message":"gone"}"#, Some("ResourceNotFoundException"), Some("gone"));
        let xml = "<?xml version=\"1.0\"?><Error><Code>NoSuchKey</Code><Message>a &lt;b&gt; &amp;amp;</Message></Error>";
        check(None, xml, Some("NoSuchKey"), Some("a <b> &amp;"));
        let query = "<ErrorResponse><Error><Type>Sender</Type><Code>NotFound</Code></Error></ErrorResponse>";
        check(None, query, Some("NotFound"), None);
    }

    #[test]
    fn what_is_no_answer_has_neither() {
        for body in ["", "<html>", "{}", "[1]", "{\"__type\":7,\"message\":null}", "\u{0}"] {
            check(None, body, None, None);
        }
    }
}
