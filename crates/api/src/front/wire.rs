//! The wire forms in which AWS's clients say the same: how a request is told, and how an answer or an error is written.
//!
//! Which of them a client uses is its own choice: boto3 and the AWS CLI send JSON, the SDKs for Go, Java and Ruby send CBOR,
//! older clients and SNS forms.

use std::borrow::Cow;

use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};

use super::tree::Tree;
use super::{Service, cbor, form, json, xml};
use crate::error::fault::Fault;

const TARGET: HeaderName = HeaderName::from_static("x-amz-target");
const QUERY_MODE: HeaderName = HeaderName::from_static("x-amzn-query-mode");
const QUERY_ERROR: HeaderName = HeaderName::from_static("x-amzn-query-error");
const ERROR_TYPE: HeaderName = HeaderName::from_static("x-amzn-errortype");
const SMITHY_PROTOCOL: HeaderName = HeaderName::from_static("smithy-protocol");
const RPC_V2_CBOR: &str = "rpc-v2-cbor";
const FORM: &str = "application/x-www-form-urlencoded";

/// How a client speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wire {
    pub(super) form: Form,
    /// The client knows errors by the codes of the query protocol, whatever form it sends.
    names_codes: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Json,
    Query,
    Cbor,
}

/// What a request wants, before anybody looked at whether there is such a thing.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) service: Option<Service>,
    pub(super) operation: String,
    pub(super) input: Tree,
}

impl Wire {
    /// Of the console.
    pub(super) const JSON: Self = Self { form: Form::Json, names_codes: false };

    pub(crate) fn of(request: &Request) -> Self {
        let headers = request.headers();
        if request.uri().path().starts_with("/api/") {
            return Self::JSON;
        }
        let form = if request.uri().path() != "/" {
            Form::Cbor
        } else if headers.contains_key(TARGET) || !is_form(headers) {
            Form::Json
        } else {
            Form::Query
        };
        Self { form, names_codes: headers.contains_key(QUERY_MODE) }
    }

    /// Reads a request on `POST /`.
    pub(super) fn read(self, headers: &HeaderMap, body: &[u8]) -> Result<Call, Fault> {
        match self.form {
            Form::Query => read_form(headers, body),
            Form::Json | Form::Cbor => {
                let target = text(headers, &TARGET).unwrap_or_default();
                let (prefix, operation) = target.split_once('.').unwrap_or_default();
                let input = json::read(body).map_err(Fault::serialization)?;
                Ok(Call { service: Service::of_target(prefix), operation: operation.to_owned(), input })
            }
        }
    }

    pub(super) fn answer(self, call: (&str, Service), result: &Tree, request_id: &str) -> Response {
        let (operation, service) = call;
        let empty = Tree::Object(Vec::new());
        let object = if *result == Tree::Null { &empty } else { result };
        match self.form {
            Form::Json => {
                let body = json::value(object).to_string();
                ([(CONTENT_TYPE, "application/x-amz-json-1.0")], body).into_response()
            }
            Form::Cbor => cbor_response(object),
            Form::Query => xml_response(xml::answer(operation, service.namespace(), result, request_id)),
        }
    }

    pub(super) fn fault(self, service: Service, fault: Fault, request_id: &str) -> Response {
        let Fault { status, shape, code, message, cause } = fault;
        let by_sender = status.is_client_error();
        let body = Tree::object([("__type", shape.into()), ("message", message.as_str().into())]);
        let mut response = match self.form {
            Form::Json => {
                let body = json::value(&body).to_string();
                ([(CONTENT_TYPE, "application/x-amz-json-1.0")], body).into_response()
            }
            Form::Cbor => cbor_response(&body),
            Form::Query => {
                xml_response(xml::error(service.namespace(), code, &message, by_sender, request_id))
            }
        };
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(ERROR_TYPE, HeaderValue::from_static(shape));
        if self.names_codes && self.form != Form::Query {
            let side = if by_sender { "Sender" } else { "Receiver" };
            let text = HeaderValue::try_from(format!("{code};{side}"));
            headers.insert(QUERY_ERROR, text.expect("codes are letters"));
        }
        if let Some(cause) = cause {
            response.extensions_mut().insert(cause);
        }
        response
    }
}

/// The input of an operation that is named by the path.
pub(super) fn read_cbor(body: &[u8]) -> Result<Tree, Fault> {
    cbor::read(body).map_err(Fault::serialization)
}

fn cbor_response(tree: &Tree) -> Response {
    let mut response = Body::from(cbor::write(tree)).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/cbor"));
    headers.insert(SMITHY_PROTOCOL, HeaderValue::from_static(RPC_V2_CBOR));
    response
}

fn xml_response(text: String) -> Response {
    ([(CONTENT_TYPE, "text/xml")], text).into_response()
}

/// The operation by `Action`; the service by who the request was signed for, else by the version of the API that it names.
fn read_form(headers: &HeaderMap, body: &[u8]) -> Result<Call, Fault> {
    let operation = form::field(body, "Action").map(Cow::into_owned).unwrap_or_default();
    let version = form::field(body, "Version").unwrap_or_default();
    let service = Service::of_scope(scope(headers)).or_else(|| Service::of_version(&version));
    let input = form::read(body).map_err(Fault::serialization)?;
    Ok(Call { service, operation, input })
}

fn is_form(headers: &HeaderMap) -> bool {
    text(headers, &CONTENT_TYPE).is_some_and(|kind| kind.trim_start().to_ascii_lowercase().starts_with(FORM))
}

/// The service in a signature's scope: `Credential=KEY/20261128/eu-west-1/monitoring/aws4_request`.
fn scope(headers: &HeaderMap) -> &str {
    let credential = text(headers, &AUTHORIZATION).and_then(|value| value.split_once("Credential="));
    let scope = credential.and_then(|(_, rest)| rest.split([',', ' ']).next());
    scope.and_then(|scope| scope.split('/').rev().nth(1)).unwrap_or_default()
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}
