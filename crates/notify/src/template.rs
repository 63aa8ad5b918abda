//! Bodies of the user's own, in the language of Jinja: bounded, without files, and tried before they are kept.

use std::io;

use minijinja::{Environment, UndefinedBehavior};
use serde_json::Value;

use crate::notifier::NotifierError;
use crate::{payload, sample};

/// Steps of a template; one that loops ends.
const FUEL: u64 = 50_000;
/// Of what a template makes.
const MAX_OUTPUT_BYTES: usize = 32 * 1024;

/// What a template makes of a message. Texts are escaped for the content type: in JSON each value is a JSON literal.
pub(crate) fn render(source: &str, content_type: &str, message: &Value) -> Result<String, NotifierError> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(FUEL));
    let failed = |error: minijinja::Error| NotifierError(format!("template: {error}"));
    let template = environment.template_from_named_str(name(content_type), source).map_err(failed)?;
    let mut output = Bounded::default();
    template.render_captured_to(minijinja::value::Serde(message), &mut output).map_err(|error| {
        match output_is_full(&error) {
            true => NotifierError(format!("template: it makes more than {MAX_OUTPUT_BYTES} bytes")),
            false => failed(error),
        }
    })?;
    String::from_utf8(output.0).map_err(|_| NotifierError("template: it makes no text".to_owned()))
}

/// Tries a template with a sample of each kind of message, so that a wrong one is known when it is written.
pub(crate) fn check(source: &str, content_type: &str) -> Result<(), NotifierError> {
    if http::HeaderValue::from_str(content_type).is_err() {
        return Err(NotifierError("content_type: it is no value of a header".to_owned()));
    }
    for notice in sample::all() {
        let message = payload::webhook::body(&payload::Message::sample(&notice));
        render(source, content_type, &message)?;
    }
    Ok(())
}

/// By the end of its name a template knows how to escape.
fn name(content_type: &str) -> &'static str {
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match essence.as_str() {
        json if json.ends_with("json") => "template.json",
        "text/html" | "application/xhtml+xml" => "template.html",
        "application/xml" | "text/xml" => "template.xml",
        _ => "template.txt",
    }
}

#[derive(Debug, Default)]
struct Bounded(Vec<u8>);

impl io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > MAX_OUTPUT_BYTES {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn output_is_full(error: &minijinja::Error) -> bool {
    error.kind() == minijinja::ErrorKind::WriteFailure
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed(source: &str, content_type: &str, expected: &str) {
        let error = check(source, content_type).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }

    #[test]
    fn values_are_literals_of_json_so_nobody_leaves_their_place() {
        let message = serde_json::json!({"summary": "a\",\"admin\":true,\"x\":\"<script>"});
        let made = render(r#"{"text": {{ summary }}}"#, "application/json; charset=utf-8", &message).unwrap();
        let read: Value = serde_json::from_str(&made).unwrap();
        assert_eq!(read, serde_json::json!({"text": message["summary"]}));
        let made = render("<p>{{ summary }}</p>", "text/html", &message).unwrap();
        assert!(made.contains("&lt;script&gt;"), "{made}");
    }

    #[test]
    fn a_wrong_template_is_known_when_it_is_written() {
        check(r#"{"t": {{ title }}, "v": {{ app_version }}, "s": {{ status }}}"#, "application/json")
            .unwrap();
        failed("{{ titel }}", "text/plain", "undefined");
        failed("{{ title", "text/plain", "template:");
        failed(
            "{% for a in range(10000) %}{% for b in range(10000) %}{% endfor %}{% endfor %}",
            "text/plain",
            "fuel",
        );
        failed("{% for a in range(9000) %}{{ 'xxxxx' }}{% endfor %}", "text/plain", "more than 32768 bytes");
        failed("{% include '/etc/passwd' %}", "text/plain", "template:");
        failed("x", "text/plain\r\nX: y", "content_type");
    }
}
