//! gRPC's side of the door, by tonic: framing, statuses and trailers of the one method that there is.
//!
//! Bodies are read and unpacked by whoever bounds their memory, so what comes here is a whole message that is not packed.

pub mod call;

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Buf, BufMut, Bytes, BytesMut};
use http_body_util::Full;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::metadata::{MetadataMap, MetadataValue};
use tonic::server::{Grpc, UnaryService};
use tonic::{Code, Request, Response, Status};

use crate::response;

/// The method `Export` of OTLP's service for traces.
pub const EXPORT: &str = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
/// Of Kubernetes' probes, among others.
pub const HEALTH: &str = "/grpc.health.v1.Health/Check";
/// Others that senders of OTLP ask for.
pub const EXPORT_METRICS: &str = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export";
pub const EXPORT_LOGS: &str = "/opentelemetry.proto.collector.logs.v1.LogsService/Export";

/// Packings that messages may have.
pub const ENCODINGS: &str = "gzip,zstd,deflate,identity";
/// Of a message: whether it is packed, and its length in four bytes.
pub const PREFIX_BYTES: usize = 5;

/// Why a call fails, with what a client makes of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// The message is none, which no retry mends.
    Invalid(String),
    /// It is larger than is taken. Without a time to come back conforming clients give it up.
    TooLarge(String),
    /// Come back in so many seconds.
    Unavailable {
        message: String,
        seconds: u32,
    },
    Unauthenticated(String),
    PermissionDenied(String),
    Unimplemented(String),
    /// There is no such method.
    NotFound(String),
}

impl From<Failure> for Status {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Invalid(message) => Self::new(Code::InvalidArgument, message),
            Failure::TooLarge(message) => Self::new(Code::ResourceExhausted, message),
            Failure::Unauthenticated(message) => Self::new(Code::Unauthenticated, message),
            Failure::PermissionDenied(message) => Self::new(Code::PermissionDenied, message),
            Failure::Unimplemented(message) | Failure::NotFound(message) => {
                Self::new(Code::Unimplemented, message)
            }
            Failure::Unavailable { message, seconds } => {
                let details = response::status_with_retry(Code::Unavailable as i32, &message, seconds);
                // Python reads it here and nowhere else.
                let mut metadata = MetadataMap::new();
                let info = MetadataValue::from_bytes(&response::retry_info(seconds));
                metadata.insert_bin("google.rpc.retryinfo-bin", info);
                Self::with_details_and_metadata(Code::Unavailable, message, details.into(), metadata)
            }
        }
    }
}

/// Answers a call that got no further.
pub fn failed<B: Default>(failure: Failure) -> http::Response<B> {
    let may_be_encoding = matches!(failure, Failure::Unimplemented(_));
    let mut answer = Status::from(failure).into_http();
    if may_be_encoding {
        let encodings = http::HeaderValue::from_static(ENCODINGS);
        answer.headers_mut().insert("grpc-accept-encoding", encodings);
    }
    answer
}

/// Answers a call whose framed body is `body`: `work` is given the message and gives the answer's.
pub async fn answer<W, F>(
    mut head: http::request::Parts,
    body: Bytes,
    limit: usize,
    work: W,
) -> http::Response<tonic::body::Body>
where
    W: FnOnce(Bytes) -> F + Send + 'static,
    F: Future<Output = Result<Bytes, Failure>> + Send + 'static,
{
    // How the message was packed on its way. Tonic would refuse a call that names it, since tonic unpacks nothing here.
    head.headers.remove("grpc-encoding");
    let request = http::Request::from_parts(head, Full::new(body));
    Grpc::new(Raw).max_decoding_message_size(limit).unary(Method(Some(work)), request).await
}

/// The message of a framed body and whether it is packed; an error where it is not one whole message.
pub fn unframe(body: &Bytes) -> Result<(bool, Bytes), Failure> {
    let invalid = || Failure::Invalid("the body is not one message of gRPC".to_owned());
    let (prefix, message) = body.split_at_checked(PREFIX_BYTES).ok_or_else(invalid)?;
    let (flag, length) = prefix.split_first().ok_or_else(invalid)?;
    let length = length.try_into().map(u32::from_be_bytes).map_err(|_| invalid())?;
    if message.len() as u64 != u64::from(length) || *flag > 1 {
        return Err(invalid());
    }
    Ok((*flag == 1, body.slice(PREFIX_BYTES..)))
}

/// A message that is not packed, with its prefix.
pub fn frame(plain: &[u8]) -> Bytes {
    message(plain, false)
}

/// A message with its prefix, which says whether it is packed.
pub fn message(message: &[u8], is_packed: bool) -> Bytes {
    let mut framed = BytesMut::with_capacity(PREFIX_BYTES + message.len());
    framed.put_u8(is_packed.into());
    framed.put_u32(u32::try_from(message.len()).unwrap_or(u32::MAX));
    framed.put_slice(message);
    framed.freeze()
}

struct Method<W>(Option<W>);

impl<W, F> UnaryService<Bytes> for Method<W>
where
    W: FnOnce(Bytes) -> F,
    F: Future<Output = Result<Bytes, Failure>> + Send + 'static,
{
    type Response = Bytes;
    type Future = Answer;

    fn call(&mut self, request: Request<Bytes>) -> Self::Future {
        let Some(work) = self.0.take() else {
            return Answer(Box::pin(async { Err(Status::internal("a call is answered once")) }));
        };
        let work = work(request.into_inner());
        Answer(Box::pin(async move { work.await.map(Response::new).map_err(Status::from) }))
    }
}

struct Answer(Pin<Box<dyn Future<Output = Result<Response<Bytes>, Status>> + Send>>);

impl Future for Answer {
    type Output = Result<Response<Bytes>, Status>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(context)
    }
}

/// Messages as their bytes: our own decoder reads them.
struct Raw;

impl Codec for Raw {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, item: Bytes, out: &mut EncodeBuf<'_>) -> Result<(), Status> {
        out.put(item);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, message: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(message.copy_to_bytes(message.remaining())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whoever reads a body unpacks it, and the headers say still how it came.
    #[tokio::test]
    async fn a_call_is_answered_however_its_message_was_packed() {
        for encoding in ENCODINGS.split(',') {
            let request = http::Request::post(EXPORT).header("grpc-encoding", encoding).body(()).unwrap();
            let (head, ()) = request.into_parts();
            let answer = answer(head, frame(b"abc"), 3, |message| async move {
                assert_eq!(message, "abc");
                Ok(message)
            });
            let answer = http_body_util::BodyExt::collect(answer.await.into_body()).await.unwrap();
            assert_eq!(answer.trailers().unwrap()["grpc-status"], "0", "{encoding}");
            assert_eq!(answer.to_bytes(), frame(b"abc"));
        }
    }
}
