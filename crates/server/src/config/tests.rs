//! Settings from the three places, which beats which, and what is said of mistakes.

use std::fs;
use std::time::Duration;

use super::*;

/// Loads with these variables and this file, which stands as `fluoro.yaml` in what is said.
fn load(flags: ServeFlags, variables: &[(&str, &str)], file: Option<&str>) -> Result<Config, String> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("fluoro.yaml");
    let mut flags = flags;
    if let Some(text) = file {
        fs::write(&path, text).unwrap();
        flags.config = Some(path.to_str().unwrap().to_owned());
    }
    let environment = |name: &str| {
        let variables = [("HOME", "/home/me")].iter().chain(variables);
        variables.rev().find(|(at, _)| *at == name).map(|(_, value)| OsString::from(value))
    };
    Config::load(&flags, &environment)
        .map_err(|mistakes| mistakes.to_string().replace(path.to_str().unwrap(), "fluoro.yaml"))
}

fn flags(change: impl FnOnce(&mut ServeFlags)) -> ServeFlags {
    let mut flags = ServeFlags::default();
    change(&mut flags);
    flags
}

fn text(text: &str) -> Option<String> {
    Some(text.to_owned())
}

#[test]
fn without_settings_it_listens_on_loopback_and_keeps_data_in_the_home_directory() {
    let config = load(ServeFlags::default(), &[], None).unwrap();
    assert_eq!(config.bind.to_string(), "127.0.0.1:2000");
    assert_eq!(config.store, StoreChoice::Local(PathBuf::from("/home/me/.local/share/fluoro")));
    assert!(config.demo == Demo::Off && config.without_effect.is_empty());
}

#[test]
fn the_flag_beats_the_environment_which_beats_the_file() {
    let file = Some("bind: 127.0.0.1:1\nstore: memory\n# a comment\ndemo: true\n");
    let variable = [("FLUORO_BIND", "127.0.0.1:2")];
    let check = |flags, variables: &[_], expected| {
        let config = load(flags, variables, file).unwrap();
        assert_eq!(
            (config.bind.port(), &config.store, config.demo),
            (expected, &StoreChoice::Memory, Demo::Calm)
        );
    };
    check(ServeFlags::default(), &[], 1);
    check(ServeFlags::default(), &variable, 2);
    check(flags(|flags| flags.bind = text("127.0.0.1:3")), &variable, 3);
    check(ServeFlags::default(), &[("FLUORO_BIND", "")], 1);
}

#[test]
fn a_switch_can_be_turned_off_where_a_weaker_place_turns_it_on() {
    let config = load(flags(|flags| flags.demo = text("false")), &[("FLUORO_DEMO", "1")], None).unwrap();
    assert_eq!(config.demo, Demo::Off);
    let outage = load(flags(|flags| flags.demo = text("outage")), &[], None).unwrap();
    assert_eq!(outage.demo, Demo::Outage);
    let wrong = load(flags(|flags| flags.demo = text("sometimes")), &[], None).unwrap_err();
    assert!(wrong.contains("`sometimes` is neither true, false nor outage"), "{wrong}");
}

#[test]
fn the_data_directory_follows_xdg() {
    let check = |variables: &[_], expected: &str| {
        assert_eq!(
            load(ServeFlags::default(), variables, None).unwrap().store,
            StoreChoice::Local(PathBuf::from(expected))
        );
    };
    check(&[("XDG_DATA_HOME", "/data")], "/data/fluoro");
    check(&[("XDG_DATA_HOME", "relative")], "/home/me/.local/share/fluoro");
    check(&[("XDG_DATA_HOME", "/data"), ("FLUORO_DATA_DIR", "here")], "here");
}

#[test]
fn all_mistakes_are_told_at_once_each_with_its_place() {
    let file = Some("bnid: 1\ndata_dir: /x\n\nretention: soon\nlog-format: [json]\ndemo:\n");
    let flags = flags(|flags| flags.bind = text("2000"));
    let variables = [("FLUORO_STORE", "clickhouse://one,two"), ("FLUORO_LOG", "a=b=c")];
    let message = load(flags, &variables, file).unwrap_err();
    insta::assert_snapshot!(message, @r"
    8 settings are wrong:
      bnid: unknown key; did you mean `bind`? (fluoro.yaml:1)
      data_dir: unknown key; did you mean `data-dir`? (fluoro.yaml:2)
      bind: `2000` is not an address and a port, such as 127.0.0.1:2000 or [::]:2000 (--bind)
      retention: `soon` is not a time, such as 12h, 30d or 8w (fluoro.yaml:4)
      store: names several hosts and no cluster: name it, as in clickhouse://host1,host2/fluoro?cluster=NAME, or one host (FLUORO_STORE)
      demo: has no value (fluoro.yaml:6)
      log-format: is a list; it must be a single value (fluoro.yaml:5)
      FLUORO_LOG: `a=b=c` does not say what to log, such as `debug` or `info,ingest=trace` (FLUORO_LOG)
    ");
}

#[test]
fn clickhouse_goes_with_postgres() {
    let wrong = |store: &str, settings: Option<&str>| {
        let flags = flags(|flags| (flags.store, flags.settings) = (text(store), settings.map(str::to_owned)));
        load(flags, &[], None).unwrap_err()
    };
    assert!(wrong("clickhouse://host", None).contains("settings: must be given with ClickHouse"));
    let message = wrong("clickhouse://host", Some("mysql://host"));
    assert!(message.contains("settings: must begin with postgres:// (--settings)"), "{message}");
    assert!(wrong("memory", Some("postgres://host")).contains("settings: is for --store clickhouse"));
    assert!(!wrong("clikhouse://ann:secret@host", None).contains("secret"));
    let variables = [
        ("FLUORO_SETTINGS", "postgres://host/fluoro"),
        ("FLUORO_RETENTION", "30d"),
        ("FLUORO_RETENTION_DISK", "80%"),
    ];
    let config =
        load(flags(|flags| flags.store = text("clickhouse://ann:secret@host")), &variables, None).unwrap();
    let StoreChoice::ClickHouse(store) = &config.store else { panic!("{config:?}") };
    assert_eq!(store.place(), "clickhouse://ann@host:8123/fluoro");
    assert_eq!(store.retention, Some(Duration::from_secs(30 * 24 * 60 * 60)));
    assert_eq!(config.audit, AuditTo::Output, "nothing is kept on this machine");
    assert_eq!(config.without_effect, ["retention-disk, since the disk is ClickHouse's"]);
    assert!(!format!("{config:?}").contains("secret"));
}

#[test]
fn a_mirror_is_of_a_data_directory() {
    let load = |store: Option<&str>, mirror: &str, settings: Option<&str>| {
        let flags = flags(|flags| {
            flags.store = store.map(str::to_owned);
            (flags.store_mirror, flags.settings) = (text(mirror), settings.map(str::to_owned));
        });
        load(flags, &[], None)
    };
    let postgres = Some("postgres://host/fluoro");
    let config = load(None, "clickhouse://ann:secret@host", postgres).unwrap();
    let mirror = config.mirror.as_ref().unwrap();
    assert_eq!((mirror.place(), mirror.digests), ("clickhouse://ann@host:8123/fluoro".to_owned(), false));
    assert!(matches!(config.store, StoreChoice::Local(_)) && !format!("{config:?}").contains("secret"));
    let wrong = load(None, "clickhouse://host", None).unwrap_err();
    assert!(wrong.contains("settings: must be given with ClickHouse"), "{wrong}");
    let wrong = load(Some("clickhouse://one"), "clickhouse://other", postgres).unwrap_err();
    assert!(wrong.contains("store-mirror: is for traces in a data directory"), "{wrong}");
    let wrong = load(None, "local", postgres).unwrap_err();
    assert!(wrong.contains("store-mirror: `local` is no URL"), "{wrong}");
}

#[test]
fn a_file_that_is_none_is_told_by_name() {
    let check = |file: &str, expected: &str| {
        let message = load(ServeFlags::default(), &[], Some(file)).unwrap_err();
        assert!(message.contains(expected), "{message}");
    };
    check("- a\n- b\n", "`fluoro.yaml` is not a YAML file of keys and values");
    check("bind: [\n", "(fluoro.yaml:1)");
    check("bind: 127.0.0.1:1\nbind: 127.0.0.1:2\n", "(fluoro.yaml:2)");
    let gone = flags(|flags| flags.config = text("/nowhere/fluoro.yaml"));
    let message = load(gone, &[], None).unwrap_err();
    assert!(message.contains("`/nowhere/fluoro.yaml` cannot be read: No such file"), "{message}");
}

#[test]
fn links_to_logs_are_a_list_in_the_file() {
    let file = "log-links:\n- title: Loki\n  url: https://l/{trace_id}\n- {service: shop, title: b, url: 'http://b/'}\n";
    let config = load(ServeFlags::default(), &[], Some(file)).unwrap();
    let rules: Vec<_> = config.log_links.as_slice().iter().map(|rule| (&*rule.service, &*rule.url)).collect();
    assert_eq!(rules, [("*", "https://l/{trace_id}"), ("shop", "http://b/")]);
    let check = |file: &str, expected: &str| {
        let message = load(ServeFlags::default(), &[], Some(file)).unwrap_err();
        assert!(message.contains(expected), "{message}");
    };
    check("log-links: https://l/", "log-links: must be a list, with `- ` before each of it (fluoro.yaml:1)");
    check("bind: 127.0.0.1:1\nlog-links:\n- url: https://l/", "missing field `title` (fluoro.yaml:2)");
    check("log-links:\n- {title: a, url: 'https://l/', what: 1}", "unknown field `what`");
    check(
        "log-links:\n- {title: a, url: 'ftp://l/'}",
        "rule 1, url, character 1: it must begin with https://",
    );
    check("bind:\n- a", "bind: is a list; it must be a single value");
}

#[test]
fn the_links_to_logs_that_the_documents_show_are_taken() {
    let page = include_str!("../../../../docs/logs.md");
    let shown = page.split("```yaml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let config = load(ServeFlags::default(), &[], Some(shown)).unwrap();
    let titles: Vec<&str> = config.log_links.as_slice().iter().map(|rule| &*rule.title).collect();
    assert_eq!(titles, ["Loki", "Elasticsearch", "CloudWatch Logs", "Datadog"]);
}

#[test]
fn an_empty_file_gives_nothing() {
    assert!(load(ServeFlags::default(), &[], Some("")).is_ok());
    assert!(load(ServeFlags::default(), &[], Some("# nothing yet\n")).is_ok());
}

#[test]
fn the_ports_of_otlp_are_open_on_loopback_unless_told_otherwise() {
    let check = |bind: &str, given: Option<&str>, expected: OtlpPort| {
        let given = flags(|flags| {
            flags.bind = text(bind);
            flags.otlp_grpc = given.map(str::to_owned);
        });
        assert_eq!(load(given, &[], None).unwrap().otlp_grpc, expected, "{bind}");
    };
    let address = |text: &str| text.parse().unwrap();
    check("127.0.0.1:2000", None, OtlpPort::Usual(address("127.0.0.1:4317")));
    check("0.0.0.0:2000", None, OtlpPort::Usual(address("127.0.0.1:4317")));
    check("0.0.0.0:2000", Some("0.0.0.0:4317"), OtlpPort::Given(address("0.0.0.0:4317")));
    check("127.0.0.1:2000", Some("off"), OtlpPort::Off);
    // One of several servers on a machine.
    check("127.0.0.1:0", None, OtlpPort::Off);
    check("127.0.0.1:0", Some("127.0.0.1:0"), OtlpPort::Given(address("127.0.0.1:0")));
    let wrong = flags(|flags| flags.otlp_http = text("on"));
    assert!(load(wrong, &[], None).unwrap_err().to_string().contains("nor off"));
}

#[test]
fn traces_are_kept_for_a_time_and_for_a_share_of_the_disk() {
    let day = Duration::from_secs(24 * 60 * 60);
    let given = flags(|flags| {
        flags.retention = text("30d");
        flags.retention_faults = text("8w");
        flags.retention_disk = text("80%");
    });
    let retention = load(given, &[], None).unwrap().retention;
    assert_eq!((retention.age, retention.faults), (Some(30 * day), Some(56 * day)));
    assert_eq!(retention.disk_percent, Some(80));
    for bad in ["30", "d", "0d", "-1d", "+1d", "1.5d", "30 d", "3é"] {
        assert!(load(flags(|flags| flags.retention = text(bad)), &[], None).is_err(), "{bad}");
    }
    for bad in ["80", "0%", "101%", "%", "8.5%", "-1%"] {
        assert!(load(flags(|flags| flags.retention_disk = text(bad)), &[], None).is_err(), "{bad}");
    }
    for retention in [None, text("3d")] {
        let given = flags(|flags| {
            flags.retention = retention;
            flags.retention_faults = text("2d");
        });
        let message = load(given, &[], None).unwrap_err();
        assert!(message.contains("must be longer than `retention`"), "{message}");
    }
}

#[test]
fn without_a_home_directory_the_data_directory_must_be_given() {
    let mistakes = Config::load(&ServeFlags::default(), &|_| None).unwrap_err();
    assert!(mistakes.to_string().contains("no home directory"), "{mistakes}");
    let memory = flags(|flags| flags.store = text("memory"));
    assert!(Config::load(&memory, &|_| None).is_ok());
}

#[test]
fn authentication_is_off_unless_asked_for_and_its_keys_lie_with_the_data() {
    let config = load(ServeFlags::default(), &[], None).unwrap();
    assert!(!config.auth && !config.udp_open && config.tls.is_none());
    assert_eq!(config.keys_file, Some(PathBuf::from("/home/me/.local/share/fluoro/keys.json")));
    let file = Some("auth: on\ndata-dir: /data\ntls-cert: /tls/tls.crt\ntls-key: /tls/tls.key\n");
    let config = load(ServeFlags::default(), &[("FLUORO_UDP_OPEN", "1")], file).unwrap();
    assert!(config.auth && config.udp_open);
    assert_eq!(config.keys_file, Some(PathBuf::from("/data/keys.json")));
    assert_eq!(config.tls.unwrap().own.key, PathBuf::from("/tls/tls.key"));
    let elsewhere = load(flags(|flags| flags.keys = text("/etc/keys.json")), &[], file).unwrap();
    assert_eq!(elsewhere.keys_file, Some(PathBuf::from("/etc/keys.json")));
}

#[test]
fn half_a_certificate_and_an_unknown_kind_of_authentication_are_mistakes() {
    let check = |file, expected: &str| {
        let mistakes = load(ServeFlags::default(), &[], Some(file)).unwrap_err();
        assert!(mistakes.contains(expected), "{mistakes}");
    };
    check("tls-cert: /tls/tls.crt\n", "tls-key: must be given, since a certificate and its key go together");
    check("tls-key: /tls/tls.key\n", "tls-cert: must be given");
    check(
        "tls-client-ca: /tls/ca.crt\n",
        "tls-cert: must be given, since clients show certificates by TLS alone",
    );
    check("auth: sometimes\n", "auth: `sometimes` is neither on nor off (fluoro.yaml:1)");
    let homeless = Config::load(
        &flags(|flags| {
            flags.auth = text("on");
            flags.store = text("memory");
        }),
        &|_| None,
    );
    assert!(
        homeless.unwrap_err().to_string().contains("keys: must be given, since there is no home directory")
    );
}

#[test]
fn every_flag_is_heeded_and_can_stand_in_the_file() {
    use clap::{Args, FromArgMatches};
    let command = || ServeFlags::augment_args(clap::Command::new("serve"));
    for flag in command().get_arguments().filter_map(|argument| argument.get_long()) {
        if flag == "config" {
            continue;
        }
        let matches = command().try_get_matches_from(["serve", &format!("--{flag}=x")]).unwrap();
        let flags = ServeFlags::from_arg_matches(&matches).unwrap();
        assert!(source::is_known(&flags, flag), "--{flag}");
    }
}

#[test]
fn proxies_are_trusted_by_their_networks_and_never_everybody() {
    let check = |networks: &str| load(flags(|flags| flags.trusted_proxies = text(networks)), &[], None);
    assert_eq!(load(ServeFlags::default(), &[], None).unwrap().trusted_proxies, Proxies::default());
    let trusted = check("10.0.0.0/8, 192.0.2.7,").unwrap().trusted_proxies;
    assert!(trusted.contains([10, 1, 2, 3].into()) && trusted.contains([192, 0, 2, 7].into()));
    assert!(!trusted.contains([192, 0, 2, 8].into()));
    assert_eq!(
        check("10.0.0.0/33").unwrap_err(),
        "a setting is wrong:\n  trusted-proxies: `10.0.0.0/33` is no network, such as 10.0.0.0/8 (--trusted-proxies)"
    );
    assert!(check("10.0.0.0/8,0.0.0.0/0").unwrap_err().contains("`0.0.0.0/0` is every address"));
}
