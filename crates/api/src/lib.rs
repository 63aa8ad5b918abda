//! X-Ray's API and the console's own, over HTTP. The only place that knows HTTP and status codes.

pub mod console;
