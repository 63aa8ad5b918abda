//! One line of the audit log.

use std::fmt;
use std::net::IpAddr;

use model::Timestamp;
use serde_json::json;

/// Characters of a text that comes from outside.
const LONGEST: usize = 200;

#[derive(Debug, Clone, Copy)]
pub(super) enum Outcome {
    Ok,
    /// Whoever asked may not, or did not show who it is.
    Refused,
    Failed,
}

#[derive(Debug)]
pub(super) struct Line<'a> {
    pub(super) time: Timestamp,
    /// The key's id and name; none where nobody asks, or nobody knows.
    pub(super) who: Option<(&'a str, &'a str)>,
    /// None of a command on this machine.
    pub(super) from: Option<IpAddr>,
    pub(super) what: &'a str,
    pub(super) on: &'a str,
    pub(super) outcome: Outcome,
    pub(super) why: Option<&'a str>,
    pub(super) request_id: Option<&'a str>,
}

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = jiff::Timestamp::from_microsecond(self.time.0).ok();
        let outcome = match self.outcome {
            Outcome::Ok => "ok",
            Outcome::Refused => "refused",
            Outcome::Failed => "failed",
        };
        let line = json!({
            "time": time.unwrap_or_default().to_string(),
            "key": self.who.map(|(key, _)| cut(key)).filter(|key| !key.is_empty()),
            "name": self.who.map(|(_, name)| cut(name)),
            "from": self.from.map(|from| from.to_string()),
            "what": cut(self.what),
            "on": cut(self.on),
            "outcome": outcome,
            "why": self.why,
            "request": self.request_id,
        });
        writeln!(f, "{line}")
    }
}

/// The beginning of a text, without what would steer a terminal or turn its writing round.
pub(super) fn cut(text: &str) -> String {
    let is_odd = |letter: char| {
        letter.is_control()
            || matches!(letter, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let letters =
        text.chars().map(|letter| if is_odd(letter) { char::REPLACEMENT_CHARACTER } else { letter });
    let mut cut: String = letters.take(LONGEST).collect();
    if text.chars().nth(LONGEST).is_some() {
        cut.push('…');
    }
    cut
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stranger_cannot_break_a_line_or_steer_a_terminal() {
        let odd = "a\"\n{\"x\":1}\r\u{1b}[2J\u{9b}31m\u{202e}\u{0}";
        let line = Line {
            time: Timestamp::from_seconds(1_700_000_040.5),
            who: Some(("FLUO1", odd)),
            from: Some(IpAddr::from([192, 0, 2, 1])),
            what: odd,
            on: &"x".repeat(1_000),
            outcome: Outcome::Refused,
            why: Some("denied"),
            request_id: Some("1-2"),
        };
        let text = line.to_string();
        assert_eq!((text.matches('\n').count(), text.ends_with('\n')), (1, true));
        assert!(!text.trim_end().contains(char::is_control) && !text.contains('\u{202e}'), "{text:?}");
        let read: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(read["time"], "2023-11-14T22:14:00.5Z");
        assert_eq!(read["on"].as_str().unwrap().chars().count(), LONGEST + 1);
        assert_eq!(read["what"], "a\"\u{fffd}{\"x\":1}\u{fffd}\u{fffd}[2J\u{fffd}31m\u{fffd}\u{fffd}");
    }
}
