//! Every constraint that botocore's model has on an input, broken one at a time, and met with no room to spare.

use serde_json::{Map, Value, json};

use crate::aws_model::{operations, shape};
use crate::support::Server;

/// Required members that X-Ray does without (docs/xray.md 3.6), and one that it refuses in other words.
const TOLERATED: [&str; 6] = [
    "SamplingStatisticsDocuments[].RequestCount",
    "SamplingStatisticsDocuments[].SampledCount",
    "SamplingBoostStatisticsDocuments[].AnomalyCount",
    "SamplingBoostStatisticsDocuments[].TotalCount",
    "SamplingBoostStatisticsDocuments[].SampledAnomalyCount",
    "SamplingStrategy",
];

/// Lists that may be longer here than the model says; how long is tested where they are.
const LONGER: [&str; 2] = ["SamplingStatisticsDocuments", "SamplingBoostStatisticsDocuments"];

/// An input with one fault.
#[derive(Debug)]
struct Fault {
    what: String,
    input: Value,
    expected: &'static str,
}

const VIOLATION: &str = "ValidationException";
const WRONG_TYPE: &str = "SerializationException";

fn bound(definition: &Value, name: &str) -> Option<u64> {
    definition[name].as_u64()
}

/// A value with every member, each within its bounds.
fn sample(name: &str) -> Value {
    let definition = shape(name);
    match definition["type"].as_str().unwrap() {
        "structure" => {
            let members = definition["members"].as_object().unwrap().iter();
            Value::Object(
                members
                    .map(|(name, member)| (name.clone(), sample(member["shape"].as_str().unwrap())))
                    .collect(),
            )
        }
        "list" => json!([sample(definition["member"]["shape"].as_str().unwrap())]),
        "map" => json!({ "key": sample(definition["value"]["shape"].as_str().unwrap()) }),
        "string" => match definition["enum"][0].as_str() {
            Some(word) => json!(word),
            None if name == "InsightId" => json!("11111111-2222-4333-8444-555555555555"),
            None => json!("x".repeat(bound(definition, "min").unwrap_or(1).max(1) as usize)),
        },
        "boolean" => json!(true),
        "integer" | "long" => json!(bound(definition, "min").unwrap_or(1)),
        "double" => json!(bound(definition, "min").unwrap_or(1)),
        "timestamp" => json!(1_700_000_000),
        other => panic!("{name}: {other}"),
    }
}

/// What breaks a value of the shape: the broken values.
fn broken(name: &str) -> Vec<(&'static str, Value, &'static str)> {
    let definition = shape(name);
    let mut broken = Vec::new();
    let mut add = |what, value: Value, expected| broken.push((what, value, expected));
    let (min, max) = (bound(definition, "min"), bound(definition, "max"));
    match definition["type"].as_str().unwrap() {
        "structure" => add("no structure", json!(5), WRONG_TYPE),
        "map" => {
            add("no map", json!(5), WRONG_TYPE);
            let many: Map<String, Value> =
                (0..=max.unwrap()).map(|key| (format!("k{key}"), json!("v"))).collect();
            add("too many", Value::Object(many), VIOLATION);
        }
        "list" => {
            add("no list", json!(5), WRONG_TYPE);
            if let Some(max) = max {
                let item = sample(definition["member"]["shape"].as_str().unwrap());
                add("too many", json!(vec![item; max as usize + 1]), VIOLATION);
            }
        }
        "string" => {
            add("no string", json!(5), WRONG_TYPE);
            if definition.get("enum").is_some() {
                add("no such word", json!("no such word"), VIOLATION);
            }
            if definition.get("pattern").is_some() {
                add("no match", json!("a b"), VIOLATION);
            }
            if min.is_some_and(|min| min > 0) {
                add("too short", json!(""), VIOLATION);
            }
            if let Some(max) = max {
                add("too long", json!("x".repeat(max as usize + 1)), VIOLATION);
            }
        }
        "integer" | "double" => {
            add("no number", json!("five"), WRONG_TYPE);
            if let Some(min) = min {
                add("too small", json!(min as i64 - 1), VIOLATION);
            }
            if let Some(max) = max {
                add("too large", json!(max + 1), VIOLATION);
            }
        }
        "boolean" => add("no boolean", json!("true"), WRONG_TYPE),
        "timestamp" => add("no time", json!(true), WRONG_TYPE),
        other => panic!("{name}: {other}"),
    }
    broken
}

/// The last values within the bounds of a shape.
fn extreme(name: &str) -> Vec<(&'static str, Value, &'static str)> {
    let definition = shape(name);
    let mut extreme = Vec::new();
    let mut add = |what, value: Value| extreme.push((what, value, FINE));
    let (min, max) = (bound(definition, "min"), bound(definition, "max"));
    match definition["type"].as_str().unwrap() {
        "string" if definition.get("enum").is_some() => {
            for word in definition["enum"].as_array().unwrap() {
                add("a word", word.clone());
            }
        }
        // Its pattern leaves one length alone.
        "string" if name == "InsightId" => {}
        "string" => {
            for (what, length) in [("shortest", min), ("longest", max)] {
                if let Some(length) = length {
                    add(what, json!("x".repeat(length as usize)));
                }
            }
        }
        "integer" | "double" => {
            for (what, number) in [("smallest", min), ("largest", max)] {
                if let Some(number) = number {
                    add(what, json!(number));
                }
            }
        }
        "list" => {
            let item = sample(definition["member"]["shape"].as_str().unwrap());
            for (what, length) in [("shortest", min), ("longest", max)] {
                if let Some(length) = length {
                    add(what, json!(vec![item.clone(); length as usize]));
                }
            }
        }
        "map" => {
            let value = sample(definition["value"]["shape"].as_str().unwrap());
            let most = (0..max.unwrap()).map(|key| (format!("k{key}"), value.clone())).collect();
            add("longest", Value::Object(most));
        }
        "structure" | "boolean" | "timestamp" | "long" => {}
        other => panic!("{name}: {other}"),
    }
    extreme
}

/// Members that an operation refuses at a bound of the model in its own words, or that decide on others: a name beside
/// an ARN, say. What is refused as violating the model is wrong even so.
const FINE: &str = "anything but a violation";

type Change = fn(&str) -> Vec<(&'static str, Value, &'static str)>;

/// Every change of a value, put back into the whole input by `whole`.
fn changes(
    change: Change,
    name: &str,
    value: &Value,
    at: &str,
    whole: &dyn Fn(Value) -> Value,
    found: &mut Vec<Fault>,
) {
    let definition = shape(name);
    for (what, value, expected) in change(name) {
        // The input itself is read before anything else.
        if !at.is_empty() {
            found.push(Fault { what: format!("{at}: {what}"), input: whole(value), expected });
        }
    }
    match definition["type"].as_str().unwrap() {
        "structure" => {
            for member in definition["required"].as_array().map(Vec::as_slice).unwrap_or_default() {
                let member = member.as_str().unwrap();
                let mut without = value.as_object().unwrap().clone();
                without.shift_remove(member);
                let input = whole(Value::Object(without));
                found.push(Fault { what: format!("{at}.{member}: missing"), input, expected: VIOLATION });
            }
            for (member, of) in definition["members"].as_object().unwrap() {
                let put_back = |inner: Value| {
                    let mut with = value.clone();
                    with[member] = inner;
                    whole(with)
                };
                let at = format!("{at}.{member}");
                changes(change, of["shape"].as_str().unwrap(), &value[member], &at, &put_back, found);
            }
        }
        "list" => {
            let put_back = |inner: Value| whole(json!([inner]));
            let member = definition["member"]["shape"].as_str().unwrap();
            changes(change, member, &value[0], &format!("{at}[]"), &put_back, found);
        }
        _ => {}
    }
}

#[tokio::test]
async fn every_constraint_of_the_model_holds() {
    let server = Server::start();
    let mut checked = 0;
    let mut wrong = Vec::new();
    for operation in operations() {
        let name = operation["name"].as_str().unwrap();
        let (path, input) = (&operation["http"]["requestUri"], operation["input"]["shape"].as_str().unwrap());
        let mut found = Vec::new();
        changes(broken, input, &sample(input), "", &|whole| whole, &mut found);
        for fault in found {
            let is_tolerated =
                TOLERATED.iter().any(|tolerated| fault.what == format!(".{tolerated}: missing"));
            if is_tolerated || LONGER.iter().any(|longer| fault.what == format!(".{longer}: too many")) {
                continue;
            }
            let answer = server.post(path.as_str().unwrap(), fault.input.to_string()).await;
            checked += 1;
            let said = answer.headers.get("x-amzn-errortype").map(|name| name.to_str().unwrap().to_owned());
            if said.as_deref() != Some(fault.expected) {
                wrong.push(format!("{name}{}: {said:?} {}", fault.what, answer.text()));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {checked}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(checked > 300, "{checked}");
}

#[tokio::test]
async fn what_meets_every_constraint_of_the_model_violates_none() {
    let server = Server::start();
    let mut checked = 0;
    let mut wrong = Vec::new();
    for operation in operations() {
        let name = operation["name"].as_str().unwrap();
        let (path, input) = (&operation["http"]["requestUri"], operation["input"]["shape"].as_str().unwrap());
        let mut found = vec![Fault { what: ": sample".to_owned(), input: sample(input), expected: FINE }];
        changes(extreme, input, &sample(input), "", &|whole| whole, &mut found);
        for fault in found.into_iter().filter(|fault| fault.expected == FINE) {
            let answer = server.post(path.as_str().unwrap(), fault.input.to_string()).await;
            checked += 1;
            let said = answer.headers.get("x-amzn-errortype").map(|name| name.to_str().unwrap().to_owned());
            let refused = ["ValidationException", "SerializationException", "InternalFailure"];
            if said.as_deref().is_some_and(|said| refused.contains(&said)) {
                wrong.push(format!("{name}{}: {}", fault.what, answer.text()));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {checked}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(checked > 100, "{checked}");
}
