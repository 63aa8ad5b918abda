//! The links in messages to subscribers: who got the message has the token, and needs no key.

use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use settings::Subscription;

use super::subscription::is_same;
use super::subscription_of;
use crate::app::{App, Shared};
use crate::params::Params;

#[derive(Debug, Deserialize)]
pub(crate) struct Link {
    #[serde(rename = "SubscriptionArn")]
    arn: String,
    #[serde(rename = "Token")]
    token: String,
}

/// As people read it who followed the link of a mail.
type Told = (StatusCode, &'static str);

const UNKNOWN: Told = (StatusCode::NOT_FOUND, "There is no such subscription, or the link is not whole.\n");
const FAILED: Told = (StatusCode::INTERNAL_SERVER_ERROR, "It could not be written down. Try again.\n");

pub(crate) async fn confirm(State(app): State<Shared>, Params(link): Params<Link>) -> Told {
    let Some(subscription) = found(&app, &link, "confirm") else { return UNKNOWN };
    let (settings, now) = (app.deps.settings.clone(), app.deps.clock.now());
    let confirm = move || settings.confirm_subscription(&subscription.id, now);
    match tokio::task::spawn_blocking(confirm).await {
        Ok(Ok(_)) => {
            (StatusCode::OK, "Subscription confirmed. Messages of the topic come here from now on.\n")
        }
        _ => FAILED,
    }
}

pub(crate) async fn unsubscribe(State(app): State<Shared>, Params(link): Params<Link>) -> Told {
    let Some(subscription) = found(&app, &link, "unsubscribe") else { return UNKNOWN };
    let settings = app.deps.settings.clone();
    match tokio::task::spawn_blocking(move || settings.unsubscribe(&subscription.id)).await {
        Ok(Ok(())) => (StatusCode::OK, "Subscription ended.\n"),
        _ => FAILED,
    }
}

fn found(app: &App, link: &Link, purpose: &str) -> Option<Subscription> {
    let id = subscription_of(&link.arn).ok()?;
    let subscription = app.deps.settings.snapshot().subscriptions.get(&id)?.clone();
    let notifiers = app.deps.notify.notifiers();
    let expected = match purpose {
        "confirm" => notifiers.confirmation_token(&id),
        _ => notifiers.unsubscribe_token(&id),
    };
    is_same(&link.token, &expected).then_some(subscription)
}
