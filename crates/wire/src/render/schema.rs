//! The types of the members that X-Ray knows, and what of an entity does not fit them.
//!
//! X-Ray leaves out of a document what is not of its schema's type, so readers may have types as well: Grafana's data source
//! and every Go program give up on a status that is a text. What no row here names is no member of X-Ray's and stays.
//! <https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html>

use crate::json::{Json, Members};

/// What a member may be.
enum Shape {
    Text,
    Number,
    /// A whole number; one that is written as `200.0` becomes `200`.
    Whole,
    Boolean,
    Scalar,
    Any,
    Object(&'static [(&'static str, Shape)]),
    /// An object whose members are all of one shape.
    Map(&'static Shape),
    List(&'static Shape),
    /// The id of an exception, or an object.
    Cause,
}

use Shape::{Any, Boolean, Cause, List, Map, Number, Object, Scalar, Text, Whole};

const ENTITY: &[(&str, Shape)] = &[
    ("id", Text),
    ("name", Text),
    ("trace_id", Text),
    ("parent_id", Text),
    ("type", Text),
    ("start_time", Number),
    ("end_time", Number),
    ("in_progress", Boolean),
    ("inferred", Boolean),
    ("traced", Boolean),
    ("error", Boolean),
    ("throttle", Boolean),
    ("fault", Boolean),
    ("namespace", Text),
    ("origin", Text),
    ("resource_arn", Text),
    ("user", Text),
    ("service", Object(SERVICE)),
    ("http", Object(HTTP)),
    ("aws", Object(AWS)),
    ("sql", Object(SQL)),
    ("cause", Cause),
    ("annotations", Map(&Scalar)),
    ("metadata", Map(&Any)),
    ("precursor_ids", List(&Text)),
    ("links", List(&Object(LINK))),
];

const SERVICE: &[(&str, Shape)] = &[
    ("version", Text),
    ("runtime", Text),
    ("runtime_version", Text),
    ("compiler", Text),
    ("compiler_version", Text),
];

const HTTP: &[(&str, Shape)] = &[("request", Object(REQUEST)), ("response", Object(RESPONSE))];

const REQUEST: &[(&str, Shape)] = &[
    ("method", Text),
    ("url", Text),
    ("user_agent", Text),
    ("client_ip", Text),
    ("x_forwarded_for", Boolean),
    ("traced", Boolean),
];

const RESPONSE: &[(&str, Shape)] = &[("status", Whole), ("content_length", Whole)];

const AWS: &[(&str, Shape)] = &[
    ("account_id", Text),
    ("region", Text),
    ("operation", Text),
    ("request_id", Text),
    ("id_2", Text),
    ("retries", Whole),
    ("queue_url", Text),
    ("table_name", Text),
    ("bucket_name", Text),
    ("topic_arn", Text),
    ("function_name", Text),
    ("function_arn", Text),
    ("ec2", Map(&Text)),
    ("ecs", Map(&Text)),
    ("eks", Map(&Text)),
    ("elastic_beanstalk", Object(BEANSTALK)),
    ("cloudwatch_logs", List(&Object(LOGS))),
    ("xray", Object(XRAY)),
    ("tracing", Object(TRACING)),
];

const BEANSTALK: &[(&str, Shape)] =
    &[("environment_name", Text), ("version_label", Text), ("deployment_id", Whole)];

const LOGS: &[(&str, Shape)] = &[("log_group", Text), ("arn", Text)];

const XRAY: &[(&str, Shape)] = &[
    ("sdk", Text),
    ("sdk_version", Text),
    ("package", Text),
    ("auto_instrumentation", Boolean),
    ("sampling_rule_name", Text),
    ("rule_name", Text),
];

const TRACING: &[(&str, Shape)] = &[("sdk", Text)];

const SQL: &[(&str, Shape)] = &[
    ("connection_string", Text),
    ("url", Text),
    ("sanitized_query", Text),
    ("database_type", Text),
    ("database_version", Text),
    ("driver_version", Text),
    ("user", Text),
    ("preparation", Text),
];

const CAUSE: &[(&str, Shape)] = &[
    ("working_directory", Text),
    ("paths", List(&Text)),
    ("exceptions", List(&Object(EXCEPTION))),
    ("message", Text),
    ("id", Text),
];

const EXCEPTION: &[(&str, Shape)] = &[
    ("id", Text),
    ("message", Text),
    ("type", Text),
    ("remote", Boolean),
    ("truncated", Whole),
    ("skipped", Whole),
    ("cause", Text),
    ("stack", List(&Object(FRAME))),
];

const FRAME: &[(&str, Shape)] = &[("path", Text), ("line", Whole), ("label", Text)];

const LINK: &[(&str, Shape)] = &[("trace_id", Text), ("id", Text), ("attributes", Map(&Any))];

/// Takes away what is not of its type, at any depth.
pub(super) fn keep_what_fits(entity: &mut Members) {
    keep_members(entity, ENTITY);
}

fn keep_members(object: &mut Members, known: &[(&str, Shape)]) {
    object.retain(|key, value| match known.iter().find(|(name, _)| name == key) {
        Some((_, shape)) => fits(value, shape),
        None => true,
    });
}

/// Whether the value may stay, after what may not stay within it is gone.
fn fits(value: &mut Json, shape: &Shape) -> bool {
    match (shape, value) {
        // Nothing is of any type to readers, but where they look into an object, or for a value.
        (Any, _)
        | (Text | Number | Whole | Boolean, Json::Null)
        | (Text, Json::Text(_))
        | (Number, Json::Number(_))
        | (Boolean, Json::Boolean(_))
        | (Scalar, Json::Text(_) | Json::Number(_) | Json::Boolean(_))
        | (Cause, Json::Text(_)) => true,
        (Whole, Json::Number(digits)) => whole(digits).map(|whole| *digits = whole).is_some(),
        (Cause, Json::Object(cause)) => {
            keep_members(cause, CAUSE);
            true
        }
        (Object(known), Json::Object(object)) => {
            keep_members(object, known);
            true
        }
        (Map(shape), Json::Object(object)) => {
            object.retain(|_, value| fits(value, shape));
            true
        }
        (List(shape), Json::Array(elements)) => {
            elements.retain_mut(|element| fits(element, shape));
            true
        }
        _ => false,
    }
}

/// The digits of a whole number of 64 bits, however it is written.
fn whole(digits: &str) -> Option<Box<str>> {
    if digits.parse::<i64>().is_ok() {
        return Some(digits.into());
    }
    let number: f64 = digits.parse().ok()?;
    // Beyond, a double no longer holds every whole number.
    let is_whole = number.fract() == 0.0 && number.abs() <= (1_u64 << f64::MANTISSA_DIGITS) as f64;
    is_whole.then(|| (number as i64).to_string().into())
}
