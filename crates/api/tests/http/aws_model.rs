//! botocore's model of X-Ray's API, as the judge of names and types in every answer.

use std::sync::LazyLock;

use serde_json::Value;

static MODEL: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("../data/xray-model.json")).unwrap());

/// Members that X-Ray sends and the model does not name.
const UNDOCUMENTED: [&str; 6] =
    ["Region", "HostedIn", "KeyAttributes", "CompositeConfiguration", "MatchedService", "MatchedEdge"];

/// Panics where an operation's output has a member that the model does not know, a value of another type, or
/// lacks a member: X-Ray writes absent ones as nulls.
pub(crate) fn check_output(path: &str, output: &Value) {
    let operation = operations().find(|operation| operation["http"]["requestUri"] == path).unwrap();
    let shape = operation["output"]["shape"].as_str().unwrap();
    check(shape, output, shape);
}

pub(crate) fn operations() -> impl Iterator<Item = &'static Value> {
    MODEL["operations"].as_object().unwrap().values()
}

/// What the model says of a shape.
pub(crate) fn shape(name: &str) -> &'static Value {
    &MODEL["shapes"][name]
}

fn check(shape: &str, value: &Value, at: &str) {
    let definition = &MODEL["shapes"][shape];
    let fits = match definition["type"].as_str().unwrap() {
        _ if value.is_null() => true,
        "structure" => return check_members(definition, value, at),
        "list" => {
            let member = definition["member"]["shape"].as_str().unwrap();
            let items = value.as_array().unwrap_or_else(|| panic!("{at} is no list: {value}"));
            return items.iter().for_each(|item| check(member, item, at));
        }
        "map" => {
            let of = definition["value"]["shape"].as_str().unwrap();
            let members = value.as_object().unwrap_or_else(|| panic!("{at} is no map: {value}"));
            return members.iter().for_each(|(key, member)| check(of, member, &format!("{at}.{key}")));
        }
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" | "long" => value.is_i64(),
        "double" | "float" | "timestamp" => value.is_number(),
        other => panic!("{at}: type {other}"),
    };
    assert!(fits, "{at} must be a {}: {value}", definition["type"]);
    if let (Some(words), Some(word)) = (definition["enum"].as_array(), value.as_str()) {
        assert!(words.iter().any(|known| known == word), "{at}: {word} is not one of {words:?}");
    }
}

fn check_members(definition: &Value, value: &Value, at: &str) {
    let known = definition["members"].as_object().unwrap();
    let given = value.as_object().unwrap_or_else(|| panic!("{at} is no structure: {value}"));
    for (name, member) in given {
        match known.get(name) {
            Some(shape) => check(shape["shape"].as_str().unwrap(), member, &format!("{at}.{name}")),
            None => assert!(UNDOCUMENTED.contains(&name.as_str()), "{at} has no member {name}"),
        }
    }
    // X-Ray's own answers leave these two out of an empty forecast, and the root causes' other half.
    let may_lack = ["FaultCountHigh", "FaultCountLow"];
    for name in known.keys().filter(|name| !may_lack.contains(&name.as_str())) {
        assert!(given.contains_key(name), "{at} lacks {name}");
    }
}
