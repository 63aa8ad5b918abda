//! Tests of the settings: both degrees of strictness, their texts, and what beats what.

use super::*;
use crate::flags;

fn lenient(text: &str) -> Result<Config, String> {
    let file = file::parse_lenient(text).map_err(|error| error.to_string())?;
    Config::merge(&Flags::default(), file).map_err(|error| error.to_string())
}

fn strict(text: &str) -> Result<Config, String> {
    let file = file::parse_strict(text).map_err(|error| error.to_string())?;
    Config::merge(&Flags::default(), file).map_err(|error| error.to_string())
}

fn defaults() -> Config {
    Config::load(&Flags::default(), &[]).unwrap()
}

#[test]
fn without_a_file_the_defaults_are_the_daemons() {
    let config = defaults();
    assert_eq!(
        (config.udp_address.as_str(), config.tcp_address.as_str()),
        (DEFAULT_ADDRESS, DEFAULT_ADDRESS)
    );
    assert_eq!((config.buffer_megabytes, config.concurrency), (0, 8));
    assert!(config.log.rotate && config.verify_tls && !config.local_mode && !config.proxy_all);
    assert_eq!(config.endpoints, [String::new().into()]);
    assert_eq!(config.spool, None);
}

#[test]
fn files_that_people_have_are_taken_as_they_are() {
    let aws = include_str!("../../tests/data/aws-cfg.yaml");
    assert_eq!(strict(aws).unwrap(), Config { log: strict(aws).unwrap().log, ..defaults() });
    assert_eq!(strict(aws).unwrap().log.level, "prod");
    let cloudwatch = strict(include_str!("../../tests/data/cloudwatch-cfg.yaml")).unwrap();
    assert_eq!(cloudwatch.udp_address, "127.0.0.1:2000");
    let kubernetes = "TotalBufferSizeMB: 24\nSocket:\n  UDPAddress: \"0.0.0.0:2000\"\n  TCPAddress: \"0.0.0.0:2000\"\nVersion: 2\n";
    let config = strict(kubernetes).unwrap();
    assert_eq!((config.buffer_megabytes, config.udp_address.as_str()), (24, "0.0.0.0:2000"));
    assert_eq!(config.tcp_address, "0.0.0.0:2000");
}

#[test]
fn a_file_of_version_1_may_have_the_keys_of_version_2() {
    let config = strict("Socket: {TCPAddress: '127.0.0.1:9'}\nVersion: 1").unwrap();
    assert_eq!(config.tcp_address, "127.0.0.1:9");
}

#[test]
fn yaml_is_read_as_version_1_1() {
    for yes in ["yes", "on", "true", "True", "Yes", "ON"] {
        assert!(strict(&format!("LocalMode: {yes}\nVersion: 2")).unwrap().local_mode, "{yes}");
    }
    assert!(!strict("LocalMode: off\nVersion: 2").unwrap().local_mode);
    assert_eq!(strict("Region: a\nRegion: b\nVersion: 2").unwrap().region, "b");
    assert_eq!(strict("Region:\nLogging:\n  LogLevel: ~\nVersion: 2").unwrap().region, "");
}

#[test]
fn zero_and_nothing_mean_the_default() {
    let config =
        strict("Concurrency: 0\nSocket: {UDPAddress: ''}\nTotalBufferSizeMB: 0\nVersion: 2").unwrap();
    assert_eq!((config.concurrency, config.udp_address.as_str()), (8, DEFAULT_ADDRESS));
}

#[test]
fn keys_that_nobody_knows_matter_only_in_a_file_that_was_asked_for() {
    assert_eq!(lenient("Nonsense: 1\nProcessor: {Region: x}\nVersion: 1").unwrap(), defaults());
    assert!(lenient("Nonsense: 1").is_err());
}

#[test]
fn each_mistake_has_the_daemons_text() {
    let check = |text: &str, expected: &str| {
        let error = strict(text).unwrap_err();
        assert!(error.starts_with(expected), "{text:?}: {error}");
    };
    check("Region: x", "Config Version is missing. Use X-Ray Daemon Config Migration Script ");
    check("", "Config Version Setting is not correct. Use X-Ray Daemon Config Migration Script ");
    check("Version: 3", "Config Version Setting is not correct. Use X-Ray Daemon Config Migration Script ");
    for key in [
        "Profile: {CPU",
        "Profile: {Memory",
        "Socket: {BufferSizeKB",
        "Logging: {LogFormat",
        "Processor: {BatchProcessorQueueSize",
    ] {
        let path = key.replace(": {", ".");
        check(&format!("{key}: 1}}\nVersion: 2"), &format!("{path} flag is not supported any more. "));
    }
    for (key, path) in [
        ("LogRotation: 1", "LogRotation"),
        ("MemoryLimit: 1", "MemoryLimit"),
        ("Processor: {Region: x}", "Processor.Region"),
        ("Processor: {Endpoint: x}", "Processor.Endpoint"),
        ("Processor: {Routine: 1}", "Processor.Routine"),
    ] {
        let expected = format!("{path} flag is not supported. Use X-Ray Daemon Config Migration Script ");
        check(&format!("{key}\nVersion: 2"), &expected);
    }
    check("Nonsense: 1\nVersion: 2", "Nonsense flag is invalid. ");
    check("Socket: {Nonsense: 1}\nVersion: 2", "Socket.Nonsense flag is invalid. ");
    check("Socket:\nVersion: 2", "Socket flag is invalid. ");
    check("Version: [", "Error occur when using config flag: yaml: ");
    check("Version: \"2\"", "Error occur when using config flag: yaml: ");
    check("TotalBufferSizeMB: many\nVersion: 2", "Error occur when using config flag: yaml: ");
    check("just text", "Error occur when using config flag: yaml: ");
    assert!(strict("proxyserver: {idleconntimeout: 5}\nVersion: 2").is_ok());
}

#[test]
fn flags_beat_the_file_and_the_default_file_is_read_even_where_another_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let default = write("cfg.yaml", "Region: default\nRoleARN: r\nVersion: 2");
    let named = write("named.yaml", "Region: named\nSocket: {UDPAddress: 'a:1'}\nVersion: 2");
    let parse = |line: String| match flags::parse(line.split_whitespace().map(str::to_owned)) {
        Ok(flags::Command::Run(flags)) => flags,
        other => panic!("{other:?}"),
    };
    let load = |line: String, files: &[&Path]| Config::load(&parse(line), files);
    assert_eq!(load(String::new(), &[&default]).unwrap().region, "default");
    let config = load(format!("-c {} -b b:2 -m 5 -o", named.display()), &[&default]).unwrap();
    assert_eq!((config.region.as_str(), config.role_arn.as_str()), ("named", ""));
    assert_eq!((config.udp_address.as_str(), config.buffer_megabytes), ("b:2", 5));
    assert!(config.local_mode);
    let broken = write("broken.yaml", "Version: [");
    assert!(load(format!("-c {}", named.display()), &[&broken]).is_err());
    assert!(load("-c /nowhere/cfg.yaml".to_owned(), &[]).is_err());
}

#[test]
fn several_upstreams_may_be_named_and_the_first_is_that_of_endpoint() {
    let check = |text: &str, expected: &[&str]| {
        let found = strict(&format!("{text}\nVersion: 2")).unwrap().endpoints;
        let expected: Vec<UpstreamConfig> = expected.iter().map(|it| String::from(*it).into()).collect();
        assert_eq!(found, expected, "{text}");
    };
    check("Endpoint: http://a", &["http://a"]);
    check("Endpoint: ''", &[""]);
    check("Endpoints: [http://a, aws]", &["http://a", "aws"]);
    check("Endpoint: ''\nEndpoints: [http://a, aws]", &["http://a", "aws"]);
    check("Endpoint: http://a\nEndpoints: [aws]", &["http://a", "aws"]);
    check("Endpoints: [http://a, ~]", &["http://a", ""]);
    check("Endpoints: [{Endpoint: http://a}, {Endpoint: aws, Protocol: xray}]", &["http://a", "aws"]);
}

#[test]
fn an_upstream_may_speak_otlp() {
    let config = strict(
        "Endpoints:\n- http://fluoro:2000\n- Endpoint: https://otlp.example:4318\n  Protocol: otlp\n  Compression: none\n  Headers:\n    x-api-key: ' s3cret'\nVersion: 2",
    )
    .unwrap();
    let [_, otlp] = &config.endpoints[..] else { panic!("{config:?}") };
    assert_eq!((otlp.address.as_str(), otlp.protocol), ("https://otlp.example:4318", Protocol::Otlp));
    assert_eq!(otlp.compression, Some(Compression::None));
    assert_eq!(otlp.headers[0].0, "x-api-key");
    assert_eq!(otlp.headers[0].1, "s3cret");
    assert!(!format!("{config:?}").contains("s3cret"), "{config:?}");
}

#[test]
fn an_upstream_may_be_shown_a_certificate_and_be_known_by_another_authority() {
    let text = "Endpoints:\n- Endpoint: https://a\n  CAFile: /tls/ca.crt\n  CertificateFile: /tls/a.crt\n  KeyFile: /tls/a.key\nVersion: 2";
    let [upstream] = &strict(text).unwrap().endpoints[..] else { panic!("{text}") };
    assert_eq!(upstream.authorities.as_deref(), Some(Path::new("/tls/ca.crt")));
    let files = upstream.certificate.as_ref().unwrap();
    assert_eq!(
        (files.certificate.as_path(), files.key.as_path()),
        (Path::new("/tls/a.crt"), Path::new("/tls/a.key"))
    );
    let error = strict(&format!("NoVerifySSL: true\n{text}")).unwrap_err();
    assert!(error.starts_with("Endpoints has a CAFile, and NoVerifySSL takes any certificate"), "{error}");
}

#[test]
fn a_header_may_hold_variables_of_the_environment() {
    let environment = |name: &str| match name {
        "KEY" => Some("s3cret".to_owned()),
        "ODD" => Some("${KEY}".to_owned()),
        "LINES" => Some("a\nb".to_owned()),
        _ => None,
    };
    let headers = |value: &'static str| {
        let headers = vec![("a".parse().unwrap(), http::HeaderValue::from_static(value))];
        let upstream = UpstreamConfig { headers, ..String::new().into() };
        upstream.headers(&environment).map_err(|error| error.to_string())
    };
    let check = |value, expected: &str| {
        let headers = headers(value).unwrap();
        assert_eq!(headers["a"], expected);
        assert!(!format!("{headers:?}").contains("s3cret") || value == expected, "{headers:?}");
    };
    check("plain $5", "plain $5");
    check("Bearer ${KEY}", "Bearer s3cret");
    check("${KEY}:${ODD}!", "s3cret:${KEY}!");
    let fails = |value, expected: &str| {
        let error = headers(value).unwrap_err();
        assert!(error.starts_with(&format!("Endpoints: the value of the header a {expected}")), "{error}");
        assert!(!error.contains("s3cret"), "{error}");
    };
    fails("${NONE}", "names the variable NONE, which is not set; set it");
    fails("${KEY", "has ${ without the }");
    fails("${LINES}", "is not one with what the variable LINES holds");
}

#[test]
fn what_the_documentation_shows_of_it_can_be_pasted() {
    let page = include_str!("../../../../docs/otlp.md");
    let files = page.split("```yaml\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let speaks = |text: &str| strict(text).unwrap().endpoints.iter().any(|it| it.protocol != Protocol::Xray);
    assert_eq!(files.map(speaks).collect::<Vec<_>>(), [true; 3]);
}

#[test]
fn a_mistake_in_an_upstream_is_named_with_its_place_and_never_with_a_secret() {
    let check = |entry: &str, expected: &str| {
        let error = strict(&format!("Endpoints: [aws, {entry}]\nVersion: 2")).unwrap_err();
        assert_eq!(error, format!("Endpoints[1]{expected}"), "{entry}");
    };
    check("5", " is neither an address nor keys such as Endpoint and Protocol.");
    check("{Protocol: zipkin}", ".Protocol is \"zipkin\", not xray, otlp or otlp-grpc.");
    check(
        "{Url: http://a}",
        ".Url is unknown; an entry has Endpoint, Protocol, Headers, Compression, CAFile, CertificateFile and KeyFile.",
    );
    check("{Endpoint: [a]}", ".Endpoint is not a text; put it in quotes.");
    check("{Compression: snappy}", ".Compression is \"snappy\", not auto, none, gzip or zstd.");
    check("{Endpoint: 'https://a', CertificateFile: a.crt}", ".CertificateFile needs KeyFile beside it.");
    check("{Endpoint: 'https://a', KeyFile: a.key}", ".KeyFile needs CertificateFile beside it.");
    check(
        "{Endpoint: 'http://a', CAFile: ca.crt}",
        ".Endpoint begins with http://, where no certificate is shown or looked at; say https:// there.",
    );
    let otlp = |rest: &str| format!("{{Endpoint: 'http://a', Protocol: otlp, {rest}}}");
    check(
        "{Headers: {a: s3cret}}",
        ".Headers is for Protocol: otlp and otlp-grpc; requests to X-Ray and Fluoro are signed instead.",
    );
    check(&otlp("Headers: [a]"), ".Headers is not names of headers with their values.");
    check(&otlp("Headers: {a: 5}"), ".Headers.a is not a text; put it in quotes.");
    check(
        &otlp("Headers: {'a b': x}"),
        ".Headers.a b is not a header: its name has a character that none has.",
    );
    check(&otlp("Headers: {Content-Type: x}"), ".Headers.Content-Type is set by the agent; leave it out.");
    check(
        &otlp("Headers: {a: \"s3\\ncret\"}"),
        ".Headers.a has a value with a line break or another control character.",
    );
    check(
        "{Endpoint: aws, Protocol: otlp-grpc}",
        ".Endpoint is aws, and X-Ray takes OTLP by HTTP alone, which is Protocol: otlp.",
    );
    check("{Protocol: otlp}", " has no Endpoint; give the address of the backend, or aws for X-Ray's own.");
    check(
        "{Endpoint: 'http://a:4317/v1/traces', Protocol: otlp-grpc}",
        ".Endpoint has a path, which gRPC has none of; leave it out, or say Protocol: otlp.",
    );
    check(
        "{Endpoint: 'http://me:s3cret@a', Protocol: otlp}",
        ".Endpoint has a user in it; put what the backend asks for into Headers.",
    );
    check(
        "{Endpoint: 'http://a?key=s3cret', Protocol: otlp}",
        ".Endpoint has a query; leave it out, and put keys into Headers.",
    );
}
