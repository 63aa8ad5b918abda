//! Dates as signatures have them: `20150830T123600Z`.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use model::Timestamp;

const FORMAT: &str = "%Y%m%dT%H%M%SZ";

pub(crate) fn parse(text: &str) -> Option<Timestamp> {
    // What parses dates also takes shorter ones and spaces.
    let is_digit = |(at, byte): (usize, u8)| byte.is_ascii_digit() || at == 8 || at == 15;
    if text.len() != 16 || !text.bytes().enumerate().all(is_digit) {
        return None;
    }
    let date = DateTime::strptime(FORMAT, text).ok()?;
    let instant = date.to_zoned(TimeZone::UTC).ok()?.timestamp();
    Some(Timestamp(instant.as_microsecond()))
}

/// An instant outside of what calendars have is shown as the Unix epoch; clocks give none.
pub(crate) fn format(instant: Timestamp) -> String {
    jiff::Timestamp::from_microsecond(instant.0).unwrap_or_default().strftime(FORMAT).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_written_as_it_was_read() {
        let instant = parse("20150830T123600Z").unwrap();
        assert_eq!((instant.floor_seconds(), format(instant).as_str()), (1_440_938_160, "20150830T123600Z"));
    }

    #[test]
    fn other_forms_are_no_dates() {
        for text in
            ["", "20150830", "2015-08-30T12:36", "20151330T123600Z", "20150830T123600+", "20150830T1236 0Z"]
        {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
