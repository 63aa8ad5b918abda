//! What a digest adds to the minutes, and the difference that a revision makes.

use model::TraceDigest;
use model::minute::MinuteRow;

/// Everything that this digest adds, one row per key.
pub fn contribution(_digest: &TraceDigest) -> Vec<MinuteRow> {
    todo!()
}

/// What must be added to the minutes when `new` takes the place of `old`, so that no request is ever
/// counted twice. Rows that change nothing are left out.
pub fn difference(_old: Option<&TraceDigest>, _new: &TraceDigest) -> Vec<MinuteRow> {
    todo!()
}
