//! One POST over a connection of its own: messages are few, and a kept connection would be to an address checked long ago.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;

use super::{Answer, Fate, MAX_ANSWER_BYTES, SendError, Sender, place, shown};
use crate::address;
use crate::notifier::{NotifierError, parse_url};
use crate::payload::HttpMessage;

/// What a receiver asks to be left alone for is heeded up to this.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(3_600);

impl Sender {
    pub(super) async fn exchange(&self, message: &HttpMessage) -> Result<Answer, SendError> {
        let uri = parse_url(&message.url).map_err(|NotifierError(text)| SendError::Wrong(text))?;
        let (host, port) = place(&uri)?;
        let request = request(message, &uri)?;
        let (stream, address) = self.connect(host, port).await?;
        let answer = if uri.scheme_str() == Some("https") {
            let name = ServerName::try_from(host.to_owned())
                .map_err(|_| SendError::Wrong(format!("{host} is no name that a certificate can have")))?;
            let connector = TlsConnector::from(Arc::clone(&self.tls));
            let stream = connector.connect(name, stream).await;
            over(stream.map_err(|error| SendError::Unreached(format!("TLS with {host}: {error}")))?, request)
                .await
        } else {
            over(stream, request).await
        };
        answer.map(|answer| Answer { is_private: address::is_private(address), ..answer })
    }
}

fn request(message: &HttpMessage, uri: &http::Uri) -> Result<Request<Full<Bytes>>, SendError> {
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let host = uri.authority().map_or("", |authority| authority.as_str());
    let mut request = Request::post(path)
        .header(header::HOST, host)
        .header(header::USER_AGENT, concat!("Fluoro/", env!("CARGO_PKG_VERSION")));
    for (name, value) in &message.headers {
        request = request.header(name, value);
    }
    let body = Full::new(Bytes::from(message.body.clone()));
    // The error would name a header's value, which may be a secret.
    request.body(body).map_err(|_| SendError::Wrong("a header has a value that none can have".to_owned()))
}

async fn over<S>(stream: S, request: Request<Full<Bytes>>) -> Result<Answer, SendError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let failed = |error: hyper::Error| SendError::Unreached(error.to_string());
    let (mut client, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(failed)?;
    // Ends with the client, whose drop closes it.
    let running = tokio::spawn(connection);
    let response = client.send_request(request).await.map_err(failed)?;
    let (head, body) = response.into_parts();
    let text = beginning(body).await;
    running.abort();
    let fate = fate(head.status, head.headers.get(header::RETRY_AFTER));
    let mut text = shown(&text);
    if head.status.is_redirection() {
        text = "it redirects, and redirects are not followed; give the URL that it leads to".to_owned();
    }
    Ok(Answer { fate, status: Some(head.status.as_u16()), text, took: Duration::ZERO, is_private: true })
}

/// As much of a body as is looked at; a body that breaks off has been answered all the same.
async fn beginning(mut body: Incoming) -> Vec<u8> {
    let mut text = Vec::new();
    while text.len() < MAX_ANSWER_BYTES {
        match body.frame().await {
            Some(Ok(frame)) => text.extend_from_slice(frame.data_ref().map_or(&[][..], |data| &data[..])),
            _ => break,
        }
    }
    text.truncate(MAX_ANSWER_BYTES);
    text
}

fn fate(status: StatusCode, retry_after: Option<&http::HeaderValue>) -> Fate {
    let seconds = retry_after.and_then(|value| value.to_str().ok()?.trim().parse().ok());
    let retry_after = seconds.map(|seconds| Duration::from_secs(seconds).min(MAX_RETRY_AFTER));
    match status.as_u16() {
        200..=299 => Fate::Delivered,
        408 | 409 | 425 | 429 | 500.. => Fate::Failed { retry_after },
        _ => Fate::Refused,
    }
}
