//! What the segment of an incoming request is called.

use std::borrow::Cow;

use sampling::wildcard;

use crate::recorder::Core;
use crate::value;

/// How segments of incoming requests are named. `AWS_XRAY_TRACING_NAME` is stronger: it takes the place of a fixed name,
/// or of the fallback.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub enum Naming {
    /// By the recorder's name.
    #[default]
    Recorder,
    /// By this name.
    Fixed(Cow<'static, str>),
    /// By the request's `Host` where it matches one of the patterns, as [`Naming::dynamic`] says.
    Dynamic {
        /// With `*` and `?`; case is ignored.
        patterns: Vec<String>,
        /// For all other requests.
        fallback: Cow<'static, str>,
    },
}

impl Naming {
    /// Always this name.
    pub fn fixed(name: impl Into<Cow<'static, str>>) -> Self {
        Self::Fixed(value::name(name.into()))
    }

    /// The request's `Host`, with its port, where it matches the pattern; else the fallback.
    ///
    /// ```
    /// let naming = fluoro_sdk::Naming::dynamic("*.example.com", "shop");
    /// ```
    pub fn dynamic(pattern: impl Into<String>, fallback: impl Into<Cow<'static, str>>) -> Self {
        Self::Dynamic { patterns: vec![pattern.into()], fallback: value::name(fallback.into()) }
    }

    /// One pattern more.
    pub fn or(mut self, pattern: impl Into<String>) -> Self {
        if let Self::Dynamic { patterns, .. } = &mut self {
            patterns.push(pattern.into());
        }
        self
    }

    pub(crate) fn name(&self, core: &Core, host: Option<&str>) -> Cow<'static, str> {
        let or = |name: &Cow<'static, str>| core.tracing_name.as_ref().unwrap_or(name).clone();
        match self {
            Self::Recorder => or(&core.name),
            Self::Fixed(name) => or(name),
            Self::Dynamic { patterns, fallback } => {
                let host =
                    host.filter(|host| patterns.iter().any(|pattern| wildcard::matches(pattern, host)));
                host.map_or_else(|| or(fallback), |host| value::name(host.to_owned().into()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Recorder;

    #[test]
    fn the_environment_replaces_a_fixed_name_or_the_fallback() {
        let plain: fn(&str) -> Option<String> = |_| None;
        let named: fn(&str) -> Option<String> =
            |key| (key == "AWS_XRAY_TRACING_NAME").then(|| "env".to_owned());
        let check = |environment, naming: Naming, host, expected: &str| {
            let recorder = Recorder::builder().name("own").memory().environment(environment).build().unwrap();
            let core = recorder.core().unwrap();
            assert_eq!(naming.name(core, host), expected);
        };
        let dynamic = || Naming::dynamic("*.example.com", "fallback").or("localhost:*");
        check(plain, Naming::Recorder, None, "own");
        check(plain, Naming::fixed("fixed"), Some("a.example.com"), "fixed");
        check(plain, dynamic(), Some("A.Example.com"), "A.Example.com");
        check(plain, dynamic(), Some("localhost:80"), "localhost:80");
        check(plain, dynamic(), Some("evil.com"), "fallback");
        check(plain, dynamic(), None, "fallback");
        check(named, Naming::Recorder, None, "env");
        check(named, Naming::fixed("fixed"), None, "env");
        check(named, dynamic(), Some("a.example.com"), "a.example.com");
        check(named, dynamic(), Some("evil.com"), "env");
    }
}
