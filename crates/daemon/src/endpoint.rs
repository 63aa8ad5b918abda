//! Where an upstream is: an address of somebody's own, or X-Ray in a region.

use http::Uri;
use http::uri::{Authority, Scheme};

use crate::config::{Config, ConfigError, Protocol};
use crate::environment::Environment;

/// The base of every request to one upstream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Endpoint {
    scheme: Scheme,
    pub(crate) authority: Authority,
    /// Without a slash at its end; mostly empty.
    prefix: String,
}

/// Where the upstreams are, as far as that is known without the region.
pub(crate) struct Endpoints {
    given: Vec<(Option<Endpoint>, Protocol)>,
    /// Whether any of them is X-Ray.
    pub(crate) needs_region: bool,
}

/// Where every backend of OpenTelemetry's takes spans by HTTP.
const TRACES: &str = "/v1/traces";
/// Domains of AWS. Whatever lies there wants signatures and takes no packed bodies.
const AWS_DOMAINS: [&str; 9] = [
    ".amazonaws.com",
    ".amazonaws.com.cn",
    ".amazonaws.eu",
    ".api.aws",
    ".api.amazonwebservices.com.cn",
    ".c2s.ic.gov",
    ".sc2s.sgov.gov",
    ".csp.hci.ic.gov",
    ".cloud.adc-e.uk",
];
/// Domain of X-Ray by the region's prefix; the first that fits.
/// <https://docs.aws.amazon.com/general/latest/gr/xray.html>
const PARTITIONS: [(&str, &str); 7] = [
    ("cn-", "amazonaws.com.cn"),
    ("us-isob-", "sc2s.sgov.gov"),
    ("us-isof-", "csp.hci.ic.gov"),
    ("us-iso-", "c2s.ic.gov"),
    ("eu-isoe-", "cloud.adc-e.uk"),
    ("eusc-", "amazonaws.eu"),
    ("", "amazonaws.com"),
];

impl Endpoint {
    /// Reads an address, which without a scheme is HTTPS, as the AWS SDKs have it.
    pub(crate) fn parse(text: &str) -> Result<Self, ConfigError> {
        let wrong = |why: &str| ConfigError::new(format!("Endpoint {text:?} is not an address: {why}"));
        let full = if text.contains("://") { text.to_owned() } else { format!("https://{text}") };
        let parts = full.parse::<Uri>().map_err(|error| wrong(&error.to_string()))?.into_parts();
        let scheme = parts.scheme.filter(|scheme| *scheme == Scheme::HTTP || *scheme == Scheme::HTTPS);
        let path = parts.path_and_query.as_ref().map_or("", |path| path.path());
        Ok(Self {
            scheme: scheme.ok_or_else(|| wrong("the scheme is neither http nor https"))?,
            authority: parts.authority.ok_or_else(|| wrong("it has no host"))?,
            prefix: path.trim_end_matches('/').to_owned(),
        })
    }

    /// X-Ray in a region, unless the environment names another place, as for any AWS SDK.
    pub(crate) fn of_region(region: &str, environment: Environment<'_>) -> Result<Self, ConfigError> {
        for variable in ["AWS_ENDPOINT_URL_XRAY", "AWS_ENDPOINT_URL"] {
            if let Some(url) = environment(variable).filter(|url| !url.is_empty()) {
                return Self::parse(&url);
            }
        }
        let is_on =
            |variable: &str| environment(variable).is_some_and(|value| value.eq_ignore_ascii_case("true"));
        let service = if is_on("AWS_USE_FIPS_ENDPOINT") { "xray-fips" } else { "xray" };
        let domain =
            PARTITIONS.iter().find(|(prefix, _)| region.starts_with(prefix)).map_or("", |found| found.1);
        let domain = match domain {
            "amazonaws.com" if is_on("AWS_USE_DUALSTACK_ENDPOINT") => "api.aws",
            domain => domain,
        };
        Self::parse(&format!("https://{service}.{region}.{domain}"))
    }

    /// Where it takes spans: below its path, which may name the place already.
    fn of_traces(mut self) -> Self {
        if !self.prefix.ends_with(TRACES) {
            self.prefix.push_str(TRACES);
        }
        self
    }

    pub(crate) fn is_aws(&self) -> bool {
        let host = self.authority.host().to_ascii_lowercase();
        AWS_DOMAINS.iter().any(|domain| host.ends_with(domain))
    }

    /// Whether it is on this machine, where packing would cost more than it saves.
    pub(crate) fn is_local(&self) -> bool {
        let host = self.authority.host().trim_matches(['[', ']']);
        host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
    }

    /// The address of a path and query, which begins with a slash.
    pub(crate) fn join(&self, path_and_query: &str) -> Result<Uri, http::Error> {
        Uri::builder()
            .scheme(self.scheme.clone())
            .authority(self.authority.clone())
            .path_and_query(format!("{}{path_and_query}", self.prefix))
            .build()
    }
}

impl Endpoints {
    pub(crate) fn of(config: &Config, environment: Environment<'_>) -> Result<Self, ConfigError> {
        let mut given = Vec::new();
        for upstream in &config.endpoints {
            let endpoint = match upstream.address.as_str() {
                "" | "aws" => None,
                address => Some(Endpoint::parse(address)?),
            };
            given.push((endpoint, upstream.protocol));
        }
        let at_aws = |(endpoint, _): &(Option<Endpoint>, _)| match endpoint {
            Some(endpoint) => endpoint.is_aws(),
            // Unless the environment sends that elsewhere.
            None => Endpoint::of_region("", environment).map_or(true, |endpoint| endpoint.is_aws()),
        };
        let needs_region = given.iter().any(at_aws);
        Ok(Self { given, needs_region })
    }

    /// For counters, which are there before the region is known.
    pub(crate) fn names(&self) -> Vec<String> {
        let name = |(endpoint, protocol): &(Option<Endpoint>, Protocol)| match (endpoint, protocol) {
            (Some(endpoint), Protocol::Xray | Protocol::OtlpGrpc) => endpoint.to_string(),
            (Some(endpoint), Protocol::Otlp) => endpoint.clone().of_traces().to_string(),
            (None, Protocol::Xray | Protocol::OtlpGrpc) => "aws".to_owned(),
            (None, Protocol::Otlp) => format!("aws{TRACES}"),
        };
        self.given.iter().map(name).collect()
    }

    pub(crate) fn in_region(
        self,
        region: &str,
        environment: Environment<'_>,
    ) -> Result<Vec<Endpoint>, ConfigError> {
        let complete = |(endpoint, protocol): (Option<Endpoint>, Protocol)| {
            let endpoint = match endpoint {
                Some(endpoint) => endpoint,
                None => Endpoint::of_region(region, environment)?,
            };
            Ok(match protocol {
                Protocol::Xray | Protocol::OtlpGrpc => endpoint,
                Protocol::Otlp => endpoint.of_traces(),
            })
        };
        self.given.into_iter().map(complete).collect()
    }
}

impl std::fmt::Display for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}://{}{}", self.scheme, self.authority, self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn xray_has_a_name_in_each_partition() {
        let check = |region: &str, variables: &[(&str, &str)], expected: &str| {
            let environment = |name: &str| {
                variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
            };
            let endpoint = Endpoint::of_region(region, &environment).unwrap();
            assert_eq!(endpoint.to_string(), expected);
            assert_eq!(endpoint.is_aws(), !expected.contains("example"), "{expected}");
        };
        check("eu-west-1", &[], "https://xray.eu-west-1.amazonaws.com");
        check("us-gov-west-1", &[], "https://xray.us-gov-west-1.amazonaws.com");
        check("cn-north-1", &[], "https://xray.cn-north-1.amazonaws.com.cn");
        check("us-iso-east-1", &[], "https://xray.us-iso-east-1.c2s.ic.gov");
        check("us-isob-east-1", &[], "https://xray.us-isob-east-1.sc2s.sgov.gov");
        check("eusc-de-east-1", &[], "https://xray.eusc-de-east-1.amazonaws.eu");
        check("us-east-1", &[("AWS_USE_FIPS_ENDPOINT", "true")], "https://xray-fips.us-east-1.amazonaws.com");
        check("us-east-1", &[("AWS_USE_DUALSTACK_ENDPOINT", "true")], "https://xray.us-east-1.api.aws");
        check("us-east-1", &[("AWS_ENDPOINT_URL", "http://x.example:1/")], "http://x.example:1");
    }

    #[test]
    fn an_address_may_lack_its_scheme_and_have_a_path() {
        let check =
            |text: &str, expected: &str| assert_eq!(Endpoint::parse(text).unwrap().to_string(), expected);
        check("http://127.0.0.1:2000", "http://127.0.0.1:2000");
        check("http://fluoro:2000/", "http://fluoro:2000");
        check("vpce-1.xray.eu-west-1.vpce.amazonaws.com", "https://vpce-1.xray.eu-west-1.vpce.amazonaws.com");
        check("https://proxy.example/xray/", "https://proxy.example/xray");
        let joined = Endpoint::parse("https://proxy.example/xray/").unwrap().join("/TraceSegments").unwrap();
        assert_eq!(joined, "https://proxy.example/xray/TraceSegments");
        for wrong in ["ftp://x", "http://", "http://a b", ""] {
            assert!(Endpoint::parse(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn spans_go_below_the_path_of_the_address() {
        let check = |text: &str, expected: &str| {
            let endpoint = Endpoint::parse(text).unwrap().of_traces();
            assert_eq!(endpoint.join("").unwrap(), expected);
            assert_eq!(endpoint.to_string(), expected);
        };
        check("http://tempo:4318", "http://tempo:4318/v1/traces");
        check("http://tempo:4318/v1/traces/", "http://tempo:4318/v1/traces");
        check("https://gateway.example/otlp", "https://gateway.example/otlp/v1/traces");
        check("https://xray.eu-west-1.amazonaws.com", "https://xray.eu-west-1.amazonaws.com/v1/traces");
    }

    #[test]
    fn only_addresses_of_this_machine_are_local() {
        let check =
            |text: &str, expected| assert_eq!(Endpoint::parse(text).unwrap().is_local(), expected, "{text}");
        check("http://127.0.0.1:2000", true);
        check("http://[::1]:2000", true);
        check("http://localhost", true);
        check("http://fluoro:2000", false);
        check("http://10.0.0.1:2000", false);
    }
}
