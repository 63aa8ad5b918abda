//! The services of AWS that share `POST /` with each other: CloudWatch, and whoever else is told apart by a header or a form.
//!
//! A request comes in one of three wire forms (`wire`), is read into a [`Tree`](tree::Tree), and goes to its service with the name of the
//! operation; what that answers is written in the form that was asked in. A service is a module with `answer`: it knows
//! its operations and no wire form. To add one, give it a variant of [`Service`].

mod cbor;
mod form;
pub(crate) mod input;
pub(crate) mod json;
pub(crate) mod tree;
mod wire;
mod xml;

use axum::extract::{Path, Request, State};
use axum::http::Extensions;
use axum::response::Response;
use serde_json::Value;

use self::tree::Tree;
use self::wire::{Form, read_cbor};
use crate::app::{App, Shared};
use crate::audit::Note;
use crate::auth::stop::may;
use crate::error::XRayError;
use crate::error::fault::Fault;
use crate::params::JsonBody;
use crate::request::RequestId;
use crate::{body, cloudwatch, route, sns};

pub(crate) use self::wire::Wire;

/// Whose operation it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Service {
    CloudWatch,
    Sns,
}

impl Service {
    /// By the first part of `X-Amz-Target`.
    fn of_target(prefix: &str) -> Option<Self> {
        (prefix == cloudwatch::TARGET).then_some(Self::CloudWatch)
    }

    /// By the service that a request was signed for.
    fn of_scope(scope: &str) -> Option<Self> {
        match scope {
            "monitoring" => Some(Self::CloudWatch),
            "sns" => Some(Self::Sns),
            _ => None,
        }
    }

    /// By the version of an API that a form names.
    fn of_version(version: &str) -> Option<Self> {
        match version {
            cloudwatch::VERSION => Some(Self::CloudWatch),
            sns::VERSION => Some(Self::Sns),
            _ => None,
        }
    }

    /// Of its XML.
    fn namespace(self) -> &'static str {
        match self {
            Self::CloudWatch => cloudwatch::NAMESPACE,
            Self::Sns => sns::NAMESPACE,
        }
    }

    /// Of the actions in policies.
    fn prefix(self) -> &'static str {
        match self {
            Self::CloudWatch => "cloudwatch",
            Self::Sns => "sns",
        }
    }

    async fn answer(self, app: &App, operation: &str, input: Tree) -> Result<Tree, Fault> {
        match self {
            Self::CloudWatch => cloudwatch::answer(app, operation, input).await,
            Self::Sns => sns::answer(app, operation, &input).await,
        }
    }
}

/// `POST /`: JSON with a target, or a form with an action.
pub(crate) async fn root(State(app): State<Shared>, request: Request) -> Response {
    serve(&app, request, None).await
}

/// `POST /service/{service}/operation/{operation}`: CBOR.
pub(crate) async fn rpc(
    State(app): State<Shared>,
    Path((service, operation)): Path<(String, String)>,
    request: Request,
) -> Response {
    serve(&app, request, Some((service, operation))).await
}

/// `POST /api/cloudwatch/{operation}`: JSON again, for the console, whose cookie counts below `/api/` alone. The content type
/// is insisted on, which a page of another site cannot send without being asked for permission.
pub(crate) async fn console(
    State(app): State<Shared>,
    Path(operation): Path<String>,
    extensions: Extensions,
    JsonBody(input): JsonBody<Value>,
) -> Response {
    let request_id = extensions.get::<RequestId>().cloned().unwrap_or_default().0;
    let service = Service::CloudWatch;
    let action = format!("{}:{operation}", service.prefix());
    let input = json::object(input);
    note(&extensions, &operation, input.as_ref().unwrap_or(&Tree::Null));
    let result = match (may(&app, &extensions, action.into()), input) {
        (Ok(()), Ok(input)) => service.answer(&app, &operation, input).await,
        (Ok(()), Err(text)) => Err(Fault::serialization(text)),
        (Err(error), _) => Err(Fault::from(error)),
    };
    match result {
        Ok(tree) => Wire::JSON.answer((&operation, service), &tree, &request_id),
        Err(fault) => Wire::JSON.fault(service, fault, &request_id),
    }
}

fn note(extensions: &Extensions, operation: &str, input: &Tree) {
    if let Some(note) = extensions.get::<Note>() {
        note.operation(operation, input);
    }
}

/// A refusal of a request for one of these services, before anybody looked into its body.
pub(crate) fn refuse(wire: Wire, error: XRayError, request_id: &RequestId) -> Response {
    wire.fault(Service::CloudWatch, error.into(), &request_id.0)
}

async fn serve(app: &App, request: Request, by_path: Option<(String, String)>) -> Response {
    let wire = Wire::of(&request);
    let (head, body) = request.into_parts();
    let request_id = head.extensions.get::<RequestId>().cloned().unwrap_or_default().0;
    let limit = route::max_body(&head.extensions);
    let read = match body::read(&head.headers, body, limit, &app.bodies.of(&head.extensions)).await {
        Ok(read) => read,
        Err(error) => {
            let fault = Fault::from(XRayError::from(error));
            return wire.fault(Service::CloudWatch, fault, &request_id);
        }
    };
    let call = match (wire.form, by_path) {
        (Form::Cbor, Some((service, operation))) => read_cbor(&read.bytes).map(|input| wire::Call {
            service: Service::of_target(&service),
            operation,
            input,
        }),
        _ => wire.read(&head.headers, &read.bytes),
    };
    let call = match call {
        Ok(call) => call,
        Err(fault) => return wire.fault(Service::CloudWatch, fault, &request_id),
    };
    let Some(service) = call.service else {
        let text = "this is no operation that Fluoro has: it answers CloudWatch's and SNS's, by X-Amz-Target or Action";
        return wire.fault(Service::CloudWatch, Fault::unknown_operation(text), &request_id);
    };
    let action = format!("{}:{}", service.prefix(), call.operation);
    note(&head.extensions, &call.operation, &call.input);
    let result = match may(app, &head.extensions, action.into()) {
        Ok(()) => service.answer(app, &call.operation, call.input).await,
        Err(error) => Err(Fault::from(error)),
    };
    match result {
        Ok(tree) => wire.answer((&call.operation, service), &tree, &request_id),
        Err(fault) => wire.fault(service, fault, &request_id),
    }
}
