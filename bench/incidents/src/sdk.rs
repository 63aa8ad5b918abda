//! How each language's SDK records that something failed: names, messages, causes and flags.
//!
//! Java, .NET, Python and Ruby give an exception an id, by which a parent refers to it; Node refers to the subsegment that
//! met it first; Go describes the same error anew at each level and, without a capture of the handler's own, leaves
//! the segment with a flag alone. A throttled call is `error` and `throttle` everywhere, and a `fault` besides where
//! the SDK takes every exception for one.

use rand::Rng;
use rand::rngs::StdRng;
use serde_json::{Value, json};

use super::entity::Entity;
use super::topology::Sdk;

/// What went wrong, in no language yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Failure {
    /// A defect of the code; which one.
    Bug(u8),
    Unreadable,
    Refused,
    Timeout,
    Certificate,
    Unresolved,
    /// The callee answered with this status.
    Status(u16),
    Throttled,
    QueueFull,
    PoolExhausted,
    DatabaseDown,
    OutOfMemory,
}

/// An exception that was recorded, for those above who meet it, too.
#[derive(Debug, Clone)]
pub(super) struct Recorded {
    failure: Failure,
    /// The exception's id, where the SDK gives one.
    id: String,
    /// The entity on which it was recorded first.
    holder: String,
    message: String,
}

impl Sdk {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Java => "X-Ray for Java",
            Self::Node => "X-Ray for Node.js",
            Self::Python => "X-Ray for Python",
            Self::Go => "X-Ray for Go",
            Self::DotNet => "X-Ray for .NET",
            Self::Ruby => "X-Ray for Ruby",
        }
    }

    /// Whether a throttled call is a fault for it, besides an error and a throttle.
    fn faults_on_throttle(self) -> bool {
        matches!(self, Self::Node | Self::Python | Self::Go | Self::Ruby)
    }

    /// Records an exception on the entity that met it first. `target` is whom it was calling, if anybody.
    pub(super) fn record(
        self,
        failure: Failure,
        target: &str,
        on: &mut Entity,
        random: &mut StdRng,
    ) -> Recorded {
        let message = self.message(failure, target);
        let id = super::flow::entity_id(random);
        match failure {
            Failure::Throttled => {
                on.flag("error");
                on.flag("throttle");
                if self.faults_on_throttle() {
                    on.flag("fault");
                }
            }
            _ => on.flag("fault"),
        }
        on.set("cause", self.cause(failure, &id, &message, random));
        Recorded { failure, id, holder: on.id.clone(), message }
    }

    /// The segment whose handler was left by an exception that a call below it had recorded.
    pub(super) fn pass_on(self, below: &Recorded, on: &mut Entity, random: &mut StdRng) {
        on.flag("fault");
        match self {
            Self::Java => {
                let exception = json!({
                    "id": super::flow::entity_id(random),
                    "type": "org.springframework.web.util.NestedServletException",
                    "message": format!("Request processing failed; nested exception is {}", self.class(below.failure)),
                    "remote": false,
                    "cause": below.id,
                    "stack": [{"path": "FrameworkServlet.java", "line": 1014, "label": "processRequest"}],
                });
                on.set("cause", json!({"working_directory": "/app", "exceptions": [exception]}));
            }
            Self::Node => on.set("cause", json!({"id": below.holder, "exceptions": []})),
            Self::Python | Self::DotNet | Self::Ruby => on.set("cause", json!(below.id)),
            Self::Go => {
                if random.random_bool(0.5) {
                    let id = super::flow::entity_id(random);
                    on.set("cause", self.cause(below.failure, &id, &below.message, random));
                }
            }
        }
    }

    fn cause(self, failure: Failure, id: &str, message: &str, random: &mut StdRng) -> Value {
        let remote = matches!(failure, Failure::Throttled | Failure::QueueFull) && self != Self::Go;
        let line = random.random_range(20..400);
        let mut exception = json!({
            "type": self.class(failure),
            "message": message,
            "remote": remote,
            "stack": [{"path": "client", "line": line, "label": "send"}, {"path": "handler", "line": 41, "label": "handle"}],
        });
        if self != Self::Node {
            exception["id"] = json!(id);
        }
        json!({"working_directory": "/app", "paths": [], "exceptions": [exception]})
    }

    fn class(self, failure: Failure) -> &'static str {
        // In the order Java, Node, Python, Go, .NET, Ruby.
        let names: [&str; 6] = match failure {
            Failure::Bug(0) => [
                "java.lang.NullPointerException",
                "TypeError",
                "AttributeError",
                "runtime.errorString",
                "System.NullReferenceException",
                "NoMethodError",
            ],
            Failure::Bug(_) => [
                "java.lang.IllegalStateException",
                "RangeError",
                "KeyError",
                "*errors.errorString",
                "System.InvalidOperationException",
                "KeyError",
            ],
            Failure::Unreadable => [
                "com.fasterxml.jackson.databind.exc.MismatchedInputException",
                "SyntaxError",
                "json.decoder.JSONDecodeError",
                "*json.SyntaxError",
                "System.Text.Json.JsonException",
                "JSON::ParserError",
            ],
            Failure::Refused => [
                "java.net.ConnectException",
                "Error",
                "requests.exceptions.ConnectionError",
                "*url.Error",
                "System.Net.Http.HttpRequestException",
                "Errno::ECONNREFUSED",
            ],
            Failure::Timeout => [
                "java.net.SocketTimeoutException",
                "AxiosError",
                "requests.exceptions.ReadTimeout",
                "*url.Error",
                "System.Threading.Tasks.TaskCanceledException",
                "Net::ReadTimeout",
            ],
            Failure::Certificate => [
                "javax.net.ssl.SSLHandshakeException",
                "Error",
                "requests.exceptions.SSLError",
                "*url.Error",
                "System.Net.Http.HttpRequestException",
                "OpenSSL::SSL::SSLError",
            ],
            Failure::Unresolved => [
                "java.net.UnknownHostException",
                "Error",
                "requests.exceptions.ConnectionError",
                "*url.Error",
                "System.Net.Http.HttpRequestException",
                "SocketError",
            ],
            Failure::Status(_) => [
                "feign.FeignException",
                "AxiosError",
                "requests.exceptions.HTTPError",
                "*errors.errorString",
                "System.Net.Http.HttpRequestException",
                "Faraday::ServerError",
            ],
            Failure::Throttled => [
                "com.amazonaws.services.dynamodbv2.model.ProvisionedThroughputExceededException",
                "ProvisionedThroughputExceededException",
                "botocore.errorfactory.ProvisionedThroughputExceededException",
                "*types.ProvisionedThroughputExceededException",
                "Amazon.DynamoDBv2.Model.ProvisionedThroughputExceededException",
                "Aws::DynamoDB::Errors::ProvisionedThroughputExceededException",
            ],
            Failure::QueueFull => [
                "com.amazonaws.services.sqs.model.OverLimitException",
                "OverLimit",
                "botocore.errorfactory.OverLimit",
                "*types.OverLimit",
                "Amazon.SQS.Model.OverLimitException",
                "Aws::SQS::Errors::OverLimit",
            ],
            Failure::PoolExhausted => [
                "java.sql.SQLTransientConnectionException",
                "Error",
                "sqlalchemy.exc.TimeoutError",
                "*errors.errorString",
                "Npgsql.NpgsqlException",
                "ActiveRecord::ConnectionTimeoutError",
            ],
            Failure::DatabaseDown => [
                "org.postgresql.util.PSQLException",
                "Error",
                "psycopg2.OperationalError",
                "*pq.Error",
                "Npgsql.NpgsqlException",
                "Mysql2::Error::ConnectionError",
            ],
            Failure::OutOfMemory => [
                "java.lang.OutOfMemoryError",
                "RangeError",
                "MemoryError",
                "runtime.errorString",
                "System.OutOfMemoryException",
                "NoMemoryError",
            ],
        };
        names[self as usize]
    }

    fn message(self, failure: Failure, target: &str) -> String {
        match failure {
            Failure::Bug(0) => "tariff is null".to_owned(),
            Failure::Bug(which) => format!("unexpected state {which} of the parcel"),
            Failure::Unreadable => "unexpected token at position 1: \\u0000".to_owned(),
            Failure::Refused => match self {
                Self::Node => format!("connect ECONNREFUSED {target}"),
                Self::Go => format!("Get \"http://{target}\": dial tcp: connect: connection refused"),
                _ => format!("Connection refused ({target})"),
            },
            Failure::Timeout => match self {
                Self::Java => "Read timed out".to_owned(),
                Self::Node => "timeout of 2000ms exceeded".to_owned(),
                Self::Go => format!("Get \"http://{target}\": context deadline exceeded"),
                Self::DotNet => "The request was canceled due to the configured HttpClient.Timeout of 2 seconds elapsing.".to_owned(),
                _ => format!("{target}: read timeout=2"),
            },
            Failure::Certificate => match self {
                Self::Go => format!("Get \"https://{target}\": tls: failed to verify certificate: x509: certificate has expired"),
                Self::Java => "PKIX path validation failed: java.security.cert.CertPathValidatorException: validity check failed".to_owned(),
                _ => format!("certificate has expired ({target})"),
            },
            Failure::Unresolved => match self {
                Self::Node => format!("getaddrinfo EAI_AGAIN {target}"),
                Self::Go => format!("Get \"http://{target}\": dial tcp: lookup {target}: i/o timeout"),
                _ => format!("{target}: Temporary failure in name resolution"),
            },
            Failure::Status(status) => match self {
                Self::Node => format!("Request failed with status code {status}"),
                Self::Python => format!("{status} Server Error for url: http://{target}"),
                Self::DotNet => format!("Response status code does not indicate success: {status}."),
                _ => format!("[{status}] during a request to {target}"),
            },
            Failure::Throttled => "The level of configured provisioned throughput for the table was exceeded.".to_owned(),
            Failure::QueueFull => "Too many messages in flight for queue".to_owned(),
            Failure::PoolExhausted => "Connection is not available, request timed out after 1500ms.".to_owned(),
            Failure::DatabaseDown => "terminating connection due to administrator command".to_owned(),
            Failure::OutOfMemory => "Java heap space".to_owned(),
        }
    }
}
