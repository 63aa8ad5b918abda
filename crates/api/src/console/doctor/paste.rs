//! Reads what somebody pasted: an id in X-Ray's or W3C's form, alone or in a header, a log line or a URL.

use ingest::refusals::trace_id_in;
use model::TraceId;

/// Digits of an id without its `1-` and dashes.
const DIGITS: usize = 32;

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Paste {
    /// The id, or what is wrong with it in a sentence.
    pub(super) id: Result<TraceId, String>,
    /// What the header around it says of sampling.
    pub(super) sampled: Option<bool>,
}

pub(super) fn read(text: &str) -> Paste {
    let id = trace_id_in(text.as_bytes()).or_else(|| bare(text)).ok_or_else(|| wrong(text.trim()));
    Paste { id, sampled: sampled(text) }
}

/// 32 digits without anything around them that could belong to them.
fn bare(text: &str) -> Option<TraceId> {
    let mut words = text.split(|letter: char| !letter.is_ascii_alphanumeric());
    words.find(|word| word.len() == DIGITS).and_then(|word| word.parse().ok())
}

/// `Sampled=1` of X-Ray's header, or the flags of `traceparent`.
fn sampled(text: &str) -> Option<bool> {
    if let Some((_, after)) = text.split_once("Sampled=") {
        return match after.as_bytes().first() {
            Some(b'1') => Some(true),
            Some(b'0') => Some(false),
            _ => None,
        };
    }
    let mut words = text.split(|letter: char| letter.is_whitespace() || letter == '"' || letter == ':');
    let flags = words.find_map(|word| {
        let parts: Vec<&str> = word.split('-').collect();
        match parts[..] {
            [version, id, parent, flags] => {
                let lengths = [version.len(), id.len(), parent.len(), flags.len()];
                (lengths == [2, DIGITS, 16, 2]).then(|| u8::from_str_radix(flags, 16).ok())?
            }
            _ => None,
        }
    })?;
    Some(flags & 1 == 1)
}

/// Says what keeps it from being an id, where it looks like one.
fn wrong(text: &str) -> String {
    const FORM: &str =
        "A trace id is 1, eight hex digits and 24 hex digits, such as 1-58406520-a006649127e371903a2de979";
    if text.is_empty() {
        return format!("Nothing was given. {FORM}.");
    }
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || letter == '-';
    let words = text.split(|letter: char| !is_part(letter));
    let longest = words.max_by_key(|word| word.len()).unwrap_or_default();
    let parts: Vec<&str> = longest.split('-').collect();
    if let Some(letter) = longest.chars().find(|letter| !letter.is_ascii_hexdigit() && *letter != '-')
        && longest.len() >= DIGITS / 2
    {
        return format!("{letter:?} is no hex digit. {FORM}.");
    }
    match parts[..] {
        ["1", time, random] => format!(
            "It has {} and {} digits where a trace id has 8 and 24. Was it cut when it was copied? {FORM}.",
            time.len(),
            random.len()
        ),
        [digits] if digits.len() == 16 => {
            format!("These 16 digits are the id of a segment; the id of its trace is longer. {FORM}.")
        }
        [digits] if digits.len() > 8 => format!("It has {} digits and not {DIGITS}. {FORM}.", digits.len()),
        _ => format!("There is no trace id in it. {FORM}, or 32 hex digits."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "1-58406520-a006649127e371903a2de979";

    #[test]
    fn ids_are_found_in_what_people_paste() {
        let check = |text: &str, sampled: Option<bool>| {
            let id = ID.parse().unwrap();
            assert_eq!(read(text), Paste { id: Ok(id), sampled }, "{text}");
        };
        check(ID, None);
        check(&format!(" {} \n", ID.to_uppercase()), None);
        check("58406520a006649127e371903a2de979", None);
        check(&format!("X-Amzn-Trace-Id: Root={ID};Parent=53995c3f42cd8ad8;Sampled=0"), Some(false));
        check(&format!("Root={ID};Sampled=?"), None);
        check("traceparent: 00-58406520a006649127e371903a2de979-53995c3f42cd8ad8-01", Some(true));
        check("00-58406520a006649127e371903a2de979-53995c3f42cd8ad8-00", Some(false));
        check(&format!("https://eu-west-1.console.aws.amazon.com/xray/home#/traces/{ID}"), None);
    }

    #[test]
    fn what_is_no_id_is_told_why() {
        let check = |text: &str, words: &str| {
            let said = read(text).id.unwrap_err();
            assert!(said.contains(words), "{text}: {said}");
        };
        check("", "Nothing was given");
        check("1-58406520-a006649127e371903a2de97", "8 and 23 digits");
        check("53995c3f42cd8ad8", "id of a segment");
        check("1-58406520-a006649127e371903a2de97g", "'g' is no hex digit");
        check("58406520a006649127e371903a2de9799", "33 digits");
        check("checkout", "no trace id in it");
        check("\u{1f41b}", "no trace id in it");
    }
}
