//! Exceptions with stacks and causes, as the SDKs record them.
//!
//! Java describes a throwable and its causes as a chain of entries, but one that a child has described
//! already is only named by its id. Node and Go record the one error that they see.

use serde_json::{Value, json};

use super::random::Random;

/// One kind of exception, with its innermost frames first.
#[derive(Debug)]
pub(super) struct Thrown {
    class: &'static str,
    /// Raised by the service that was called, not by the caller.
    remote: bool,
    /// How many frames the SDK has cut.
    truncated: u32,
    stack: &'static [Frame],
}

/// Path, line, label.
type Frame = (&'static str, u32, &'static str);

/// An exception that was recorded, so that its parent can name it.
#[derive(Debug, Clone)]
pub(super) struct Recorded {
    pub(super) id: String,
    pub(super) cause: Value,
}

impl Thrown {
    pub(super) fn record(&self, message: &str, random: &mut Random) -> Recorded {
        chain(&[(self, message)], None, random)
    }
}

/// A chain from the outermost exception to the innermost; `root` is an exception that a child described.
pub(super) fn chain(links: &[(&Thrown, &str)], root: Option<&str>, random: &mut Random) -> Recorded {
    let ids: Vec<String> = links.iter().map(|_| random.entity_id()).collect();
    let mut exceptions = Vec::new();
    for (position, (thrown, message)) in links.iter().enumerate() {
        let mut exception = json!({
            "id": ids[position],
            "message": message,
            "type": thrown.class,
            "remote": thrown.remote,
            "stack": thrown.stack.iter().map(frame).collect::<Vec<Value>>(),
        });
        if thrown.truncated > 0 {
            exception["truncated"] = json!(thrown.truncated);
        }
        if let Some(cause) = ids.get(position + 1).map(String::as_str).or(root) {
            exception["cause"] = json!(cause);
        }
        exceptions.push(exception);
    }
    let cause = json!({"working_directory": "/app", "exceptions": exceptions});
    Recorded { id: ids.into_iter().next().unwrap_or_default(), cause }
}

fn frame(&(path, line, label): &Frame) -> Value {
    json!({"path": path, "line": line, "label": label})
}

pub(super) static UNKNOWN_HOST: Thrown = Thrown {
    class: "java.net.UnknownHostException",
    remote: false,
    truncated: 46,
    stack: &[
        ("Inet6AddressImpl.java", 0, "lookupAllHostAddr"),
        ("InetAddress.java", 933, "lookupAllHostAddr"),
        ("InetAddress.java", 1519, "getAddressesFromNameService"),
        ("InetAddress.java", 1378, "getAllByName0"),
        ("InetAddress.java", 1306, "getAllByName"),
        ("SystemDefaultDnsResolver.java", 45, "resolve"),
        ("DefaultHttpClientConnectionOperator.java", 112, "connect"),
        ("PoolingHttpClientConnectionManager.java", 376, "connect"),
        ("MainClientExec.java", 393, "establishRoute"),
        ("InternalHttpClient.java", 185, "doExecute"),
        ("TracedHttpClient.java", 154, "execute"),
    ],
};

pub(super) static RESOURCE_ACCESS: Thrown = Thrown {
    class: "org.springframework.web.client.ResourceAccessException",
    remote: false,
    truncated: 38,
    stack: &[
        ("RestTemplate.java", 785, "doExecute"),
        ("RestTemplate.java", 711, "execute"),
        ("RestTemplate.java", 334, "getForObject"),
        ("GreetingController.java", 41, "callSpringBoot2"),
        ("GreetingController.java", 27, "greet"),
        ("InvocableHandlerMethod.java", 205, "doInvoke"),
        ("InvocableHandlerMethod.java", 150, "invokeForRequest"),
    ],
};

pub(super) static NESTED_SERVLET: Thrown = Thrown {
    class: "org.springframework.web.util.NestedServletException",
    remote: false,
    truncated: 31,
    stack: &[
        ("FrameworkServlet.java", 1014, "processRequest"),
        ("FrameworkServlet.java", 898, "doGet"),
        ("HttpServlet.java", 655, "service"),
        ("ApplicationFilterChain.java", 227, "internalDoFilter"),
        ("AWSXRayServletFilter.java", 150, "doFilter"),
        ("StandardWrapperValve.java", 197, "invoke"),
    ],
};

pub(super) static HTTP_SERVER_ERROR: Thrown = Thrown {
    class: "org.springframework.web.client.HttpServerErrorException$BadGateway",
    remote: false,
    truncated: 35,
    stack: &[
        ("HttpServerErrorException.java", 100, "create"),
        ("DefaultResponseErrorHandler.java", 186, "handleError"),
        ("RestTemplate.java", 823, "handleResponse"),
        ("RestTemplate.java", 777, "doExecute"),
        ("PaymentClient.java", 58, "charge"),
        ("CheckoutService.java", 112, "placeOrder"),
    ],
};

pub(super) static CARD_GATE_ERROR: Thrown = Thrown {
    class: "cardgate.StatusError",
    remote: false,
    truncated: 0,
    stack: &[
        ("cardgate/client.go", 87, "(*Client).do"),
        ("cardgate/charge.go", 34, "(*Client).Charge"),
        ("payment/handler.go", 61, "(*Handler).charge"),
        ("net/http/server.go", 2220, "HandlerFunc.ServeHTTP"),
    ],
};

pub(super) static THROUGHPUT_EXCEEDED: Thrown = Thrown {
    class: "ProvisionedThroughputExceededException",
    remote: true,
    truncated: 0,
    stack: &[
        ("/app/node_modules/@smithy/smithy-client/dist-cjs/index.js", 867, "throwDefaultError"),
        ("/app/node_modules/@smithy/middleware-retry/dist-cjs/index.js", 320, "async"),
        ("/app/src/store.js", 42, "async putItem"),
        ("/app/src/routes/cart.js", 18, "async"),
    ],
};
