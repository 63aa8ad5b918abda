//! All notifiers that are set up: those of the settings, and those of a file that was given at the start.

use std::sync::Arc;

use serde_json::{Map, Value};
use settings::{NotifierRecord, Settings, Subscription};

use crate::notifier::{self, Email, Kind, Notifier, NotifierError, Topic, secret_members};

/// A cheap clone.
#[derive(Debug, Clone)]
pub struct Notifiers {
    settings: Settings,
    fixed: Arc<Vec<Notifier>>,
}

/// Where one message goes.
#[derive(Debug, Clone)]
pub enum Target {
    Notifier(Box<Notifier>),
    Subscriber(Box<Subscriber>),
}

/// One of those who are subscribed to a topic.
#[derive(Debug, Clone)]
pub struct Subscriber {
    pub topic: Topic,
    pub subscription: Subscription,
    /// Through whose server mail goes.
    pub mail: Option<Email>,
}

/// Why a file of notifiers is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct FileError(pub String);

impl Notifiers {
    pub fn new(settings: Settings, fixed: Vec<Notifier>) -> Self {
        Self { settings, fixed: Arc::new(fixed) }
    }

    /// The names of all, in order.
    pub fn names(&self) -> Vec<String> {
        let state = self.settings.snapshot();
        let fixed = self.fixed.iter().map(|notifier| notifier.name.clone());
        let mut names: Vec<String> = fixed.chain(state.notifiers.keys().cloned()).collect();
        names.sort();
        names.dedup();
        names
    }

    /// One of the file comes first. None where there is none of the name; an error where its secrets do not open.
    pub fn get(&self, name: &str) -> Option<Result<Notifier, NotifierError>> {
        if let Some(fixed) = self.fixed.iter().find(|notifier| notifier.name == name) {
            return Some(Ok(fixed.clone()));
        }
        self.settings.snapshot().notifiers.get(name).map(|record| self.open(record))
    }

    pub fn is_fixed(&self, name: &str) -> bool {
        self.fixed.iter().any(|notifier| notifier.name == name)
    }

    fn open(&self, record: &NotifierRecord) -> Result<Notifier, NotifierError> {
        let secrets = self.settings.secrets(record).map_err(|error| NotifierError(error.to_string()))?;
        Notifier::parse(&record.name, &record.kind, &notifier::join(&record.body, &secrets))
    }

    /// The names under which a notifier's messages wait: its own, or that of each subscriber who confirmed.
    pub fn targets(&self, notifier: &Notifier) -> Vec<String> {
        if !matches!(notifier.kind, Kind::Topic(_)) {
            return vec![notifier.name.clone()];
        }
        let state = self.settings.snapshot();
        let wanted = |subscription: &&Subscription| {
            subscription.topic == notifier.name && subscription.confirmed.is_some()
        };
        let confirmed = state.subscriptions.values().filter(wanted);
        confirmed.map(|subscription| format!("{}/{}", notifier.name, subscription.id)).collect()
    }

    /// What a name of [`Notifiers::targets`] stands for now; none where it is gone.
    pub fn target(&self, target: &str) -> Option<Result<Target, NotifierError>> {
        let Some((topic, id)) = target.split_once('/') else {
            return self.get(target).map(|found| found.map(|notifier| Target::Notifier(Box::new(notifier))));
        };
        let subscription = self.settings.snapshot().subscriptions.get(id)?.clone();
        let notifier = match self.get(topic)? {
            Ok(notifier) => notifier,
            Err(error) => return Some(Err(error)),
        };
        let Kind::Topic(topic) = notifier.kind else { return None };
        let mail = self.mail_server(&topic);
        Some(Ok(Target::Subscriber(Box::new(Subscriber { topic, subscription, mail }))))
    }

    /// The e-mail notifier that a topic names, or the first there is.
    fn mail_server(&self, topic: &Topic) -> Option<Email> {
        let names = topic.mail_through.clone().map_or_else(|| self.names(), |name| vec![name]);
        names.iter().find_map(|name| match self.get(name)?.ok()?.kind {
            Kind::Email(email) => Some(email),
            _ => None,
        })
    }

    /// That somebody got the first message of a subscription: only who has the seal can say it.
    pub fn confirmation_token(&self, subscription: &str) -> Result<String, NotifierError> {
        let token = self.settings.token(&format!("confirm/{subscription}"));
        token.map_err(|error| NotifierError(error.to_string()))
    }

    pub fn unsubscribe_token(&self, subscription: &str) -> Result<String, NotifierError> {
        let token = self.settings.token(&format!("unsubscribe/{subscription}"));
        token.map_err(|error| NotifierError(error.to_string()))
    }

    pub fn account(&self) -> &settings::Account {
        self.settings.account()
    }

    /// The ARN by which alarms name a notifier as their action.
    pub fn topic_arn(&self, name: &str) -> String {
        let account = self.settings.account();
        format!("arn:aws:sns:{}:{}:{name}", account.region, account.id)
    }
}

/// The notifiers of a file: `{"notifiers": [{"name", "kind", ...}]}`. In place of a secret `url` there may be `url_file`,
/// a path that is read at each use; by the API there may not, since who may set up notifiers is not to read files.
pub fn of_file(document: Value) -> Result<Vec<Notifier>, FileError> {
    let Value::Object(mut document) = document else {
        return Err(FileError("it must have a list named notifiers".to_owned()));
    };
    let Some(Value::Array(list)) = document.remove("notifiers") else {
        return Err(FileError("it must have a list named notifiers".to_owned()));
    };
    if let Some(other) = document.keys().next() {
        return Err(FileError(format!("{other} is not known; there is notifiers alone")));
    }
    let mut notifiers: Vec<Notifier> = Vec::new();
    for (index, entry) in list.into_iter().enumerate() {
        let at = |text: String| FileError(format!("notifiers[{index}]: {text}"));
        let Value::Object(mut body) = entry else { return Err(at("it is no mapping".to_owned())) };
        let name = take_text(&mut body, "name").map_err(at)?;
        let kind = take_text(&mut body, "kind").map_err(at)?;
        if kind == "topic" {
            return Err(at("topics are made by the API, since others subscribe to them".to_owned()));
        }
        if notifiers.iter().any(|notifier| notifier.name == name) {
            return Err(at(format!("there is a notifier {name} already")));
        }
        for member in secret_members(&kind).iter().filter(|member| **member != "headers") {
            if let Some(file) = body.remove(&format!("{member}_file")) {
                body.insert((*member).to_owned(), serde_json::json!({ "file": file }));
            }
        }
        let notifier = Notifier::parse(&name, &kind, &body).map_err(|error| at(error.to_string()))?;
        notifiers.push(Notifier { is_fixed: true, ..notifier });
    }
    Ok(notifiers)
}

fn take_text(body: &mut Map<String, Value>, member: &str) -> Result<String, String> {
    match body.remove(member) {
        Some(Value::String(text)) if !text.is_empty() => Ok(text),
        _ => Err(format!("{member} is missing")),
    }
}
