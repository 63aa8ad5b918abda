//! The names of the members of X-Ray's documents that more than the decoder knows.

pub const TRACE_ID: &str = "trace_id";
pub const ID: &str = "id";
pub const PARENT_ID: &str = "parent_id";
pub const NAME: &str = "name";
pub const START_TIME: &str = "start_time";
pub const END_TIME: &str = "end_time";
pub const ORIGIN: &str = "origin";
pub const NAMESPACE: &str = "namespace";
pub const USER: &str = "user";
pub const ANNOTATIONS: &str = "annotations";
pub const SUBSEGMENTS: &str = "subsegments";
pub const HTTP: &str = "http";

/// Of `http`.
pub const REQUEST: &str = "request";
pub const RESPONSE: &str = "response";

/// Of its request and its response.
pub const METHOD: &str = "method";
pub const URL: &str = "url";
pub const STATUS: &str = "status";
