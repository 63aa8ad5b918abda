//! Lambda's side: its runtime API, a daemon, and the function's process.
//! <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>

use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::pending;
use std::net::UdpSocket;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::process::Command;
use tokio::sync::mpsc;

#[derive(Debug)]
pub(crate) struct Invocation {
    pub(crate) header: Option<String>,
    pub(crate) event: Value,
}

/// What a function has said, and sent since the answer before.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) path: String,
    pub(crate) body: Value,
    pub(crate) documents: Vec<Value>,
}

struct Lambda {
    waiting: Mutex<VecDeque<(usize, Invocation)>>,
    daemon: UdpSocket,
    answers: mpsc::UnboundedSender<Answer>,
}

/// Starts a function, hands it the invocations, and gives its answers once all are there.
pub(crate) async fn run(invocations: Vec<Invocation>, variables: &[(&str, &str)]) -> Vec<Answer> {
    let count = invocations.len();
    let daemon = UdpSocket::bind("127.0.0.1:0").expect("a free port");
    daemon.set_nonblocking(true).expect("it can");
    let to_daemon = daemon.local_addr().expect("an address").to_string();
    let (answers, mut answered) = mpsc::unbounded_channel();
    let waiting = Mutex::new(invocations.into_iter().enumerate().collect());
    let lambda = Arc::new(Lambda { waiting, daemon, answers });
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let api = listener.local_addr().expect("an address").to_string();
    tokio::spawn(serve(listener, lambda));

    let mut function = Command::new(env!("CARGO_BIN_EXE_function"));
    function
        .env_clear()
        .env("AWS_LAMBDA_RUNTIME_API", api)
        .env("AWS_LAMBDA_FUNCTION_NAME", "orders")
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
        .env("AWS_LAMBDA_FUNCTION_VERSION", "1")
        .env("AWS_LAMBDA_LOG_STREAM_NAME", "stream")
        .env("AWS_LAMBDA_LOG_GROUP_NAME", "group")
        .env("AWS_XRAY_DAEMON_ADDRESS", to_daemon)
        .env("LAMBDA_TASK_ROOT", "/var/task")
        .envs(variables.iter().copied())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    let mut function = function.spawn().expect("it starts");
    let all = async {
        let mut all = Vec::new();
        while all.len() < count {
            tokio::select! {
                answer = answered.recv() => all.extend(answer),
                ended = function.wait() => panic!("the function ended: {ended:?}"),
            }
        }
        all
    };
    tokio::time::timeout(Duration::from_secs(120), all).await.expect("it answers")
}

async fn serve(listener: TcpListener, lambda: Arc<Lambda>) {
    while let Ok((stream, _)) = listener.accept().await {
        let lambda = Arc::clone(&lambda);
        let answer = service_fn(move |request| {
            let lambda = Arc::clone(&lambda);
            async move { Ok::<_, Infallible>(lambda.answer(request).await) }
        });
        tokio::spawn(
            hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), answer),
        );
    }
}

impl Lambda {
    async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let path = request.uri().path().to_owned();
        if path == "/2018-06-01/runtime/invocation/next" {
            let next = self.waiting.lock().expect("nobody panics with it").pop_front();
            let Some((id, invocation)) = next else { return pending().await };
            let mut response = Response::builder()
                .header("lambda-runtime-aws-request-id", id.to_string())
                .header("lambda-runtime-deadline-ms", "4102444800000")
                .header("lambda-runtime-invoked-function-arn", "arn:aws:lambda:eu-west-1:1:function:orders");
            if let Some(header) = invocation.header {
                response = response.header("lambda-runtime-trace-id", header);
            }
            return response.body(invocation.event.to_string().into()).expect("it is one");
        }
        // What has been sent has arrived: both are on this machine.
        let documents = self.documents();
        let body = request.into_body().collect().await.expect("a body").to_bytes();
        let body = serde_json::from_slice(&body).expect("JSON");
        let _gone = self.answers.send(Answer { path, body, documents });
        Response::builder().status(202).body(Full::default()).expect("it is one")
    }

    fn documents(&self) -> Vec<Value> {
        let mut datagram = vec![0; 65_536];
        let mut documents = Vec::new();
        while let Ok(length) = self.daemon.recv(&mut datagram) {
            let text = str::from_utf8(&datagram[..length]).expect("text");
            let (_, document) = text.split_once('\n').expect("a head and a document");
            let whole = document.to_owned().into();
            assert!(wire::decode(whole).is_ok(), "{document}");
            documents.push(serde_json::from_str(document).expect("JSON"));
        }
        documents
    }
}
