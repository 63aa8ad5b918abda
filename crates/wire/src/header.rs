//! The tracing header `X-Amzn-Trace-Id`.
