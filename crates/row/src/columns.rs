//! The three logical tables, every column named once for every backend.

/// One row an entity; the row of a document's outermost entity carries what is left of the document.
pub mod spans {
    pub const TABLE: &str = "spans";
    pub const TRACE_ID: &str = "trace_id";
    pub const SEQUENCE: &str = "sequence";
    pub const RECEIVED: &str = "received";
    /// A list: the entity's id, and that of its parent where it has one.
    pub const IDS: &str = "ids";
    pub const NAME: &str = "name";
    pub const KIND: &str = "kind";
    pub const ORIGIN: &str = "origin";
    pub const NAMESPACE: &str = "namespace";
    pub const START: &str = "start";
    /// Microseconds; null while in progress.
    pub const DURATION: &str = "duration";
    pub const ERROR: &str = "error";
    pub const THROTTLE: &str = "throttle";
    pub const FAULT: &str = "fault";
    pub const HTTP_METHOD: &str = "http_method";
    pub const HTTP_URL: &str = "http_url";
    pub const HTTP_STATUS: &str = "http_status";
    pub const USER: &str = "user";
    /// One a line.
    pub const ANNOTATION_KEYS: &str = "annotation_keys";
    /// A list, in the order of the keys.
    pub const ANNOTATION_VALUES: &str = "annotation_values";
    /// A list of what the template leaves out and no column has.
    pub const REST: &str = "rest";
    /// The received document with marks in place of what the columns hold; null on embedded subsegments.
    pub const TEMPLATE: &str = "template";
    /// The received document where it cannot be made again from its template; there is none then.
    pub const DOCUMENT: &str = "document";
}

/// One row a revision of a trace's digest; the highest revision counts.
pub mod traces {
    use model::property::{CauseKind, Failure, Flag, Number, Text};

    pub const TABLE: &str = "traces";
    pub const TRACE_ID: &str = "trace_id";
    pub const REVISION: &str = "revision";
    pub const START: &str = "start";
    pub const END: &str = "end";
    pub const LAST_RECEIVED: &str = "last_received";
    pub const RESPONSE_TIME: &str = "response_time";
    pub const SELF_TIME: &str = "self_time";
    pub const ERROR: &str = "error";
    pub const THROTTLE: &str = "throttle";
    pub const FAULT: &str = "fault";
    pub const PARTIAL: &str = "partial";
    pub const HTTP_METHOD: &str = "http_method";
    pub const HTTP_URL: &str = "http_url";
    pub const HTTP_STATUS: &str = "http_status";
    /// A list of names, aliases included.
    pub const SERVICES: &str = "services";
    /// Lists of names of nodes of which some request failed in this way, as the node or a caller saw it; aliases
    /// included.
    pub const ERROR_SERVICES: &str = "error_services";
    pub const THROTTLE_SERVICES: &str = "throttle_services";
    pub const FAULT_SERVICES: &str = "fault_services";
    /// Lists of names of the services on the ways to the root causes.
    pub const FAULT_CAUSES: &str = "fault_causes";
    pub const ERROR_CAUSES: &str = "error_causes";
    pub const RESPONSE_TIME_CAUSES: &str = "response_time_causes";
    pub const USERS: &str = "users";
    /// A list of pairs.
    pub const ANNOTATIONS: &str = "annotations";
    pub const KEY: &str = "key";
    pub const VALUE: &str = "value";
    /// What the other columns do not have of the digest.
    pub const DIGEST: &str = "digest";

    /// Those that decide what a search may ask for; none where the digest alone has it.
    pub fn of_flag(flag: Flag) -> &'static [&'static str] {
        match flag {
            Flag::Ok => &[ERROR, FAULT, THROTTLE],
            Flag::Error => &[ERROR],
            Flag::Throttle => &[THROTTLE],
            Flag::Fault => &[FAULT],
            Flag::Partial => &[PARTIAL],
            Flag::Inferred => &[],
        }
    }

    pub fn of_number(number: Number) -> &'static [&'static str] {
        match number {
            Number::ResponseTime => &[RESPONSE_TIME],
            Number::Duration => &[START, END],
            Number::SelfTime => &[SELF_TIME],
            Number::HttpStatus => &[HTTP_STATUS],
        }
    }

    pub fn of_text(text: Text) -> Option<&'static str> {
        match text {
            Text::HttpUrl => Some(HTTP_URL),
            Text::HttpMethod => Some(HTTP_METHOD),
            Text::User => Some(USERS),
            _ => None,
        }
    }

    pub fn of_cause(cause: CauseKind) -> &'static str {
        match cause {
            CauseKind::Fault => FAULT_CAUSES,
            CauseKind::Error => ERROR_CAUSES,
            CauseKind::ResponseTime => RESPONSE_TIME_CAUSES,
        }
    }

    pub fn of_failure(failure: Failure) -> &'static str {
        match failure {
            Failure::Error => ERROR_SERVICES,
            Failure::Throttle => THROTTLE_SERVICES,
            Failure::Fault => FAULT_SERVICES,
        }
    }
}

/// One row a (minute, group, node or edge) and flush; rows of the same key add up.
pub mod minutes {
    pub const TABLE: &str = "minutes";
    pub const MINUTE: &str = "minute";
    pub const GROUP: &str = "group";
    pub const NODE: &str = "node";
    pub const NODE_KIND: &str = "node_kind";
    pub const NODE_ACCOUNT: &str = "node_account";
    pub const TARGET: &str = "target";
    pub const TARGET_KIND: &str = "target_kind";
    pub const TARGET_ACCOUNT: &str = "target_account";
    /// The edge is a link between traces.
    pub const LINK: &str = "link";
    pub const OK: &str = "ok";
    pub const ERROR: &str = "error";
    pub const THROTTLE: &str = "throttle";
    pub const FAULT: &str = "fault";
    pub const RESPONSE_TIME_TOTAL: &str = "response_time_total";
    /// All sums of the row, sketches included.
    pub const STATS: &str = "stats";
}
