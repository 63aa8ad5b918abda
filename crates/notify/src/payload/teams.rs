//! Teams' workflows: an Adaptive Card. Texts of strangers stand in text runs, which know no Markdown.
//! <https://adaptivecards.io/explorer/TextRun.html>

use serde_json::{Value, json};

use super::Message;

/// Links and lines that a card shows, so that it stays below Teams' 28 KB.
const MAX_LINKS: usize = 5;
const MAX_LINES: usize = 20;

pub fn body(message: &Message<'_>) -> Value {
    let color = match (message.state(), message.is_firing()) {
        ("Test" | "Message", _) => "Accent",
        (_, true) => "Attention",
        (_, false) => "Good",
    };
    let head = json!({"type": "TextRun", "text": format!("{}: ", message.state()), "weight": "Bolder", "color": color, "size": "Large"});
    let title = json!({"type": "TextRun", "text": message.title(), "weight": "Bolder", "size": "Large"});
    let mut body = vec![rich(&[head, title]), rich(&[run(&message.summary())])];
    let lines = message.more_lines();
    if lines.is_empty() {
        for (name, value) in message.facts() {
            let name = json!({"type": "TextRun", "text": format!("{name}: "), "weight": "Bolder"});
            body.push(rich(&[name, run(&value)]));
        }
    }
    body.extend(lines.iter().take(MAX_LINES).map(|line| rich(&[run(line)])));
    if lines.len() > MAX_LINES {
        body.push(rich(&[run(&format!("… and {} more", lines.len() - MAX_LINES))]));
    }
    let action =
        |(name, url): (&'static str, String)| json!({"type": "Action.OpenUrl", "title": name, "url": url});
    let actions: Vec<Value> = message.links().into_iter().take(MAX_LINKS).map(action).collect();
    json!({"type": "message", "attachments": [{
        "contentType": "application/vnd.microsoft.card.adaptive",
        "contentUrl": null,
        "content": {
            "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
            "type": "AdaptiveCard", "version": "1.4", "body": body, "actions": actions,
        },
    }]})
}

fn rich(inlines: &[Value]) -> Value {
    json!({"type": "RichTextBlock", "inlines": inlines})
}

fn run(text: &str) -> Value {
    json!({"type": "TextRun", "text": text})
}
