//! What filters ask of a whole trace: flags, numbers and texts, each with its keyword and where it is read.

use crate::digest::{RootCause, TraceDigest};
use crate::segment::Flags;
use crate::time::Micros;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Flag {
    /// None of the three failures.
    Ok,
    Error,
    Throttle,
    Fault,
    /// Something is open or missing.
    Partial,
    /// Something is inferred.
    Inferred,
}

/// Times are in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Number {
    ResponseTime,
    Duration,
    /// The longest time in which a segment waited for none of its calls, within 6 %. Not one of X-Ray's.
    SelfTime,
    HttpStatus,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Text {
    HttpUrl,
    HttpMethod,
    UserAgent,
    ClientIp,
    User,
    AvailabilityZone,
    InstanceId,
    ResourceArn,
    AccountId,
    /// `service.version` of any service. Not one of X-Ray's.
    Version,
}

/// Of what a root cause is the cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CauseKind {
    Fault,
    Error,
    ResponseTime,
}

impl Flag {
    pub const ALL: [Self; 6] =
        [Self::Ok, Self::Error, Self::Throttle, Self::Fault, Self::Partial, Self::Inferred];

    /// The keyword of the filter language, and so for the other words.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Error => "error",
            Self::Throttle => "throttle",
            Self::Fault => "fault",
            Self::Partial => "partial",
            Self::Inferred => "inferred",
        }
    }

    /// The response is that of the root; without a root there is none.
    pub fn of(self, digest: &TraceDigest) -> bool {
        match self {
            Self::Partial => digest.is_partial,
            Self::Inferred => digest.nodes.iter().any(|node| node.kind.is_inferred()),
            Self::Ok | Self::Error | Self::Throttle | Self::Fault => {
                digest.root.as_ref().is_some_and(|root| self.of_response(root.flags))
            }
        }
    }

    /// The class of a response. A 429 carries the error flag too, yet X-Ray calls it a throttle and not an error
    /// (`HasError` is false, docs/xray.md 6.2); so does `error` here. A response may be both an error and a fault. One
    /// that is still in progress is `ok` until a flag says otherwise.
    pub fn of_response(self, flags: Flags) -> bool {
        match self {
            Self::Ok => !flags.any(),
            Self::Error => flags.error && !flags.throttle,
            Self::Throttle => flags.throttle,
            Self::Fault => flags.fault,
            Self::Partial | Self::Inferred => false,
        }
    }
}

impl Number {
    pub const ALL: [Self; 4] = [Self::ResponseTime, Self::Duration, Self::SelfTime, Self::HttpStatus];

    pub fn name(self) -> &'static str {
        match self {
            Self::ResponseTime => "responsetime",
            Self::Duration => "duration",
            Self::SelfTime => "duration.self",
            Self::HttpStatus => "http.status",
        }
    }

    /// What is compared; `None` where the trace has no such number.
    pub fn of(self, digest: &TraceDigest) -> Option<f64> {
        match self {
            Self::ResponseTime => digest.response_time().map(Micros::as_seconds),
            Self::Duration => digest.duration().map(Micros::as_seconds),
            Self::SelfTime => digest.self_time().map(Micros::as_seconds),
            Self::HttpStatus => digest.root.as_ref()?.http.status.map(|status| status as f64),
        }
    }
}

impl Number {
    /// Where the classes of a number begin by which traces are grouped; none where each value is a class.
    pub(super) fn classes(self) -> &'static [f64] {
        match self {
            Self::ResponseTime | Self::Duration | Self::SelfTime => &TIMES,
            Self::HttpStatus => &[],
        }
    }
}

/// Seconds, from a millisecond to a quarter of an hour.
const TIMES: [f64; 19] = [
    0.0, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0,
    500.0,
];

impl Text {
    pub const ALL: [Self; 10] = [
        Self::HttpUrl,
        Self::HttpMethod,
        Self::UserAgent,
        Self::ClientIp,
        Self::User,
        Self::AvailabilityZone,
        Self::InstanceId,
        Self::ResourceArn,
        Self::AccountId,
        Self::Version,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::HttpUrl => "http.url",
            Self::HttpMethod => "http.method",
            Self::UserAgent => "http.useragent",
            Self::ClientIp => "http.clientip",
            Self::User => "user",
            Self::AvailabilityZone => "availabilityzone",
            Self::InstanceId => "instance.id",
            Self::ResourceArn => "resource.arn",
            Self::AccountId => "account.id",
            Self::Version => "version",
        }
    }

    /// Whether some text of the trace passes.
    pub fn any(self, digest: &TraceDigest, mut passes: impl FnMut(&str) -> bool) -> bool {
        let http = || digest.root.as_ref().map(|root| &root.http);
        let one = match self {
            Self::HttpUrl => http().and_then(|http| http.url.as_deref()),
            Self::HttpMethod => http().and_then(|http| http.method.as_deref()),
            Self::UserAgent => http().and_then(|http| http.user_agent.as_deref()),
            Self::ClientIp => http().and_then(|http| http.client_ip.as_deref()),
            Self::User => return digest.users.iter().any(|user| passes(user)),
            Self::AvailabilityZone => return digest.availability_zones.iter().any(|zone| passes(zone)),
            Self::InstanceId => return digest.instance_ids.iter().any(|id| passes(id)),
            Self::ResourceArn => return digest.resource_arns.iter().any(|arn| passes(arn)),
            Self::AccountId => {
                return digest.nodes.iter().filter_map(|node| node.key.account.as_deref()).any(passes);
            }
            Self::Version => return digest.versions.iter().any(|(_, version)| passes(version)),
        };
        one.is_some_and(passes)
    }

    /// Shows every text of the trace; one may come twice.
    pub fn each(self, digest: &TraceDigest, mut see: impl FnMut(&str)) {
        self.any(digest, |text| {
            see(text);
            false
        });
    }
}

impl CauseKind {
    pub const ALL: [Self; 3] = [Self::Fault, Self::Error, Self::ResponseTime];

    /// As in `rootcause.fault.service`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Fault => "fault",
            Self::Error => "error",
            Self::ResponseTime => "responsetime",
        }
    }

    pub fn of(self, digest: &TraceDigest) -> &[RootCause] {
        match self {
            Self::Fault => &digest.fault_causes,
            Self::Error => &digest.error_causes,
            Self::ResponseTime => &digest.response_time_causes,
        }
    }

    /// The names of the services on the ways to the causes; one may come twice.
    pub fn services(self, digest: &TraceDigest) -> impl Iterator<Item = &str> {
        let services = self.of(digest).iter().flat_map(|cause| &cause.services);
        services.map(|service| service.key.name.as_str())
    }
}
