//! Why a request goes no further, and how each side of the port says so.

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;

use ::auth::{Decision, Key, Refusal};
use axum::http::Extensions;
use tracing::debug;

use super::capsule;
use crate::app::App;
use crate::app::access::{Auth, Caller};
use crate::audit::Note;
use crate::body::BodyError;
use crate::error::{Problem, XRayError};
use crate::metrics::UNAUTHORIZED;
use crate::otlp;

/// Why a request goes no further.
#[derive(Debug)]
pub(super) enum Stop {
    NotAuthentic(Refusal),
    Denied {
        key: Arc<Key>,
        action: Cow<'static, str>,
        decision: Decision,
    },
    Body(BodyError),
    /// Nobody said where the connection comes from. Without it no condition can be decided.
    NoPeer,
}

/// Whether who sent the request may do this; the request has passed [`require`](super::require), and its handler knows only now what it wants.
pub(crate) fn may(app: &App, extensions: &Extensions, action: Cow<'static, str>) -> Result<(), XRayError> {
    let Some(auth) = &app.deps.auth else {
        return match app.deps.capsule.is_some() && !capsule::reads(&action) {
            true => Err(capsule::denied()),
            false => Ok(()),
        };
    };
    let caller = extensions.get::<Caller>();
    let result = match caller {
        Some(Caller { key, peer }) => decide(key, action, *peer),
        None => Err(Stop::NoPeer),
    };
    result.map_err(|stop| {
        UNAUTHORIZED.with_label_values(&[stop.reason()]).inc();
        debug!(?stop, "refused an operation because of who asked for it");
        if let Some(note) = extensions.get::<Note>() {
            note.refused(stop.reason());
        }
        stop.for_xray(auth)
    })
}

pub(super) fn decide(key: &Arc<Key>, action: Cow<'static, str>, peer: IpAddr) -> Result<(), Stop> {
    let decision = key.policy.decide(&action, peer);
    if decision == Decision::Allowed {
        return Ok(());
    }
    Err(Stop::Denied { key: Arc::clone(key), action, decision })
}

impl Stop {
    /// A label, so of few values.
    pub(super) fn reason(&self) -> &'static str {
        match self {
            Self::NotAuthentic(Refusal::Missing) => "missing",
            Self::NotAuthentic(Refusal::Incomplete(_)) => "incomplete",
            Self::NotAuthentic(Refusal::UnknownKey) => "unknown_key",
            Self::NotAuthentic(Refusal::Untimely(_)) => "untimely",
            Self::NotAuthentic(Refusal::Expired(_)) => "expired_key",
            Self::NotAuthentic(Refusal::Wrong(_)) => "wrong_signature",
            Self::Denied { .. } => "denied",
            Self::Body(_) => "body",
            Self::NoPeer => "no_peer",
        }
    }

    pub(super) fn for_xray(self, auth: &Auth) -> XRayError {
        match self {
            Self::NotAuthentic(refusal) => XRayError::NotAuthentic(refusal),
            Self::Denied { key, action, decision } => {
                let (account, name) = (&auth.account_id, &key.name);
                let why = match decision {
                    Decision::Denied => "with an explicit deny in an identity-based policy".to_owned(),
                    _ => format!("because no identity-based policy allows the {action} action"),
                };
                XRayError::AccessDenied(format!(
                    "User: arn:aws:iam::{account}:user/{name} is not authorized to perform: {action} on \
                     resource: * {why}"
                ))
            }
            Self::Body(error) => XRayError::from(error),
            Self::NoPeer => XRayError::Unavailable("the server does not know where the request comes from"),
        }
    }

    pub(super) fn for_spans(self) -> otlp::Failure {
        match self {
            Self::NotAuthentic(refusal) => otlp::Failure::Unauthenticated(refusal.to_string()),
            Self::Denied { key, action, .. } => {
                otlp::Failure::PermissionDenied(format!("the policy of {} does not allow {action}", key.name))
            }
            Self::Body(error) => otlp::Failure::from(error),
            Self::NoPeer => otlp::Failure::PermissionDenied(
                "the server does not know where the request comes from".to_owned(),
            ),
        }
    }

    pub(super) fn for_console(self) -> Problem {
        match self {
            Self::NotAuthentic(Refusal::Missing) => {
                Problem::not_signed_in("sign in at /signin, or send a token or an AWS signature")
            }
            Self::NotAuthentic(refusal) => Problem::not_signed_in(refusal.to_string()),
            Self::Denied { key, action, .. } => {
                Problem::not_permitted(format!("the policy of {} does not allow {action}", key.name))
            }
            Self::Body(error) => Problem::from(error),
            Self::NoPeer => Problem::unavailable("the server does not know where the request comes from"),
        }
    }
}
