//! Where the program runs: what AWS's machines tell about themselves, for the segments' `origin` and `aws` block.

mod container;
mod ec2;

use std::fmt::Debug;
use std::fs;
use std::sync::mpsc;
use std::sync::{Arc, Weak};
use std::thread;
use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::cell::lock;
use crate::recorder::Core;

/// How long setting up waits; what comes later lands in later segments.
const WAIT: Duration = Duration::from_millis(300);
const BEANSTALK_FILE: &str = "/var/elasticbeanstalk/xray/environment.conf";

/// Which machines the program may run on. Each is asked once, when the recorder starts.
///
/// ```
/// use fluoro_sdk::{Plugins, Recorder};
///
/// let plugins = Plugins { ecs: true, ..Plugins::default() };
/// let builder = Recorder::builder().name("orders").plugins(plugins);
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Plugins {
    /// An instance of EC2: id, zone, type and image.
    pub ec2: bool,
    /// A task of ECS: container, its id and ARN, and its log group.
    pub ecs: bool,
    /// A pod of EKS.
    pub eks: bool,
    /// An environment of Elastic Beanstalk.
    pub elastic_beanstalk: bool,
}

impl Plugins {
    /// All of them: what is not there does not answer, and costs nothing later.
    pub fn detect() -> Self {
        Self { ec2: true, ecs: true, eks: true, elastic_beanstalk: true }
    }

    fn each(self) -> impl Iterator<Item = Place> {
        let all = [
            (self.elastic_beanstalk, Place::ElasticBeanstalk),
            (self.eks, Place::Eks),
            (self.ecs, Place::Ecs),
            (self.ec2, Place::Ec2),
        ];
        all.into_iter().filter(|(is_asked, _)| *is_asked).map(|(_, place)| place)
    }
}

/// In the order in which they name the origin: the most telling first, whichever order they answer in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Place {
    ElasticBeanstalk,
    Eks,
    Ecs,
    Ec2,
}

/// What a place tells.
#[derive(Debug, Default, Clone, PartialEq)]
pub(crate) struct Found {
    /// Members of the block that has the place's name.
    pub(crate) block: Map<String, Value>,
    /// Log group and, where it is known, its ARN.
    pub(crate) log_group: Option<(String, Option<String>)>,
}

impl Place {
    fn origin(self) -> &'static str {
        match self {
            Self::ElasticBeanstalk => "AWS::ElasticBeanstalk::Environment",
            Self::Eks => "AWS::EKS::Container",
            Self::Ecs => "AWS::ECS::Container",
            Self::Ec2 => "AWS::EC2::Instance",
        }
    }

    fn key(self) -> &'static str {
        match self {
            Self::ElasticBeanstalk => "elastic_beanstalk",
            Self::Eks => "eks",
            Self::Ecs => "ecs",
            Self::Ec2 => "ec2",
        }
    }

    fn ask(self, variable: &dyn Fn(&str) -> Option<String>) -> Option<Found> {
        match self {
            Self::ElasticBeanstalk => beanstalk(&fs::read_to_string(BEANSTALK_FILE).ok()?),
            Self::Eks => container::eks(variable),
            Self::Ecs => container::ecs(variable),
            Self::Ec2 => ec2::instance(variable),
        }
    }
}

fn beanstalk(text: &str) -> Option<Found> {
    let file: Value = serde_json::from_str(text).ok()?;
    let mut block = Map::new();
    for key in ["environment_name", "version_label", "deployment_id"] {
        block.insert(key.to_owned(), file.get(key)?.clone());
    }
    Some(Found { block, log_group: None })
}

/// Asks all places at once, and waits a little. What they tell goes into the facts of the recorder.
pub(crate) fn ask(plugins: Plugins, core: &Arc<Core>, variable: fn(&str) -> Option<String>) {
    let (done, all_done) = mpsc::channel::<()>();
    for place in plugins.each() {
        let (core, done): (Weak<Core>, _) = (Arc::downgrade(core), done.clone());
        let ask = move || {
            let found = place.ask(&variable);
            match (found, core.upgrade()) {
                (Some(found), Some(core)) => add(&core, place, found),
                _ => log::debug!(target: "fluoro_sdk", "{} does not answer", place.key()),
            }
            drop(done);
        };
        let started = thread::Builder::new().name("fluoro-sdk-plugin".to_owned()).spawn(ask);
        if let Err(error) = started {
            log::debug!(target: "fluoro_sdk", "cannot ask {}: {error}", place.key());
        }
    }
    drop(done);
    // It ends early, when the last of them has dropped its end.
    let _over = all_done.recv_timeout(WAIT);
}

fn add(core: &Core, place: Place, found: Found) {
    let mut known = lock(&core.found);
    known.push((place, found));
    known.sort_by_key(|(place, _)| *place);
    let (origin, aws) =
        (known.first().map(|(place, _)| place.origin()), members(&known, core.log_group.as_deref()));
    let mut facts = lock(&core.facts);
    let facts = Arc::make_mut(&mut facts);
    facts.origin = origin;
    facts.aws = aws;
}

/// Of the `aws` block, each with a comma before it.
pub(crate) fn members(known: &[(Place, Found)], own_group: Option<&str>) -> String {
    let mut members = String::new();
    for (place, found) in known {
        members += &format!(",\"{}\":{}", place.key(), Value::Object(found.block.clone()));
    }
    let mut groups: Vec<_> =
        known.iter().filter_map(|(_, found)| found.log_group.as_ref()).map(log_group).collect();
    groups.extend(own_group.map(|group| json!({"log_group": group})));
    if !groups.is_empty() {
        members += &format!(",\"cloudwatch_logs\":{}", Value::Array(groups));
    }
    members
}

fn log_group((group, arn): &(String, Option<String>)) -> Value {
    match arn {
        Some(arn) => json!({"log_group": group, "arn": arn}),
        None => json!({"log_group": group}),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_telling_names_the_origin_whatever_the_order() {
        let recorder =
            crate::Recorder::builder().memory().sample_all(true).environment(|_| None).build().unwrap();
        let core = recorder.core().unwrap();
        let found =
            |key: &str| Found { block: Map::from_iter([(key.to_owned(), json!("x"))]), log_group: None };
        let logs = ("group".to_owned(), None);
        add(core, Place::Ecs, Found { log_group: Some(logs), ..found("container") });
        add(core, Place::Ec2, found("instance_id"));
        let facts = lock(&core.facts).clone();
        assert_eq!(facts.origin, Some("AWS::ECS::Container"));
        assert_eq!(
            facts.aws,
            r#","ecs":{"container":"x"},"ec2":{"instance_id":"x"},"cloudwatch_logs":[{"log_group":"group"}]"#
        );
    }

    #[test]
    fn the_file_of_beanstalk_is_read_whole_or_not() {
        let file = r#"{"deployment_id": 32, "version_label": "app-5a56", "environment_name": "scorekeep", "other": 1}"#;
        let block = beanstalk(file).unwrap().block;
        assert_eq!(
            Value::Object(block),
            json!({"environment_name": "scorekeep", "version_label": "app-5a56", "deployment_id": 32})
        );
        assert_eq!(beanstalk(r#"{"deployment_id": 32}"#), None);
        assert_eq!(beanstalk("not JSON"), None);
    }
}
