//! Subscriptions: made, confirmed by the other side, listed and ended.

use alert::Notice;
use alert::notice::{Audience, Kind, Severity, Status};
use settings::{Protocol, Subscription};

use super::topic::{commit, refused, topic};
use super::{attributes, change, optional, required, subscription_of};
use crate::app::App;
use crate::error::fault::Fault;
use crate::front::tree::Tree;

const MAX_ENDPOINT: usize = 2_048;

/// Whoever is subscribed is asked first: nothing else is sent before it is confirmed.
pub(super) async fn subscribe(app: &App, input: &Tree) -> Result<Tree, Fault> {
    let record = topic(app, input)?;
    let protocol = required(input, "Protocol")?;
    let protocol = Protocol::parse(&protocol).ok_or_else(|| {
        Fault::invalid_parameter(
            "Invalid parameter: Fluoro's topics know the protocols http, https and email",
        )
    })?;
    let endpoint = required(input, "Endpoint")?;
    check_endpoint(protocol, &endpoint)?;
    let mut is_raw = false;
    for (name, value) in attributes(input, "Attributes") {
        is_raw = raw_delivery(&name, &value)?;
    }
    let now = app.deps.clock.now();
    let name = record.name.clone();
    let subscribe = move |settings: &settings::Settings| {
        settings.subscribe(&name, protocol, &endpoint, is_raw, now).map_err(refused)
    };
    let (subscription, _) = change(app, subscribe).await?;
    if subscription.confirmed.is_none() {
        // Asked again, it is told again: the first message may have been lost on the other side.
        let key = format!("subscription/{}", subscription.id);
        let mut notice = Notice::new(Kind::Subscription, Status::Firing, key, now);
        notice.severity = Severity::Info;
        notice.title = format!("Confirm the subscription to {}", record.name);
        notice.audience = Audience::Named(vec![format!("{}/{}", record.name, subscription.id)]);
        commit(app, notice).await?;
    }
    let wants_arn =
        optional(input, "ReturnSubscriptionArn").is_some_and(|text| text.eq_ignore_ascii_case("true"));
    let shown = match subscription.confirmed.is_some() || wants_arn {
        true => arn(app, &subscription),
        false => "pending confirmation".to_owned(),
    };
    Ok(Tree::object([("SubscriptionArn", shown.into())]))
}

/// By the token that the first message had.
pub(super) async fn confirm_subscription(app: &App, input: &Tree) -> Result<Tree, Fault> {
    let record = topic(app, input)?;
    let token = required(input, "Token")?;
    let notifiers = app.deps.notify.notifiers().clone();
    let now = app.deps.clock.now();
    let confirmed = change(app, move |settings| {
        let state = settings.snapshot();
        let of_it = state.subscriptions.values().filter(|subscription| subscription.topic == record.name);
        for subscription in of_it {
            if is_same(&token, &notifiers.confirmation_token(&subscription.id)) {
                return settings.confirm_subscription(&subscription.id, now).map_err(refused);
            }
        }
        Err(Fault::invalid_parameter("Invalid parameter: Token"))
    })
    .await?;
    Ok(Tree::object([("SubscriptionArn", arn(app, &confirmed).into())]))
}

/// Whether a token is the right one. What it is compared with is a hash with a key that nobody else has, so the time that it takes
/// tells nothing that could be used.
pub(super) fn is_same(token: &str, expected: &Result<String, notify::NotifierError>) -> bool {
    expected.as_ref().is_ok_and(|expected| expected == token)
}

pub(super) async fn unsubscribe(app: &App, input: &Tree) -> Result<Tree, Fault> {
    let id = subscription_of(&required(input, "SubscriptionArn")?)?;
    change(app, move |settings| {
        // What does not exist is ended already, as with SNS.
        if settings.snapshot().subscriptions.contains_key(&id) {
            settings.unsubscribe(&id).map_err(refused)?;
        }
        Ok(())
    })
    .await?;
    Ok(Tree::Null)
}

pub(super) fn list_by_topic(app: &App, input: &Tree) -> Result<Tree, Fault> {
    Ok(list(app, Some(&topic(app, input)?.name)))
}

pub(super) fn list(app: &App, topic: Option<&str>) -> Tree {
    let state = app.deps.settings.snapshot();
    let asked = state
        .subscriptions
        .values()
        .filter(|subscription| topic.is_none_or(|topic| subscription.topic == topic));
    let entry = |subscription: &Subscription| {
        let shown = match subscription.confirmed {
            Some(_) => arn(app, subscription),
            None => "PendingConfirmation".to_owned(),
        };
        Tree::object([
            ("SubscriptionArn", shown.into()),
            ("Owner", (&app.deps.settings.account().id).into()),
            ("Protocol", subscription.protocol.name().into()),
            ("Endpoint", (&subscription.endpoint).into()),
            ("TopicArn", app.deps.notify.notifiers().topic_arn(&subscription.topic).into()),
        ])
    };
    Tree::object([("Subscriptions", Tree::list(asked.map(entry)))])
}

pub(super) fn get_attributes(app: &App, input: &Tree) -> Result<Tree, Fault> {
    let subscription = found(app, input)?;
    let values = [
        ("SubscriptionArn", arn(app, &subscription)),
        ("TopicArn", app.deps.notify.notifiers().topic_arn(&subscription.topic)),
        ("Owner", app.deps.settings.account().id.clone()),
        ("Protocol", subscription.protocol.name().to_owned()),
        ("Endpoint", subscription.endpoint.clone()),
        ("RawMessageDelivery", subscription.is_raw.to_string()),
        ("PendingConfirmation", subscription.confirmed.is_none().to_string()),
        ("ConfirmationWasAuthenticated", "false".to_owned()),
    ];
    let values = values.into_iter().map(|(name, value)| (name.to_owned(), value.into()));
    Ok(Tree::object([("Attributes", Tree::Map(values.collect()))]))
}

pub(super) async fn set_attributes(app: &App, input: &Tree) -> Result<Tree, Fault> {
    let subscription = found(app, input)?;
    let value = optional(input, "AttributeValue").unwrap_or_default();
    let is_raw = raw_delivery(&required(input, "AttributeName")?, &value)?;
    change(app, move |settings| settings.set_raw_delivery(&subscription.id, is_raw).map_err(refused)).await?;
    Ok(Tree::Null)
}

fn found(app: &App, input: &Tree) -> Result<Subscription, Fault> {
    let id = subscription_of(&required(input, "SubscriptionArn")?)?;
    let state = app.deps.settings.snapshot();
    state.subscriptions.get(&id).cloned().ok_or_else(|| Fault::no_topic("Subscription does not exist"))
}

fn arn(app: &App, subscription: &Subscription) -> String {
    format!("{}:{}", app.deps.notify.notifiers().topic_arn(&subscription.topic), subscription.id)
}

/// The only attribute that means something here; others are refused rather than forgotten.
fn raw_delivery(name: &str, value: &str) -> Result<bool, Fault> {
    let wrong = |text: String| Err(Fault::invalid_parameter(format!("Invalid parameter: {text}")));
    match (name, value.to_ascii_lowercase().as_str()) {
        ("RawMessageDelivery", "true") => Ok(true),
        ("RawMessageDelivery", "false") => Ok(false),
        ("RawMessageDelivery", _) => wrong("Attributes Reason: RawMessageDelivery: Invalid value".to_owned()),
        (other, _) => {
            let name: String = other.chars().take(64).collect();
            wrong(format!("Attributes Reason: {name}: a subscription of Fluoro has RawMessageDelivery alone"))
        }
    }
}

fn check_endpoint(protocol: Protocol, endpoint: &str) -> Result<(), Fault> {
    let wrong = |text: String| Err(Fault::invalid_parameter(format!("Invalid parameter: Endpoint: {text}")));
    if endpoint.len() > MAX_ENDPOINT {
        return wrong("it is too long".to_owned());
    }
    let checked = match protocol {
        Protocol::Email => notify::check_address(endpoint),
        Protocol::Http | Protocol::Https => notify::check_url(endpoint),
    };
    if let Err(error) = checked {
        return wrong(error.to_string());
    }
    let scheme = format!("{}://", protocol.name());
    if protocol != Protocol::Email && !endpoint.starts_with(&scheme) {
        return wrong("it must match the specified protocol".to_owned());
    }
    Ok(())
}
