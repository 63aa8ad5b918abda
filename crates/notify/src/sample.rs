//! Messages that say nothing true: for the test of a notifier, and to try templates and payloads with.

use alert::Notice;
use alert::notice::{Impact, Kind, Links, Root, Severity, Status};
use model::{Micros, Timestamp};
use serde_json::json;

/// 2027-01-15T08:00:00Z.
pub(crate) const WHEN: Timestamp = Timestamp(1_800_000_000_000_000);

/// What *send a test* sends; marked as such.
pub fn test_notice(now: Timestamp) -> Notice {
    let mut notice = Notice::new(Kind::Test, Status::Firing, format!("test/{}", now.0), now);
    "Test of this notifier".clone_into(&mut notice.title);
    "This is a test from Fluoro. Nothing is wrong; messages will look like this one."
        .clone_into(&mut notice.summary);
    notice.severity = Severity::Info;
    notice.links.page = Some("/notifiers".to_owned());
    notice.documents.message = json!(notice.summary);
    notice
}

/// An insight, an alarm, and their ends.
pub(crate) fn all() -> [Notice; 4] {
    [insight(Status::Firing), insight(Status::Resolved), alarm(Status::Firing), alarm(Status::Resolved)]
}

pub(crate) fn insight(status: Status) -> Notice {
    let mut notice = Notice::new(Kind::Insight, status, "insight/0190163d-8694-5ae0-9ec9-38eb5ad0e1c2", WHEN);
    notice.title = match status {
        Status::Firing => "payments fails".to_owned(),
        Status::Resolved => "payments recovered".to_owned(),
    };
    "payments (AWS::DynamoDB::Table) began failing at 08:00 UTC: 88% of 50 requests fault, usually 0.3%."
        .clone_into(&mut notice.summary);
    notice.severity = Severity::Critical;
    notice.group = Some("Default".to_owned());
    let node_type = Some("AWS::DynamoDB::Table".to_owned());
    notice.root = Some(Root { name: "payments".to_owned(), node_type });
    notice.exception = Some("ConnectionRefused: connect ECONNREFUSED 10.0.0.7:5432".to_owned());
    notice.version = Some("2.4.1".to_owned());
    notice.impact = Impact { requests: Some(1_001), failing: Some(31), users: Some(12) };
    notice.until = (status == Status::Resolved).then(|| WHEN.plus(Micros::from_secs(600)));
    notice.links = Links {
        page: Some("/insights/0190163d-8694-5ae0-9ec9-38eb5ad0e1c2".to_owned()),
        map: Some("/map?start=1799999700&end=1800000000".to_owned()),
        traces: vec!["/traces/1-6b49d200-0123456789abcdef01234567".to_owned()],
    };
    notice.documents.event = json!({
        "detail-type": "AWS X-Ray Insight Update", "source": "aws.xray", "resources": ["arn:aws:xray:us-east-1:000000000000:group/Default"],
        "detail": {"State": if status == Status::Firing { "ACTIVE" } else { "CLOSED" }},
    });
    notice
}

pub(crate) fn alarm(status: Status) -> Notice {
    let mut notice = Notice::new(Kind::Alarm, status, "alarm/checkout faults", WHEN);
    let word = if status == Status::Firing { "ALARM" } else { "OK" };
    notice.title = format!("{word}: \"checkout faults\" in us-east-1");
    "Threshold Crossed: 1 datapoint [0.2 (15/01/27 08:00:00)] was greater than the threshold (0.05)."
        .clone_into(&mut notice.summary);
    notice.severity = Severity::Error;
    notice.until = (status == Status::Resolved).then(|| WHEN.plus(Micros::from_secs(600)));
    notice.links.page = Some("/alarms/checkout%20faults".to_owned());
    notice.documents.message = json!({"AlarmName": "checkout faults", "NewStateValue": word});
    notice.documents.event = json!({"detail-type": "CloudWatch Alarm State Change", "source": "aws.cloudwatch", "detail": {"alarmName": "checkout faults"}});
    notice
}
