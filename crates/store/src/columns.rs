//! The three logical tables, every column named once for every backend.

/// One row an entity; the row of a document's outermost entity carries the document.
pub mod spans {
    pub const TABLE: &str = "spans";
    pub const TRACE_ID: &str = "trace_id";
    pub const SEQUENCE: &str = "sequence";
    pub const RECEIVED: &str = "received";
    pub const ID: &str = "id";
    pub const PARENT_ID: &str = "parent_id";
    pub const NAME: &str = "name";
    pub const KIND: &str = "kind";
    pub const ORIGIN: &str = "origin";
    pub const NAMESPACE: &str = "namespace";
    pub const START: &str = "start";
    pub const END: &str = "end";
    pub const ERROR: &str = "error";
    pub const THROTTLE: &str = "throttle";
    pub const FAULT: &str = "fault";
    pub const HTTP_METHOD: &str = "http_method";
    pub const HTTP_URL: &str = "http_url";
    pub const HTTP_STATUS: &str = "http_status";
    pub const USER: &str = "user";
    /// A list of `key=value`.
    pub const ANNOTATIONS: &str = "annotations";
    /// The received document; null on embedded subsegments.
    pub const DOCUMENT: &str = "document";
}

/// One row a revision of a trace's digest; the highest revision counts.
pub mod traces {
    pub const TABLE: &str = "traces";
    pub const TRACE_ID: &str = "trace_id";
    pub const REVISION: &str = "revision";
    pub const START: &str = "start";
    pub const END: &str = "end";
    pub const LAST_RECEIVED: &str = "last_received";
    pub const RESPONSE_TIME: &str = "response_time";
    pub const ERROR: &str = "error";
    pub const THROTTLE: &str = "throttle";
    pub const FAULT: &str = "fault";
    pub const PARTIAL: &str = "partial";
    pub const HTTP_METHOD: &str = "http_method";
    pub const HTTP_URL: &str = "http_url";
    pub const HTTP_STATUS: &str = "http_status";
    /// A list of names, aliases included.
    pub const SERVICES: &str = "services";
    pub const USERS: &str = "users";
    /// A list of `key=value`.
    pub const ANNOTATIONS: &str = "annotations";
    /// The whole digest, as JSON.
    pub const DIGEST: &str = "digest";
}

/// One row a (minute, group, node or edge) and flush; rows of the same key add up.
pub mod minutes {
    pub const TABLE: &str = "minutes";
    pub const MINUTE: &str = "minute";
    pub const GROUP: &str = "group";
    pub const NODE: &str = "node";
    pub const NODE_KIND: &str = "node_kind";
    pub const TARGET: &str = "target";
    pub const TARGET_KIND: &str = "target_kind";
    pub const OK: &str = "ok";
    pub const ERROR: &str = "error";
    pub const THROTTLE: &str = "throttle";
    pub const FAULT: &str = "fault";
    pub const RESPONSE_TIME_TOTAL: &str = "response_time_total";
    /// The whole row, as JSON.
    pub const ROW: &str = "row";
}
