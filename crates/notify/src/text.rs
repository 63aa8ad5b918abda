//! Text of strangers, made fit for one line of a message: bounded, without controls, escaped for where it goes.
//!
//! Exceptions, URLs and names come out of telemetry, which anybody may have sent.

/// Of the name of a service, a group, a version.
pub(crate) const NAME: usize = 200;
/// Of what an exception says, of a sentence.
pub(crate) const SENTENCE: usize = 500;

/// One line of at most `most` characters. Controls become spaces, and signs that turn the direction of writing go, since
/// they make a text look like another.
pub(crate) fn line(text: &str, most: usize) -> String {
    let mut cleaned = String::new();
    let mut length = 0;
    for letter in text.chars() {
        let letter = match letter {
            '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}' => {
                continue;
            }
            letter if letter.is_control() || letter.is_whitespace() => ' ',
            letter => letter,
        };
        if letter == ' ' && (cleaned.is_empty() || cleaned.ends_with(' ')) {
            continue;
        }
        if length == most {
            cleaned.truncate(cleaned.trim_end().len());
            cleaned.push('…');
            return cleaned;
        }
        cleaned.push(letter);
        length += 1;
    }
    cleaned.truncate(cleaned.trim_end().len());
    cleaned
}

pub(crate) fn html(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// Slack's three, which also keeps `<!channel>` and links of strangers from being any.
/// <https://docs.slack.dev/messaging/formatting-message-text/#escaping>
pub(crate) fn slack(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_no_controls_no_turned_writing_and_an_end() {
        let check =
            |text: &str, most: usize, expected: &str| assert_eq!(line(text, most), expected, "{text:?}");
        check("a\r\nBcc: evil@example.com", 100, "a Bcc: evil@example.com");
        check("\u{0}\u{7f}  x \t y\u{1b}[31m ", 100, "x y [31m");
        check("abc\u{202e}cba\u{200b}", 100, "abccba");
        check("äöü", 3, "äöü");
        check("äöüß", 3, "äöü…");
        check("ab cd", 3, "ab…");
        check("", 3, "");
    }

    #[test]
    fn markup_is_text() {
        assert_eq!(html("<script>'\"&"), "&lt;script&gt;&#39;&quot;&amp;");
        assert_eq!(slack("<!channel> & <http://evil|x>"), "&lt;!channel&gt; &amp; &lt;http://evil|x&gt;");
    }
}
