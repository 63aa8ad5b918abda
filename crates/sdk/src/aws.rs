//! Calls of AWS's own SDK for Rust: each a subsegment that takes the trace along.
//!
//! ```no_run
//! # use aws_sdk_sts as aws_sdk_dynamodb;
//! # fn example(shared: &aws_types::SdkConfig) {
//! let config = aws_sdk_dynamodb::config::Builder::from(shared) // what aws_config::load_from_env() gives
//!     .interceptor(fluoro_sdk::aws::Calls::new())
//!     .build();
//! let client = aws_sdk_dynamodb::Client::from_conf(config);
//! # }
//! ```
//!
//! The subsegment is named by the service (`DynamoDB`, `S3`, `SQS`) and tells operation, region, ids of the request, how often
//! it was tried again, and what the call was about (`table_name`, `bucket_name`, `queue_url`, …), out of the same list of
//! parameters that the other SDKs have: never values that the list does not name. What is not listed can be taken by
//! [`Calls::extract`].
//!
//! AWS hands the header on with a message. Its consumer finds it in the message's system attribute `AWSTraceHeader`, and goes on
//! with that trace:
//!
//! ```
//! # let recorder = fluoro_sdk::Recorder::builder().memory().build()?;
//! # let attribute = Some("Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1");
//! let mut segment = recorder.segment("worker");
//! if let Some(header) = attribute.and_then(|text| text.parse().ok()) {
//!     segment = segment.header(&header);
//! }
//! segment.run(|| { /* the message's work */ });
//! # Ok::<(), fluoro_sdk::ConfigError>(())
//! ```

mod answer;
mod members;
mod parameter;

use std::fmt;
use std::sync::{Arc, Mutex};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeSerializationInterceptorContextRef, BeforeTransmitInterceptorContextMut,
    FinalizerInterceptorContextRef, Input,
};
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use aws_smithy_runtime_api::client::retries::RequestAttempts;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::{ConfigBag, Storable, StoreReplace};
use aws_smithy_types::endpoint::Endpoint;
use aws_types::region::Region;

use crate::begin::subsegment;
use crate::cell::lock;
use crate::entity::Entity;
use crate::record::Namespace;
use crate::scope::OpenEntity;
use crate::stack::{self, Now};

/// Makes a subsegment of each call of a client, all attempts in one, and sends the trace along.
///
/// An error of the service is its cause: what it refuses (4xx) is an error, what it throttles is throttled, and all else is a
/// fault, as is a call that is dropped before its answer. A presigned request is no call: it is neither recorded nor changed.
/// Outside of any segment nothing is recorded and nothing sent, as of any client. Given twice to a client, it counts once.
#[derive(Clone, Default)]
pub struct Calls {
    extractors: Vec<Extractor>,
}

type Extractor = Arc<dyn Fn(&Input, &Entity) + Send + Sync>;

impl Calls {
    /// With what the list of parameters names.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes more out of the inputs of one operation, where they are recorded.
    ///
    /// ```
    /// # #[derive(Debug)]
    /// # struct GetItemInput { index_name: Option<String> }
    /// let calls = fluoro_sdk::aws::Calls::new().extract(|input: &GetItemInput, entity| {
    ///     entity.aws("index_name", &input.index_name);
    /// });
    /// ```
    pub fn extract<I>(mut self, extract: impl Fn(&I, &Entity) + Send + Sync + 'static) -> Self
    where
        I: fmt::Debug + Send + Sync + 'static,
    {
        self.extractors.push(Arc::new(move |input, entity| {
            if let Some(input) = input.downcast_ref::<I>() {
                extract(input, entity);
            }
        }));
        self
    }
}

impl fmt::Debug for Calls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Calls").field("extractors", &self.extractors.len()).finish()
    }
}

/// A call that is under way. It lies among the call's own things, so that it ends with them where no hook is asked any more.
#[derive(Debug)]
struct Call(Mutex<Option<OpenEntity>>);

impl Storable for Call {
    type Storer = StoreReplace<Self>;
}

impl Call {
    fn entity(&self) -> Option<Entity> {
        lock(&self.0).as_ref().map(OpenEntity::entity)
    }

    fn take(&self) -> Option<OpenEntity> {
        lock(&self.0).take()
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        if let Some(open) = self.take()
            && !std::thread::panicking()
        {
            open.cancel();
        }
    }
}

impl Intercept for Calls {
    fn name(&self) -> &'static str {
        "fluoro_sdk::aws::Calls"
    }

    fn read_before_serialization(
        &self,
        context: &BeforeSerializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        // Outside of any segment nobody minds, because clients are used everywhere.
        if stack::now() == Now::Nothing || config.load::<Call>().is_some() {
            return Ok(());
        }
        let Some(metadata) = config.load::<Metadata>() else { return Ok(()) };
        let open = subsegment(metadata.service().to_owned()).namespace(Namespace::Aws).begin();
        if open.is_sampled() {
            open.aws("operation", metadata.name());
            if let Some(region) = config.load::<Region>() {
                open.aws("region", region.as_ref());
            }
            for extract in &self.extractors {
                extract(context.input(), &open);
            }
        }
        config.interceptor_state().store_put(Call(Mutex::new(Some(open))));
        Ok(())
    }

    /// After the request was signed: the header is none of those that a signature covers, and one that AWS's SDK has set from
    /// Lambda's environment, which names the function and not this call, gives way.
    fn modify_before_transmit(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let Some(call) = config.load::<Call>() else { return Ok(()) };
        let Some(entity) = call.entity() else { return Ok(()) };
        let request = context.request_mut();
        if is_presigned(request.uri()) {
            if let Some(open) = call.take() {
                open.discard();
            }
            return Ok(());
        }
        if let Some(header) = entity.header() {
            // What is in it was parsed from a header or made here, so it is one.
            let _refused = request.headers_mut().try_insert("x-amzn-trace-id", header.to_string());
        }
        let is_first = config.load::<RequestAttempts>().is_none_or(|attempts| attempts.attempts() < 2);
        if let (true, true, Some(metadata)) = (is_first, entity.is_sampled(), config.load::<Metadata>()) {
            let endpoint = config.load::<Endpoint>().map(Endpoint::url);
            for (key, value) in parameter::of_request(metadata.service(), metadata.name(), request, endpoint)
            {
                entity.aws(key, &value);
            }
        }
        Ok(())
    }

    fn read_after_execution(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let Some(open) = config.load::<Call>().and_then(Call::take) else { return Ok(()) };
        if !open.is_sampled() {
            return Ok(());
        }
        let attempts = config.load::<RequestAttempts>().map_or(0, RequestAttempts::attempts);
        open.aws("retries", &attempts.saturating_sub(1));
        let error = context.output_or_error().and_then(Result::err);
        if let Some(response) = context.response() {
            answer::describe(&open, response);
            if let (None, Some(metadata)) = (error, config.load::<Metadata>()) {
                for (key, value) in parameter::of_response(metadata.service(), metadata.name(), response) {
                    open.aws(key, &value);
                }
            }
        }
        if let Some(error) = error {
            answer::failed(&open, error, context.response());
        }
        Ok(())
    }
}

/// Whether the signature is in the address, for whoever makes the request later.
fn is_presigned(uri: &str) -> bool {
    uri.split_once('?').is_some_and(|(_, query)| query.contains("X-Amz-Signature="))
}
