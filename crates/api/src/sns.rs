//! SNS's operations on topics and subscriptions, as far as people need them to be told: its model `sns/2010-03-31`.
//!
//! A topic is a notifier of the kind `topic`, so an alarm's action names it by its ARN. What is answered and what is refused is
//! written in `docs/notifiers.md`. Nothing here knows a wire form: that is [`crate::front`].

pub(crate) mod link;
mod subscription;
mod topic;

use settings::Settings;

use crate::app::App;
use crate::error::fault::Fault;
use crate::front::tree::Tree;

/// What forms name as `Version`.
pub(crate) const VERSION: &str = "2010-03-31";
/// Of the XML.
pub(crate) const NAMESPACE: &str = "http://sns.amazonaws.com/doc/2010-03-31/";

/// What [`answer`] knows.
pub(crate) const OPERATIONS: [&str; 14] = [
    "CreateTopic",
    "DeleteTopic",
    "ListTopics",
    "GetTopicAttributes",
    "SetTopicAttributes",
    "ListTagsForResource",
    "Publish",
    "Subscribe",
    "ConfirmSubscription",
    "Unsubscribe",
    "ListSubscriptions",
    "ListSubscriptionsByTopic",
    "GetSubscriptionAttributes",
    "SetSubscriptionAttributes",
];

/// What the operation answers; null where it has no output.
pub(crate) async fn answer(app: &App, operation: &str, input: &Tree) -> Result<Tree, Fault> {
    match operation {
        "CreateTopic" => topic::create_topic(app, input).await,
        "DeleteTopic" => topic::delete_topic(app, input).await,
        "ListTopics" => topic::list_topics(app),
        "GetTopicAttributes" => topic::get_topic_attributes(app, input),
        "SetTopicAttributes" => topic::set_topic_attributes(app, input).await,
        "ListTagsForResource" => topic::list_tags(app, input),
        "Publish" => topic::publish(app, input).await,
        "Subscribe" => subscription::subscribe(app, input).await,
        "ConfirmSubscription" => subscription::confirm_subscription(app, input).await,
        "Unsubscribe" => subscription::unsubscribe(app, input).await,
        "ListSubscriptions" => Ok(subscription::list(app, None)),
        "ListSubscriptionsByTopic" => subscription::list_by_topic(app, input),
        "GetSubscriptionAttributes" => subscription::get_attributes(app, input),
        "SetSubscriptionAttributes" => subscription::set_attributes(app, input).await,
        other => {
            let name: String = other.chars().take(64).collect();
            Err(Fault::unknown_operation(format!("{name}: Fluoro has no such operation of SNS")))
        }
    }
}

/// A text that must be there.
fn required(input: &Tree, name: &str) -> Result<String, Fault> {
    optional(input, name).ok_or_else(|| Fault::invalid_parameter(format!("Invalid parameter: {name}")))
}

fn optional(input: &Tree, name: &str) -> Option<String> {
    match input.get(name) {
        Some(Tree::Text(text)) if !text.is_empty() => Some(text.clone()),
        _ => None,
    }
}

/// Attributes by name: a map in JSON, entries in a form.
fn attributes(input: &Tree, name: &str) -> Vec<(String, String)> {
    let text = |value: &Tree| if let Tree::Text(text) = value { Some(text.clone()) } else { None };
    match input.get(name) {
        Some(Tree::Object(members)) => {
            members.iter().filter_map(|(key, value)| Some((key.to_string(), text(value)?))).collect()
        }
        Some(Tree::Map(values)) => {
            values.iter().filter_map(|(key, value)| Some((key.clone(), text(value)?))).collect()
        }
        _ => Vec::new(),
    }
}

/// `arn:aws:sns:REGION:ACCOUNT:NAME`, of whatever region and account: there is one of each here.
fn topic_of(arn: &str) -> Result<String, Fault> {
    let wrong = || Fault::invalid_parameter("Invalid parameter: TopicArn");
    let parts: Vec<&str> = arn.split(':').collect();
    match parts[..] {
        ["arn", _, "sns", _, _, name] if !name.is_empty() => Ok(name.to_owned()),
        _ => Err(wrong()),
    }
}

/// The id at the end of a subscription's ARN.
fn subscription_of(arn: &str) -> Result<String, Fault> {
    let parts: Vec<&str> = arn.split(':').collect();
    match parts[..] {
        ["arn", _, "sns", _, _, _, id] => Ok(id.to_owned()),
        _ => Err(Fault::invalid_parameter("Invalid parameter: SubscriptionArn")),
    }
}

/// Makes a change of the settings, on a thread that may wait for the disk.
async fn change<T: Send + 'static>(
    app: &App,
    change: impl FnOnce(&Settings) -> Result<T, Fault> + Send + 'static,
) -> Result<T, Fault> {
    let settings = app.deps.settings.clone();
    match tokio::task::spawn_blocking(move || change(&settings)).await {
        Ok(result) => result,
        Err(panic) => Err(Fault::internal(std::sync::Arc::new(panic))),
    }
}
