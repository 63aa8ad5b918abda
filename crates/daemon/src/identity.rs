//! Who the agent is to AWS: region, credentials, instance and host name, by the AWS SDK's own crates.
//!
//! None of it may hold up the start: machines without instance metadata let requests to it run into a
//! timeout. Credentials are kept fresh by a task; whoever needs them looks at the newest.

mod region;

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_config::ecs::EcsCredentialsProvider;
use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::imds;
use aws_config::imds::credentials::ImdsCredentialsProvider;
use aws_config::meta::credentials::CredentialsProviderChain;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::sts::AssumeRoleProvider;
use aws_config::web_identity_token::WebIdentityTokenCredentialsProvider;
use aws_config::{BehaviorVersion, Region};
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_http_client::{Builder, Connector};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use model::error::chain;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::{debug, error};

pub(crate) use region::RegionError;
pub(crate) use region::find as find_region;

use crate::environment::Environment;

/// Credentials are asked for anew so long before they end.
const EARLY: Duration = Duration::from_secs(300);
/// Between attempts while there are none.
const PAUSE: Duration = Duration::from_secs(10);
/// The AWS daemon's; it appears in CloudTrail.
const ROLE_SESSION: &str = "xray-daemon";
/// Of one lookup in the instance's metadata, with all attempts.
const METADATA_LIMIT: Duration = Duration::from_secs(5);

/// Variables of the environment without which the providers of the SDK that read them have nothing to ask.
const NAMING_A_SOURCE: [&str; 4] = [
    "AWS_PROFILE",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
];
/// Where profiles are: the variable that names the file, and its place in the home folder.
const AWS_FILES: [(&str, &str); 2] =
    [("AWS_CONFIG_FILE", ".aws/config"), ("AWS_SHARED_CREDENTIALS_FILE", ".aws/credentials")];

/// What it takes to find out.
#[derive(Debug, Clone)]
pub(crate) struct Sources {
    pub(crate) local_mode: bool,
    pub(crate) profile: String,
    pub(crate) role_arn: String,
    pub(crate) proxy: String,
    /// Whether to ask the instance's metadata for credentials: not where no upstream is AWS's, since on a
    /// machine elsewhere that only takes time.
    pub(crate) ask_instance: bool,
}

/// The newest credentials. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Identity {
    newest: watch::Receiver<Option<Option<Credentials>>>,
    stale: Arc<tokio::sync::Notify>,
}

impl Identity {
    /// Starts the task that keeps them fresh.
    pub(crate) fn start(sources: Sources, region: String, shutdown: CancellationToken) -> Self {
        let (sender, newest) = watch::channel(None);
        let stale = Arc::new(tokio::sync::Notify::new());
        tokio::spawn(keep_fresh(sources, region, sender, Arc::clone(&stale), shutdown));
        Self { newest, stale }
    }

    /// What there is now, if anything.
    pub(crate) fn current(&self) -> Option<Credentials> {
        self.newest.borrow().clone().flatten()
    }

    /// Waits until the first attempt has ended, one way or the other.
    pub(crate) async fn first(&self) -> Option<Credentials> {
        let mut newest = self.newest.clone();
        // It fails when the task has ended, at the shutdown.
        newest.wait_for(Option::is_some).await.ok()?.clone().flatten()
    }

    /// An upstream refused them.
    pub(crate) fn refused(&self) {
        self.stale.notify_one();
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").field("has_credentials", &self.current().is_some()).finish()
    }
}

async fn keep_fresh(
    sources: Sources,
    region: String,
    newest: watch::Sender<Option<Option<Credentials>>>,
    stale: Arc<tokio::sync::Notify>,
    shutdown: CancellationToken,
) {
    let ask_instance = sources.ask_instance;
    let mut finder = Finder { sources, region, provider: None };
    let mut told = false;
    loop {
        let found = tokio::select! {
            found = finder.find() => found,
            () = shutdown.cancelled() => return,
        };
        let pause = match found {
            Ok(credentials) => {
                told = false;
                let pause = until_refresh(credentials.expiry(), SystemTime::now());
                newest.send_replace(Some(Some(credentials)));
                pause
            }
            Err(cause) => {
                if ask_instance && !told {
                    error!("Cannot get credentials: {}", chain(&cause));
                } else {
                    debug!("No credentials: {}", chain(&cause));
                }
                told = true;
                // Those that were there may still be good for their last minutes.
                newest.send_if_modified(|newest| newest.is_none() && newest.replace(None).is_none());
                PAUSE
            }
        };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = async { tokio::time::sleep(PAUSE.min(pause)).await; stale.notified().await } => {}
            () = shutdown.cancelled() => return,
        }
    }
}

fn until_refresh(expiry: Option<SystemTime>, now: SystemTime) -> Duration {
    /// Static ones may be changed in their file.
    const AT_MOST: Duration = Duration::from_secs(3_600);
    let Some(expiry) = expiry else { return AT_MOST };
    let left = expiry.duration_since(now).unwrap_or_default();
    left.saturating_sub(EARLY).clamp(PAUSE, AT_MOST)
}

/// Finds credentials where the AWS SDKs do, and builds what they do that with only where it may find some: an HTTP
/// client is part of it, and with that come the certificates of the machine, a megabyte for good.
struct Finder {
    sources: Sources,
    region: String,
    provider: Option<SharedCredentialsProvider>,
}

impl Finder {
    async fn find(&mut self) -> Result<Credentials, CredentialsError> {
        if self.sources.role_arn.is_empty() {
            let found = EnvironmentVariableCredentialsProvider::new().provide_credentials().await;
            if !matches!(found, Err(CredentialsError::CredentialsNotLoaded(_))) {
                return found;
            }
        }
        if self.provider.is_none() {
            if !self.sources.may_have_any(&|name| std::env::var(name).ok()) {
                return Err(CredentialsError::not_loaded("nothing says where there are any"));
            }
            self.provider = Some(provider(&self.sources, self.region.clone()).await);
        }
        let provider = self.provider.as_ref().expect("it was built above");
        provider.provide_credentials().await
    }
}

impl Sources {
    /// Whether anything but the environment's keys could have credentials. Files may come later, so it is asked
    /// again.
    fn may_have_any(&self, environment: Environment<'_>) -> bool {
        let is_set = |name: &&str| environment(name).is_some_and(|value| !value.is_empty());
        let is_file = |(variable, default): &(&str, &str)| match environment(variable) {
            Some(path) => Path::new(&path).exists(),
            None => environment("HOME").is_some_and(|home| Path::new(&home).join(default).exists()),
        };
        self.ask_instance
            || !self.role_arn.is_empty()
            || !self.profile.is_empty()
            || NAMING_A_SOURCE.iter().any(is_set)
            || AWS_FILES.iter().any(is_file)
    }
}

/// The chain of the AWS SDKs, and the role on top of it.
async fn provider(sources: &Sources, region: String) -> SharedCredentialsProvider {
    let region = Region::new(region);
    let config = ProviderConfig::without_region()
        .with_region(Some(region.clone()))
        .with_http_client(http_client(&sources.proxy));
    let mut profile = ProfileFileCredentialsProvider::builder().configure(&config);
    if !sources.profile.is_empty() {
        profile = profile.profile_name(&sources.profile);
    }
    let mut chain =
        CredentialsProviderChain::first_try("Environment", EnvironmentVariableCredentialsProvider::new())
            .or_else("Profile", profile.build())
            .or_else("WebIdentity", WebIdentityTokenCredentialsProvider::builder().configure(&config).build())
            .or_else("Container", EcsCredentialsProvider::builder().configure(&config).build());
    if sources.ask_instance {
        chain = chain.or_else("Instance", ImdsCredentialsProvider::builder().configure(&config).build());
    }
    if sources.role_arn.is_empty() {
        return SharedCredentialsProvider::new(chain);
    }
    let sdk = aws_config::defaults(BehaviorVersion::latest())
        .region(region.clone())
        .http_client(http_client(&sources.proxy))
        .credentials_provider(chain)
        .load()
        .await;
    let role = AssumeRoleProvider::builder(&sources.role_arn)
        .session_name(ROLE_SESSION)
        .region(region)
        .configure(&sdk)
        .build()
        .await;
    SharedCredentialsProvider::new(role)
}

/// A client for STS and for metadata; the latter is on this machine and never behind a proxy.
fn http_client(proxy: &str) -> SharedHttpClient {
    let provider = Provider::Rustls(CryptoMode::Ring);
    let proxy = match proxy {
        "" => None,
        address => ProxyConfig::all(address).ok().map(|proxy| {
            proxy.no_proxy("169.254.169.254,169.254.170.2,169.254.170.23,fd00:ec2::254,localhost,127.0.0.1")
        }),
    };
    Builder::new().build_with_connector_fn(move |settings, components| {
        let mut connector = Connector::builder();
        connector.set_connector_settings(settings.cloned());
        connector.set_sleep_impl(components.and_then(|components| components.sleep_impl()));
        if let Some(proxy) = &proxy {
            connector = connector.proxy_config(proxy.clone());
        }
        connector.tls_provider(provider.clone()).build()
    })
}

/// What instance metadata says at a path, if there is such a thing here, and soon.
pub(crate) async fn metadata(path: &str) -> Option<String> {
    let config = ProviderConfig::without_region().with_http_client(http_client(""));
    let client = imds::Client::builder()
        .configure(&config)
        .max_attempts(1)
        .connect_timeout(Duration::from_secs(1))
        .read_timeout(Duration::from_secs(1))
        .build();
    let answer = tokio::time::timeout(METADATA_LIMIT, client.get(path)).await.ok()?;
    answer.inspect_err(|cause| debug!("Instance metadata: {}", chain(cause))).ok().map(Into::into)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_refreshed_before_they_end() {
        let now = SystemTime::now();
        let check = |seconds: u64, expected: u64| {
            let pause = until_refresh(Some(now + Duration::from_secs(seconds)), now);
            assert_eq!(pause, Duration::from_secs(expected));
        };
        check(3_600, 3_300);
        check(301, 10);
        check(0, 10);
        check(100_000, 3_600);
        assert_eq!(until_refresh(None, now), Duration::from_secs(3_600));
    }

    #[test]
    fn sources_are_asked_only_where_something_names_them() {
        let home = tempfile::tempdir().unwrap();
        let nothing = Sources {
            local_mode: true,
            profile: String::new(),
            role_arn: String::new(),
            proxy: String::new(),
            ask_instance: false,
        };
        let has_any = |sources: &Sources, variables: &[(&str, &str)]| {
            let home = ("HOME", home.path().to_str().unwrap());
            let all: Vec<(&str, &str)> = variables.iter().copied().chain([home]).collect();
            sources.may_have_any(&|name| {
                all.iter().find(|(variable, _)| *variable == name).map(|(_, value)| (*value).to_owned())
            })
        };
        assert!(!has_any(&nothing, &[("AWS_PROFILE", ""), ("AWS_REGION", "eu-west-1")]));
        for variable in NAMING_A_SOURCE {
            assert!(has_any(&nothing, &[(variable, "/x")]), "{variable}");
        }
        assert!(has_any(&Sources { ask_instance: true, ..nothing.clone() }, &[]));
        assert!(has_any(&Sources { profile: "p".to_owned(), ..nothing.clone() }, &[]));
        assert!(has_any(&Sources { role_arn: "arn:aws:iam::1:role/r".to_owned(), ..nothing.clone() }, &[]));
        std::fs::create_dir(home.path().join(".aws")).unwrap();
        std::fs::write(home.path().join(".aws/credentials"), "").unwrap();
        assert!(has_any(&nothing, &[]));
        assert!(!has_any(&nothing, &[("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")]));
    }
}
