//! What one task does: sends what was picked for a target, and says what came of each delivery.

use std::sync::Arc;

use alert::Notice;
use alert::notice::{Kind as NoticeKind, Severity, Status};
use model::Timestamp;
use rand::Rng;
use settings::alerts::{Delivery, HistoryItem, Outcome};

use super::pick::Pick;
use crate::delivery::Courier;
use crate::notifier::{Notifier, NotifierError};
use crate::notifiers::Target;
use crate::payload::Message;
use crate::send::{Answer, Fate};
use crate::{retry, route};

/// What came of a task.
#[derive(Debug)]
pub(super) struct Done {
    pub(super) target: String,
    pub(super) answer: Option<Answer>,
    pub(super) outcomes: Vec<(i64, Outcome)>,
    pub(super) history: Vec<HistoryItem>,
    pub(super) was_digest: bool,
}

/// All that a task needs, for it outlives the round that started it.
pub(super) struct Batch {
    pub(super) name: String,
    pub(super) target: Target,
    pub(super) pick: Pick,
    pub(super) courier: Courier,
    pub(super) console: Arc<str>,
    pub(super) now: Timestamp,
}

impl Batch {
    pub(super) async fn run(self) -> Done {
        match &self.pick {
            Pick::One(chain) => self.one(chain).await,
            Pick::Digest(list) => self.digest(list).await,
            Pick::Together(list) => self.together(list).await,
            Pick::Drop(list) => {
                let over = || Outcome::Merged { answer: "it was over before it could be told".to_owned() };
                let outcomes = list.iter().map(|delivery| (delivery.seq, over())).collect();
                Done { outcomes, ..self.done() }
            }
            Pick::Wait(_) => self.done(),
        }
    }

    async fn one(&self, chain: &[Delivery]) -> Done {
        let Some((last, before)) = chain.split_last() else { return self.done() };
        let answer = self.courier.deliver(&self.target, &self.message(last, &last.notice, &[])).await;
        self.concluded(answer, last, before, false)
    }

    async fn digest(&self, list: &[Delivery]) -> Done {
        let Some((last, before)) = list.split_last() else { return self.done() };
        let notices: Vec<Notice> = list.iter().map(|delivery| delivery.notice.clone()).collect();
        let notice = digest_notice(&self.name, &notices, self.now);
        let answer = self.courier.deliver(&self.target, &self.message(last, &notice, &notices)).await;
        self.concluded(answer, last, before, true)
    }

    async fn together(&self, list: &[Delivery]) -> Done {
        let Target::Notifier(notifier) = &self.target else { return self.done() };
        let messages: Vec<Message<'_>> =
            list.iter().map(|delivery| self.message(delivery, &delivery.notice, &[])).collect();
        let answer = push(&self.courier, notifier, &messages).await;
        let mut done = self.done();
        for delivery in list {
            let outcome = self.outcome(&answer, delivery);
            done.history.extend(self.failed_action(delivery, &outcome));
            done.outcomes.push((delivery.seq, outcome));
        }
        Done { answer: Some(answer), ..done }
    }

    /// The last one was tried; those before it went with it, or wait with it.
    fn concluded(&self, answer: Answer, last: &Delivery, before: &[Delivery], was_digest: bool) -> Done {
        let mut done = self.done();
        // The first of a chain is whose turn it is, so a retry is its retry: the others wait behind it.
        let head = before.first().unwrap_or(last);
        let outcome = self.outcome(&answer, head);
        for delivery in before {
            let outcome = match &outcome {
                Outcome::Sent { .. } => Outcome::Merged { answer: format!("told by message {}", last.id) },
                other => other.clone(),
            };
            done.outcomes.push((delivery.seq, outcome));
        }
        done.history.extend(self.failed_action(last, &outcome));
        done.outcomes.push((last.seq, outcome));
        Done { answer: Some(answer), was_digest, ..done }
    }

    fn outcome(&self, answer: &Answer, delivery: &Delivery) -> Outcome {
        retry::outcome(answer, delivery.created, delivery.tries, self.now, rand::rng().random())
    }

    fn failed_action(&self, delivery: &Delivery, outcome: &Outcome) -> Option<HistoryItem> {
        let Outcome::Dead { answer } = outcome else { return None };
        let name = self.name.split('/').next().unwrap_or_default();
        let arn = self.courier.notifiers.topic_arn(name);
        let summary = format!("Failed to execute action {arn}. {answer}");
        route::action(&delivery.notice, &summary, Some(answer), self.now)
    }

    fn message<'a>(&'a self, delivery: &'a Delivery, notice: &'a Notice, more: &'a [Notice]) -> Message<'a> {
        let console = &self.console;
        Message { id: &delivery.id, notice_id: &delivery.notice_id, notice, now: self.now, console, more }
    }

    fn done(&self) -> Done {
        Done {
            target: self.name.clone(),
            answer: None,
            outcomes: Vec::new(),
            history: Vec::new(),
            was_digest: false,
        }
    }
}

/// What goes on is said again, so that Alertmanager does not take it for over.
pub(super) async fn again(
    courier: &Courier,
    notifier: &Notifier,
    firing: &[Delivery],
    console: &str,
    now: Timestamp,
) -> Done {
    let message = |delivery| message_of(delivery, console, now);
    let messages: Vec<Message<'_>> = firing.iter().map(message).collect();
    let answer = push(courier, notifier, &messages).await;
    let target = notifier.name.clone();
    Done { target, answer: Some(answer), outcomes: Vec::new(), history: Vec::new(), was_digest: false }
}

fn message_of<'a>(delivery: &'a Delivery, console: &'a str, now: Timestamp) -> Message<'a> {
    let Delivery { id, notice_id, notice, .. } = delivery;
    Message { id, notice_id, notice, now, console, more: &[] }
}

async fn push(courier: &Courier, notifier: &Notifier, messages: &[Message<'_>]) -> Answer {
    courier.push(notifier, messages).await.unwrap_or_else(|NotifierError(text)| Answer {
        fate: Fate::Failed { retry_after: None },
        status: None,
        text,
        took: std::time::Duration::ZERO,
        is_private: false,
    })
}

fn digest_notice(target: &str, notices: &[Notice], now: Timestamp) -> Notice {
    let firing = notices.iter().filter(|notice| notice.status == Status::Firing).count();
    let status = if firing > 0 { Status::Firing } else { Status::Resolved };
    let mut notice = Notice::new(NoticeKind::Fluoro, status, format!("digest/{target}/{}", now.0), now);
    let named = notices.iter().min_by_key(|notice| (notice.status, notice.severity));
    let first = named.map(|notice| notice.title.as_str()).unwrap_or_default();
    notice.title = match notices.len() - 1 {
        1 => format!("{first}, and 1 more"),
        more => format!("{first}, and {more} more"),
    };
    notice.summary = format!("One message of {firing} firing, {} resolved.", notices.len() - firing);
    notice.severity = notices.iter().map(|notice| notice.severity).min().unwrap_or(Severity::Info);
    notice.links.page = Some("/insights".to_owned());
    notice
}
