//! Trees as the XML of AWS's query protocol.

use std::fmt::Write;

use model::Timestamp;

use super::tree::Tree;

/// What an operation answers; none has a result where the tree is null.
pub(super) fn answer(operation: &str, namespace: &str, result: &Tree, request_id: &str) -> String {
    let mut text = format!("<{operation}Response xmlns=\"{namespace}\">");
    if *result != Tree::Null {
        element(&mut text, &format!("{operation}Result"), result);
    }
    text.push_str("<ResponseMetadata>");
    element(&mut text, "RequestId", &request_id.into());
    text.push_str("</ResponseMetadata>");
    close(&mut text, &format!("{operation}Response"));
    text
}

/// An error, and whether the sender is to blame.
pub(super) fn error(namespace: &str, code: &str, message: &str, by_sender: bool, request_id: &str) -> String {
    let kind = if by_sender { "Sender" } else { "Receiver" };
    let error = Tree::object([("Type", kind.into()), ("Code", code.into()), ("Message", message.into())]);
    let mut text = format!("<ErrorResponse xmlns=\"{namespace}\">");
    element(&mut text, "Error", &error);
    element(&mut text, "RequestId", &request_id.into());
    close(&mut text, "ErrorResponse");
    text
}

fn element(text: &mut String, name: &str, tree: &Tree) {
    text.push('<');
    text.push_str(name);
    text.push('>');
    content(text, tree);
    close(text, name);
}

fn close(text: &mut String, name: &str) {
    text.push_str("</");
    text.push_str(name);
    text.push('>');
}

fn content(text: &mut String, tree: &Tree) {
    // Writing to a text cannot fail.
    let _ = match tree {
        Tree::Null => Ok(()),
        Tree::Flag(flag) => write!(text, "{flag}"),
        Tree::Whole(whole) => write!(text, "{whole}"),
        Tree::Number(number) => write!(text, "{number:?}"),
        Tree::Text(plain) => {
            escape(text, plain);
            Ok(())
        }
        Tree::Instant(instant) => write!(text, "{}", iso(*instant)),
        Tree::List(items) => {
            items.iter().for_each(|item| element(text, "member", item));
            Ok(())
        }
        Tree::Object(members) => {
            members.iter().for_each(|(name, member)| element(text, name, member));
            Ok(())
        }
        Tree::Map(values) => {
            for (key, value) in values {
                let entry = Tree::object([("key", key.into()), ("value", value.clone())]);
                element(text, "entry", &entry);
            }
            Ok(())
        }
    };
}

/// Characters that XML 1.0 cannot carry at all become question marks.
fn escape(text: &mut String, plain: &str) {
    for letter in plain.chars() {
        match letter {
            '&' => text.push_str("&amp;"),
            '<' => text.push_str("&lt;"),
            '>' => text.push_str("&gt;"),
            '"' => text.push_str("&quot;"),
            '\r' => text.push_str("&#xD;"),
            '\n' | '\t' => text.push(letter),
            '\u{fffe}' | '\u{ffff}' => text.push('?'),
            letter if letter < ' ' => text.push('?'),
            letter => text.push(letter),
        }
    }
}

/// `2023-10-26T16:42:00.000Z`
fn iso(at: Timestamp) -> String {
    let instant = jiff::Timestamp::from_microsecond(at.0).unwrap_or_default();
    instant.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_escaped_and_lists_have_members() {
        let result = Tree::object([
            ("Name", "<a & \"b\">\u{1}".into()),
            ("At", Timestamp::from_seconds(1_698_338_520.0).into()),
            ("Actions", Tree::list(["x"])),
            ("None", Tree::List(Vec::new())),
            ("Threshold", 2.0.into()),
        ]);
        insta::assert_snapshot!(answer("Op", "urn:x", &result, "id"), @r#"<OpResponse xmlns="urn:x"><OpResult><Name>&lt;a &amp; &quot;b&quot;&gt;?</Name><At>2023-10-26T16:42:00.000Z</At><Actions><member>x</member></Actions><None></None><Threshold>2.0</Threshold></OpResult><ResponseMetadata><RequestId>id</RequestId></ResponseMetadata></OpResponse>"#);
        insta::assert_snapshot!(answer("Op", "urn:x", &Tree::Null, "id"), @r#"<OpResponse xmlns="urn:x"><ResponseMetadata><RequestId>id</RequestId></ResponseMetadata></OpResponse>"#);
    }
}
