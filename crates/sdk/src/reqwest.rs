//! Calls of `reqwest`'s clients, through `reqwest_middleware`.

use http::Extensions;
use reqwest::{Request, Response};
use reqwest_middleware::{Middleware, Next, Result};

use crate::outgoing;
use crate::scope::InEntity;

/// Makes a subsegment of each call, and sends the trace along.
///
/// With a retrying middleware the order decides: after it, each attempt is a subsegment; before it, all of them are one.
///
/// ```
/// let client = reqwest_middleware::ClientBuilder::new(reqwest::Client::new())
///     .with(fluoro_sdk::reqwest::Calls::new())
///     .build();
/// ```
#[derive(Debug, Clone, Default)]
pub struct Calls {
    excluded: Vec<String>,
}

impl Calls {
    /// To any host.
    pub fn new() -> Self {
        Self::default()
    }

    /// Neither records calls to that host nor sends it the trace.
    pub fn exclude(mut self, host: impl Into<String>) -> Self {
        self.excluded.push(host.into());
        self
    }
}

#[async_trait::async_trait]
impl Middleware for Calls {
    async fn handle(
        &self,
        mut request: Request,
        extensions: &mut Extensions,
        next: Next<'_>,
    ) -> Result<Response> {
        let host = request.url().host_str().unwrap_or("localhost").to_owned();
        if self.excluded.contains(&host) {
            return next.run(request, extensions).await;
        }
        let url = request.url().clone();
        let clean = clean(&url);
        let method = request.method().clone();
        let Some(open) = outgoing::begin(method.as_str(), &host, clean.clone(), request.headers_mut()) else {
            return next.run(request, extensions).await;
        };
        let entity = open.entity();
        let call = async {
            let result = next.run(request, extensions).await;
            match &result {
                Ok(response) => outgoing::answered(&entity, response.status().as_u16(), response.headers()),
                Err(error) => {
                    outgoing::failed(&entity, "reqwest::Error", error, Some((url.as_str(), &clean)))
                }
            }
            result
        };
        let call: InEntity<_> = open.scope(call);
        call.await
    }
}

/// Neither query nor user, which may hold secrets.
fn clean(url: &reqwest::Url) -> String {
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{}://{}{port}{}", url.scheme(), url.host_str().unwrap_or("localhost"), url.path())
}
