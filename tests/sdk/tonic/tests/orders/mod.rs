//! A server whose messages are texts, written by hand so that nothing is generated.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Buf as _, BufMut as _};
use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream};
use tonic::body::Body;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::server::{Grpc, NamedService};
use tonic::{Code, Request, Response, Status};
use tower::{Service, service_fn};

/// Texts as they are.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Text;

impl Codec for Text {
    type Encode = String;
    type Decode = String;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        *self
    }

    fn decoder(&mut self) -> Self {
        *self
    }
}

impl Encoder for Text {
    type Item = String;
    type Error = Status;

    fn encode(&mut self, text: String, out: &mut EncodeBuf<'_>) -> Result<(), Status> {
        out.put_slice(text.as_bytes());
        Ok(())
    }
}

impl Decoder for Text {
    type Item = String;
    type Error = Status;

    fn decode(&mut self, bytes: &mut DecodeBuf<'_>) -> Result<Option<String>, Status> {
        let text = String::from_utf8(bytes.copy_to_bytes(bytes.remaining()).to_vec());
        text.map(Some).map_err(|_| Status::internal("no text"))
    }
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Orders;

impl NamedService for Orders {
    const NAME: &'static str = "shop.Orders";
}

fn failure(request: &Request<String>) -> Status {
    let code = request.get_ref().parse().expect("a code");
    Status::new(Code::from_i32(code), "no \"order\" ü")
}

impl Service<http::Request<Body>> for Orders {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        Box::pin(async move {
            let mut grpc = Grpc::new(Text);
            Ok(match request.uri().path() {
                "/shop.Orders/Get" => {
                    let get = |request: Request<String>| async move {
                        Ok::<_, Status>(Response::new(format!("order {}", request.get_ref())))
                    };
                    grpc.unary(service_fn(get), request).await
                }
                "/shop.Orders/Fail" => {
                    let fail = |request: Request<String>| async move {
                        Err::<Response<String>, _>(failure(&request))
                    };
                    grpc.unary(service_fn(fail), request).await
                }
                "/shop.Orders/Header" => {
                    let header = |request: Request<String>| async move {
                        let header =
                            request.metadata().get("x-amzn-trace-id").and_then(|value| value.to_str().ok());
                        Ok::<_, Status>(Response::new(header.unwrap_or("none").to_owned()))
                    };
                    grpc.unary(service_fn(header), request).await
                }
                // One message, and then an error or nothing for ever.
                "/shop.Orders/List" => {
                    let list = |request: Request<String>| async move {
                        let first = stream::iter([Ok("first".to_owned())]);
                        let rest: BoxStream<'static, Result<String, Status>> =
                            match request.get_ref().as_str() {
                                "wait" => stream::pending().boxed(),
                                _ => stream::iter([Err(failure(&request))]).boxed(),
                            };
                        Ok::<_, Status>(Response::new(first.chain(rest)))
                    };
                    grpc.server_streaming(service_fn(list), request).await
                }
                other => panic!("nobody calls {other}"),
            })
        })
    }
}
