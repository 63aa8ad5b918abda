//! Slack's incoming webhooks: blocks, with a text for where blocks are not shown.
//! <https://docs.slack.dev/reference/block-kit/blocks/>

use serde_json::{Value, json};

use super::Message;
use crate::text::{self, slack};

/// Of a header; a section may have 3,000, which bounded lines do not come to.
const MAX_HEADER: usize = 150;
/// A section's fields.
const MAX_FIELDS: usize = 10;
/// Lines of a digest that fit into a section.
const MAX_LINES: usize = 12;

pub fn body(message: &Message<'_>) -> Value {
    let head = format!("{}: {}", message.state(), message.title());
    let mut blocks = vec![
        json!({"type": "header", "text": {"type": "plain_text", "text": text::line(&head, MAX_HEADER - 1), "emoji": false}}),
        json!({"type": "section", "text": mrkdwn(&slack(&message.summary()))}),
    ];
    let lines = message.more_lines();
    if !lines.is_empty() {
        let shown: Vec<String> =
            lines.iter().take(MAX_LINES).map(|line| format!("• {}", slack(line))).collect();
        let rest = lines.len().saturating_sub(MAX_LINES);
        let rest = if rest > 0 { format!("\n… and {rest} more") } else { String::new() };
        blocks.push(json!({"type": "section", "text": mrkdwn(&format!("{}{rest}", shown.join("\n")))}));
    } else {
        let field = |(name, value): (&'static str, String)| mrkdwn(&format!("*{name}*\n{}", slack(&value)));
        let fields: Vec<Value> = message.facts().into_iter().take(MAX_FIELDS).map(field).collect();
        blocks.push(json!({"type": "section", "fields": fields}));
    }
    let links: Vec<String> =
        message.links().into_iter().map(|(name, url)| format!("<{}|{name}>", link(&url))).collect();
    if !links.is_empty() {
        blocks.push(json!({"type": "context", "elements": [mrkdwn(&links.join("  ·  "))]}));
    }
    json!({"text": slack(&text::line(&head, 300)), "blocks": blocks})
}

fn mrkdwn(text: &str) -> Value {
    // verbatim: a @name or a URL of a stranger stays text.
    json!({"type": "mrkdwn", "text": text, "verbatim": true})
}

/// What would end the link is percent-encoded.
fn link(url: &str) -> String {
    url.replace('&', "&amp;").replace('<', "%3C").replace('>', "%3E").replace('|', "%7C")
}
