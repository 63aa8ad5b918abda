//! What is known of a route before its handler runs: method, path, who may, how much body, and what it does.
//!
//! To add a route, write its row into `router/table.rs`. Nothing else names paths: the router is built from the rows, `auth` reads
//! [`Need`] from them, `body` the bound, `metrics` the label, and `docs/routes.md` is written from them. Then say what it answers:
//! an operation of X-Ray in `docs/api.md`, a path below `/api/` in `docs/console-api.md`, any other under "Other paths" of
//! `docs/api.md`. The tests in `tests/http/routes.rs` fail until it stands there, and ask every route as every preset of a policy.

use std::borrow::Cow;

use axum::extract::Request;
use axum::handler::Handler;
use axum::http::{Extensions, Method};
use axum::routing::{MethodFilter, MethodRouter, on};

use crate::app::Shared;
use crate::body::MAX_QUERY_BYTES;

/// What a route asks of whoever wants it, where the server asks at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// Anybody may.
    Nothing,
    /// A key, whatever it may do: to learn that a path does not exist.
    Key,
    /// Permission for the operation of X-Ray of this name.
    Operation(&'static str),
    /// Permission for the operation of CloudWatch that a header or the body names: `front` asks for it, once it knows.
    Named,
    /// To look at something in the console, by whatever method.
    ReadConsole,
    /// To change something in the console that is not an operation of X-Ray.
    WriteConsole,
    /// To set up whom to tell, and to make the server call them.
    PutNotifier,
    /// To make, see and revoke keys in the console.
    ManageKeys,
    GetMetrics,
}

/// One method on one path.
#[derive(Debug)]
pub struct Route {
    pub method: Method,
    /// With names in braces for what varies: `/api/traces/{id}`.
    pub path: Cow<'static, str>,
    pub need: Need,
    /// The largest body in bytes, packed and unpacked.
    pub max_body: usize,
    /// Whether it goes through many traces or minutes, of which a peer may ask some at a time.
    pub scans: bool,
    /// One line for `docs/routes.md`.
    pub doc: &'static str,
    /// The name that X-Ray has for it, on X-Ray's own path: errors are then told as X-Ray tells them.
    pub operation: Option<&'static str>,
    handler: MethodRouter<Shared>,
}

impl Need {
    /// The action of a policy that is asked for.
    pub fn action(self) -> Option<Cow<'static, str>> {
        match self {
            Self::Nothing | Self::Key | Self::Named => None,
            Self::Operation(name) => Some(format!("xray:{name}").into()),
            Self::ReadConsole => Some("fluoro:ReadConsole".into()),
            Self::WriteConsole => Some("fluoro:WriteConsole".into()),
            Self::PutNotifier => Some("fluoro:PutNotifier".into()),
            Self::ManageKeys => Some("fluoro:ManageKeys".into()),
            Self::GetMetrics => Some("fluoro:GetMetrics".into()),
        }
    }
}

impl Route {
    /// For HEAD as well.
    pub(crate) fn get<T: 'static>(path: &'static str, need: Need, handler: impl Handler<T, Shared>) -> Self {
        Self::new(Method::GET, path, need, on(MethodFilter::GET, handler)).max_body(0)
    }

    pub(crate) fn post<T: 'static>(path: &'static str, need: Need, handler: impl Handler<T, Shared>) -> Self {
        Self::new(Method::POST, path, need, on(MethodFilter::POST, handler))
    }

    pub(crate) fn put<T: 'static>(path: &'static str, need: Need, handler: impl Handler<T, Shared>) -> Self {
        Self::new(Method::PUT, path, need, on(MethodFilter::PUT, handler))
    }

    pub(crate) fn delete<T: 'static>(
        path: &'static str,
        need: Need,
        handler: impl Handler<T, Shared>,
    ) -> Self {
        Self::new(Method::DELETE, path, need, on(MethodFilter::DELETE, handler)).max_body(0)
    }

    /// An operation of X-Ray on its own path.
    pub(crate) fn operation<T: 'static>(
        name: &'static str,
        path: &'static str,
        handler: impl Handler<T, Shared>,
    ) -> Self {
        Self { operation: Some(name), ..Self::post(path, Need::Operation(name), handler) }
    }

    fn new(method: Method, path: &'static str, need: Need, handler: MethodRouter<Shared>) -> Self {
        let path = Cow::Borrowed(path);
        Self {
            method,
            path,
            need,
            max_body: MAX_QUERY_BYTES,
            scans: false,
            doc: "",
            operation: None,
            handler,
        }
    }

    pub(crate) fn max_body(self, bytes: usize) -> Self {
        Self { max_body: bytes, ..self }
    }

    pub(crate) fn scans(self) -> Self {
        Self { scans: true, ..self }
    }

    pub(crate) fn doc(self, doc: &'static str) -> Self {
        Self { doc, ..self }
    }

    /// An operation again, for the console, whose cookie counts below `/api/` alone: `POST /api/xray/GetGroups`.
    pub(crate) fn by_name(&self) -> Option<Self> {
        Some(Self {
            method: self.method.clone(),
            path: Cow::Owned(format!("/api/xray/{}", self.operation?)),
            handler: self.handler.clone(),
            operation: None,
            ..*self
        })
    }

    pub(crate) fn handler(&self) -> MethodRouter<Shared> {
        self.handler.clone()
    }

    /// Bounded: what the table has, never what a client wrote.
    pub(crate) fn label(&self) -> &str {
        self.operation.unwrap_or(&self.path)
    }
}

/// The route that a request is for, once the router has found it; none where the path is no route.
pub(crate) fn of(request: &Request) -> Option<&'static Route> {
    request.extensions().get::<&'static Route>().copied()
}

/// How much body a request may have.
pub(crate) fn max_body(extensions: &Extensions) -> usize {
    extensions.get::<&'static Route>().map_or(MAX_QUERY_BYTES, |route| route.max_body)
}
