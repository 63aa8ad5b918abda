//! Words on a terminal: colours where they are wanted, columns of a width, and nothing that a stranger could steer the
//! terminal with.

use std::io::IsTerminal;

use jiff::Timestamp as Moment;
use jiff::tz::TimeZone;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Text of a trace as it may be printed: escape sequences would move the cursor, set titles or fake lines, and marks of
/// direction would turn the text around. Each such character becomes a dot.
pub fn plain(text: &str) -> String {
    text.chars().map(|one| if is_harmless(one) { one } else { '·' }).collect()
}

fn is_harmless(one: char) -> bool {
    let turns = matches!(one, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    !one.is_control() && !turns
}

/// At most this many columns, with `…` where something was left out.
pub(crate) fn cut(text: &str, width: usize) -> String {
    let text = plain(text);
    if text.width() <= width {
        return text;
    }
    let mut kept = String::new();
    let mut used = 1;
    for one in text.chars() {
        used += one.width().unwrap_or(0);
        if used > width {
            break;
        }
        kept.push(one);
    }
    kept.push('…');
    kept
}

/// Exactly this many columns, cut or filled up.
pub(crate) fn column(text: &str, width: usize) -> String {
    let text = cut(text, width);
    let missing = width.saturating_sub(text.width());
    format!("{text}{}", " ".repeat(missing))
}

/// Of the terminal that is printed to; none where a file or another program reads.
pub(crate) fn width() -> Option<usize> {
    let size = std::io::stdout().is_terminal().then(ratatui::crossterm::terminal::size);
    size?.ok().map(|(columns, _)| usize::from(columns).max(60))
}

/// A length in milliseconds, with as many digits as say something.
pub(crate) fn duration(millis: f64) -> String {
    match millis {
        short if short < 0.995 => format!("{:.0} µs", short * 1_000.0),
        short if short < 9.95 => format!("{short:.1} ms"),
        short if short < 999.5 => format!("{short:.0} ms"),
        long if long < 99_500.0 => format!("{:.2} s", long / 1_000.0),
        long if long < 7_200_000.0 => format!("{:.0} min", long / 60_000.0),
        long => format!("{:.1} h", long / 3_600_000.0),
    }
}

/// The moment of these epoch milliseconds on the reader's clock, to the second.
pub(crate) fn clock(millis: f64) -> String {
    clock_in(millis, &TimeZone::system(), "%H:%M:%S")
}

/// With its day, for what may be days ago.
pub(crate) fn day_and_clock(millis: f64) -> String {
    clock_in(millis, &TimeZone::system(), "%Y-%m-%d %H:%M:%S")
}

fn clock_in(millis: f64, zone: &TimeZone, format: &str) -> String {
    match Moment::from_millisecond(millis as i64) {
        Ok(moment) => moment.to_zoned(zone.clone()).strftime(format).to_string(),
        Err(_) => "at no time".to_owned(),
    }
}

/// Colours, where they are wanted. No meaning is in a colour alone.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Paint {
    pub(crate) is_on: bool,
}

impl Paint {
    pub(crate) fn red(self, text: &str) -> String {
        self.wrap("31", text)
    }

    pub(crate) fn yellow(self, text: &str) -> String {
        self.wrap("33", text)
    }

    pub(crate) fn green(self, text: &str) -> String {
        self.wrap("32", text)
    }

    pub(crate) fn bold(self, text: &str) -> String {
        self.wrap("1", text)
    }

    pub(crate) fn dim(self, text: &str) -> String {
        self.wrap("2", text)
    }

    fn wrap(self, code: &str, text: &str) -> String {
        if self.is_on { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_steers_a_terminal_passes() {
        assert_eq!(plain("a\x1b[2Jb\u{9b}31m\r\nc\u{202e}d"), "a·[2Jb·31m··c·d");
        assert_eq!(plain("größe 测试"), "größe 测试");
    }

    #[test]
    fn columns_are_as_wide_as_they_look() {
        assert_eq!(column("abc", 5), "abc  ");
        assert_eq!(column("abcdef", 5), "abcd…");
        assert_eq!(column("测试测试", 5), "测试…");
        assert_eq!(cut("", 5), "");
    }

    #[test]
    fn lengths_have_three_digits_at_most() {
        for (millis, expected) in [
            (0.25, "250 µs"),
            (4.04, "4.0 ms"),
            (120.4, "120 ms"),
            (999.6, "1.00 s"),
            (65_000.0, "65.00 s"),
            (240_000.0, "4 min"),
            (9_000_000.0, "2.5 h"),
        ] {
            assert_eq!(duration(millis), expected);
        }
    }

    #[test]
    fn a_moment_is_told_by_the_clock_of_the_reader() {
        assert_eq!(clock_in(1_000_000_000_000.0, &TimeZone::UTC, "%Y-%m-%d %H:%M:%S"), "2001-09-09 01:46:40");
        assert_eq!(clock_in(f64::MAX, &TimeZone::UTC, "%H"), "at no time");
    }
}
