//! What every door does with a document before it is kept: bytes that are no UTF-8 are mended, and times that cannot be
//! are refused.
//!
//! `decode` alone is for documents that are kept already, which a door has looked at.

use bytes::Bytes;
use model::segment::DocumentKind;
use model::{Entity, SegmentDocument, Timestamp};

use crate::document::decode;
use crate::limits::MAX_DOCUMENT_BYTES;
use crate::reject::{Reject, RejectCode, RejectSubject};

/// A document that may be kept.
#[derive(Debug, Clone, PartialEq)]
pub struct Received {
    pub document: SegmentDocument,
    /// It held bytes that are no UTF-8, such as Latin-1. Each place has U+FFFD now, as where AWS's daemon had passed it on.
    pub was_mended: bool,
}

/// The year 9999 begins, the last that clients' calendars have. Any time of today in milliseconds, taken for seconds, is later.
const LAST: Timestamp = Timestamp(253_370_764_800_000_000);
/// 2000 and 2100: what a time in another unit is guessed by.
const PLAUSIBLE: std::ops::Range<i64> = 946_684_800_000_000..4_102_444_800_000_000;

/// Takes one document from a sender.
pub fn receive(raw: Bytes) -> Result<Received, Reject> {
    // What is too large is refused by `decode`, whatever its bytes are.
    let was_mended = raw.len() <= MAX_DOCUMENT_BYTES && str::from_utf8(&raw).is_err();
    let raw = if was_mended { Bytes::from(String::from_utf8_lossy(&raw).into_owned()) } else { raw };
    let document = decode(raw)?;
    check_times(&document)?;
    Ok(Received { document, was_mended })
}

fn check_times(document: &SegmentDocument) -> Result<(), Reject> {
    let mut fault = None;
    find_fault(&document.entity, "", &mut fault);
    let Some((detail, is_embedded)) = fault else { return Ok(()) };
    let subject = match document.kind {
        DocumentKind::Segment if !is_embedded => RejectSubject::Segment,
        _ => RejectSubject::Subsegment,
    };
    Err(Reject {
        id: Some(document.entity.id.to_string()),
        trace_id: Some(document.trace_id.to_string()),
        code: RejectCode::InvalidSegment,
        subject,
        detail,
    })
}

/// The first time that cannot be, parents before children, and whether an embedded subsegment has it.
fn find_fault(entity: &Entity, place: &str, fault: &mut Option<(String, bool)>) {
    let times = [("start_time", Some(entity.start)), ("end_time", entity.end)];
    for (member, time) in times {
        let problem = time.and_then(problem);
        if let (Some(problem), None) = (problem, &fault) {
            *fault = Some((format!("{place}the {member} {problem}"), !place.is_empty()));
        }
    }
    for (number, child) in entity.subsegments.iter().enumerate() {
        if fault.is_some() {
            return;
        }
        let within = place.trim_end_matches(": ");
        let dot = if within.is_empty() { "" } else { "." };
        find_fault(child, &format!("{within}{dot}subsegments[{number}]: "), fault);
    }
}

/// What is wrong with a time, and what it may have been meant to be.
fn problem(time: Timestamp) -> Option<String> {
    const UNIT: &str = "times are seconds since 1970, with a fraction";
    if time.0 < 0 {
        return Some(format!("lies before 1970; {UNIT}"));
    }
    if time < LAST {
        return None;
    }
    let guess = match time {
        _ if PLAUSIBLE.contains(&(time.0 / 1_000)) => "; is it in milliseconds?",
        Timestamp::MAX => "; is it in microseconds or nanoseconds?",
        _ => "",
    };
    Some(format!("lies after the year 9998; {UNIT}{guess}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const IDS: &str = r#""id":"70de5b6f19ff9a0a","trace_id":"1-581cf771-a006649127e371903a2de979""#;

    fn document(rest: &str) -> Bytes {
        Bytes::from(format!("{{\"name\":\"shop\",{IDS},{rest}}}"))
    }

    #[test]
    fn bytes_of_another_encoding_are_marked_wherever_they_stand() {
        let text = |raw: &[u8]| {
            let received = receive(Bytes::copy_from_slice(raw)).unwrap();
            assert!(received.was_mended);
            String::from_utf8(received.document.raw.to_vec()).unwrap()
        };
        let with = |before: &str, after: &str| [before.as_bytes(), b"\xfc", after.as_bytes()].concat();
        let times = "\"start_time\":1,\"end_time\":2";
        let annotated = with(
            &format!("{{\"name\":\"shop\",{IDS},{times},\"annotations\":{{\"n\":1,\"city\":\"M"),
            "nchen\"}}",
        );
        assert!(text(&annotated).contains("M\u{fffd}nchen"));
        let named = with("{\"name\":\"M", &format!("nchen\",{IDS},{times}}}"));
        assert!(text(&named).contains("M\u{fffd}nchen"));
        let keyed = with(&format!("{{\"name\":\"shop\",{IDS},{times},\"metadata\":{{\"d"), "\":{}}}");
        assert!(text(&keyed).contains("d\u{fffd}"));
        assert!(!receive(document(times)).unwrap().was_mended);
        let in_id = with("{\"name\":\"shop\",\"id\":\"70de5b6f19ff9a0", &format!("\",{times}}}"));
        assert_eq!(receive(in_id.into()).unwrap_err().code, RejectCode::InvalidId);
        let bare = [b"\xfc".as_slice(), &document(times)].concat();
        assert_eq!(receive(bare.into()).unwrap_err().code, RejectCode::ParseError);
    }

    #[test]
    fn what_is_mended_stays_within_the_bound() {
        let filler = vec![0xfc; MAX_DOCUMENT_BYTES / 2];
        let raw = [b"{\"name\":\"".as_slice(), &filler, b"\"}"].concat();
        assert_eq!(receive(raw.into()).unwrap_err().code, RejectCode::InvalidSegment);
    }

    #[test]
    fn times_in_another_unit_are_refused_with_a_guess() {
        let check = |rest: &str, expected: &str| {
            let reject = receive(document(rest)).unwrap_err();
            assert_eq!(reject.code, RejectCode::InvalidSegment);
            assert!(reject.detail.contains(expected), "{}", reject.detail);
            assert!(reject.message().contains(expected), "the sender sees it: {}", reject.message());
            reject
        };
        check(
            r#""start_time":1795888000000,"end_time":1795888001000"#,
            "the start_time lies after the year 9998",
        );
        check(r#""start_time":1795888000000,"in_progress":true"#, "milliseconds?");
        check(r#""start_time":1795888000000000,"end_time":1795888001000000"#, "microseconds or nanoseconds?");
        check(r#""start_time":1795888000000000000,"in_progress":true"#, "microseconds or nanoseconds?");
        check(r#""start_time":1795888000.5,"end_time":1795888001000"#, "the end_time");
        check(r#""start_time":-5,"end_time":1"#, "before 1970");
        check(r#""start_time":1e999,"end_time":1"#, "nanoseconds?");
        let child = r#"{"id":"70de5b6f19ff9a0b","name":"a","start_time":2,"end_time":1795888000000}"#;
        let holder = r#"{"id":"70de5b6f19ff9a0c","name":"a","start_time":2,"end_time":3"#;
        let reject = check(
            &format!(r#""start_time":1,"end_time":2,"subsegments":[{holder},"subsegments":[{child}]}}]"#),
            "subsegments[0].subsegments[0]: the end_time",
        );
        assert_eq!(reject.subject, RejectSubject::Subsegment);
    }

    #[test]
    fn any_second_of_the_calendar_is_taken() {
        for (start, end) in [("0", "0"), ("1", "253370764799"), ("1795888000.25", "1795887000")] {
            assert!(receive(document(&format!("\"start_time\":{start},\"end_time\":{end}"))).is_ok());
        }
    }
}
