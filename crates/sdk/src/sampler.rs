//! Which requests are recorded, where the caller has not decided.

pub(crate) mod central;
pub(crate) mod local;
pub(crate) mod poller;
pub(crate) mod reservoir;

use std::fmt::Debug;
use std::sync::Arc;

/// What the rules are asked with. What is not known matches anything.
#[derive(Debug, Clone, Copy, Default)]
pub struct SamplingRequest<'a> {
    /// The segment's; known by itself where a segment begins.
    pub name: Option<&'a str>,
    /// The `Host` of the request.
    pub host: Option<&'a str>,
    /// Such as `GET`.
    pub method: Option<&'a str>,
    /// The path without the query.
    pub path: Option<&'a str>,
    /// Such as `AWS::ECS::Container`; known by itself where a plugin tells.
    pub origin: Option<&'a str>,
}

/// Whether a request is recorded, and by which rule.
#[derive(Debug, Clone, Default)]
pub struct Decision {
    /// Whether it is recorded.
    pub sampled: bool,
    /// The rule's name, if rules of X-Ray decided.
    pub rule: Option<Arc<str>>,
}

/// Decides on requests that come without a decision. Asked on the request's thread: it must not wait.
///
/// ```
/// use fluoro_sdk::{Decision, Sampler, SamplingRequest};
///
/// /// All but what only reads.
/// #[derive(Debug)]
/// struct Writes;
///
/// impl Sampler for Writes {
///     fn decide(&self, request: &SamplingRequest<'_>) -> Decision {
///         Decision { sampled: request.method != Some("GET"), rule: None }
///     }
/// }
///
/// let builder = fluoro_sdk::Recorder::builder().name("orders").sampler(Writes);
/// ```
pub trait Sampler: Debug + Send + Sync {
    /// Decides on one request.
    fn decide(&self, request: &SamplingRequest<'_>) -> Decision;
}

impl<S: Sampler + ?Sized> Sampler for Arc<S> {
    fn decide(&self, request: &SamplingRequest<'_>) -> Decision {
        (**self).decide(request)
    }
}

/// Records all, or nothing.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Always(pub(crate) bool);

impl Sampler for Always {
    fn decide(&self, _: &SamplingRequest<'_>) -> Decision {
        Decision { sampled: self.0, rule: None }
    }
}

impl SamplingRequest<'_> {
    pub(crate) fn for_rules(&self) -> sampling::Request<'_> {
        sampling::Request {
            service_name: self.name,
            service_type: self.origin,
            host: self.host,
            http_method: self.method,
            url_path: self.path,
            ..sampling::Request::default()
        }
    }
}
