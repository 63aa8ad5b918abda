//! The one reduction of a trace to what is known without its documents.

use model::{Trace, TraceDigest};

/// Reduces a trace. Pure: the same documents give the same digest. Groups are left empty.
pub fn digest(_trace: &Trace<'_>) -> TraceDigest {
    todo!()
}
