//! The flags of `fluoro serve`, as text and without a look at files or environment.

use clap::Args;

/// Each is text here, since the environment and the file can give the same settings, and all mistakes of all
/// three are told at once; see `config`.
#[derive(Debug, Clone, Default, Args)]
#[command(after_help = AFTER_HELP)]
pub struct ServeFlags {
    /// YAML file with settings
    #[arg(long, value_name = "FILE")]
    pub config: Option<String>,
    /// Where to listen, for UDP (segments of X-Ray SDKs) and TCP (X-Ray API, console) alike; port 0 takes a
    /// free one [default: 127.0.0.1:2000]
    #[arg(long, help_heading = "Listen", value_name = "ADDR:PORT")]
    pub bind: Option<String>,
    /// Where to listen for OTLP over gRPC; `off` for nowhere [default: 127.0.0.1:4317, if it is free]
    #[arg(long, help_heading = "Listen", value_name = "ADDR:PORT|off")]
    pub otlp_grpc: Option<String>,
    /// Where to listen for OTLP over HTTP; `off` for nowhere. Either port takes either protocol, and so does that of
    /// --bind [default: 127.0.0.1:4318, if it is free]
    #[arg(long, help_heading = "Listen", value_name = "ADDR:PORT|off")]
    pub otlp_http: Option<String>,
    /// Origins whose pages may send spans from a browser, with commas between them, such as `https://app.example.com` or
    /// `https://*.example.com` [default: none]
    #[arg(long, help_heading = "Listen", value_name = "ORIGINS")]
    pub otlp_cors: Option<String>,
    /// Where traces are kept [default: $XDG_DATA_HOME/fluoro, else ~/.local/share/fluoro]
    #[arg(long, help_heading = "Keep", value_name = "DIR")]
    pub data_dir: Option<String>,
    /// How long traces are kept, such as 12h or 30d [default: for ever]
    #[arg(long, help_heading = "Keep", value_name = "TIME")]
    pub retention: Option<String>,
    /// How long traces with an error, a throttle or a fault are kept [default: as long as the others]
    #[arg(long, help_heading = "Keep", value_name = "TIME")]
    pub retention_faults: Option<String>,
    /// How much of the space that is there for traces they may take, such as 80%; the oldest go first
    /// [default: all of it]
    #[arg(long, help_heading = "Keep", value_name = "PERCENT")]
    pub retention_disk: Option<String>,
    /// File of keys to encrypt traces on disk with, one a line in 64 hexadecimal digits: new data with the first;
    /// see docs/security.md [default: not encrypted]
    #[arg(long, help_heading = "Keep", value_name = "FILE")]
    pub encryption_key: Option<String>,
    /// What keeps the traces: `local` (the data directory), `memory` (nothing survives a restart), or ClickHouse at
    /// clickhouse://USER:PASSWORD@HOST:8123/DATABASE; see docs/clickhouse.md [default: local]
    #[arg(long, help_heading = "Keep", value_name = "URL")]
    pub store: Option<String>,
    /// ClickHouse, as in --store, that gets all traces of the data directory as well, to move there while the service runs; see
    /// docs/scale.md
    #[arg(long, help_heading = "Keep", value_name = "URL")]
    pub store_mirror: Option<String>,
    /// With ClickHouse, the PostgreSQL that says what in it is whose: postgres://USER:PASSWORD@HOST/DATABASE
    #[arg(long, help_heading = "Keep", value_name = "URL")]
    pub settings: Option<String>,
    /// `on` asks everybody for an access key or a token, see `fluoro keys` [default: off]
    #[arg(long, help_heading = "Access", value_name = "off|on")]
    pub auth: Option<String>,
    /// File of keys [default: keys.json in the data directory]
    #[arg(long, help_heading = "Access", value_name = "FILE")]
    pub keys: Option<String>,
    /// With `--auth on` or `--tls-client-ca`, take UDP at the address of --bind and not on loopback alone, although datagrams cannot
    /// be signed: whoever reaches it can send segments
    #[arg(long, help_heading = "Access", value_name = "true|false", num_args = 0..=1, default_missing_value = "true", require_equals = true)]
    pub udp_open: Option<String>,
    /// Names under which this server is reached, with commas between them, where there is no `--auth`: of others than
    /// private names and addresses, requests are refused, since anybody can point a name at this machine
    #[arg(long, help_heading = "Access", value_name = "NAMES")]
    pub host_name: Option<String>,
    /// Networks of proxies in front of this server, with commas between them, such as 10.0.0.0/8: the address that they tell in
    /// `X-Forwarded-For` or `Forwarded` is the client's, for limits, policies and the audit log; see docs/security.md
    /// [default: nobody is asked]
    #[arg(long, help_heading = "Access", value_name = "NETS")]
    pub trusted_proxies: Option<String>,
    /// Where changes, sign-ins and refusals are written, a line of JSON each: a file, `-` for standard output, or `off`
    /// [default: audit.log in the data directory]
    #[arg(long, help_heading = "Access", value_name = "FILE|-|off", allow_hyphen_values = true)]
    pub audit_log: Option<String>,
    /// Names of members whose values no capsule of this server has, with commas between them and wildcards, such as
    /// `user,client_ip,*email*`: see docs/capsule.md [default: none]
    #[arg(long, help_heading = "Access", value_name = "NAMES")]
    pub capsule_redact: Option<String>,
    /// Certificate chain for HTTPS, PEM; read again when it changes
    #[arg(long, help_heading = "Listen", value_name = "FILE")]
    pub tls_cert: Option<String>,
    /// Key of the certificate, PEM
    #[arg(long, help_heading = "Listen", value_name = "FILE")]
    pub tls_key: Option<String>,
    /// Certificates of authorities, PEM; clients must show a certificate that one of them signed, on every TCP port.
    /// Probes need none. Read again when it changes [default: clients are not asked]
    #[arg(long, help_heading = "Listen", value_name = "FILE")]
    pub tls_client_ca: Option<String>,
    /// YAML file with the `Endpoints` that get a copy of everything, by OTLP or as X-Ray does; see docs/otlp.md
    #[arg(long, help_heading = "Copies", value_name = "FILE")]
    pub endpoints: Option<String>,
    /// YAML file of notifiers that are not changed by the API; see docs/notifiers.md
    #[arg(long, help_heading = "Notify", value_name = "FILE")]
    pub notifiers: Option<String>,
    /// Where people reach the console, for links in messages [default: the address of --bind]
    #[arg(long, help_heading = "Notify", value_name = "URL")]
    pub public_url: Option<String>,
    /// Networks that notifiers may call although they are this machine or denied, such as 127.0.0.0/8,10.1.0.0/16
    #[arg(long, help_heading = "Notify", value_name = "NETS")]
    pub notify_allow: Option<String>,
    /// Networks that notifiers may not call
    #[arg(long, help_heading = "Notify", value_name = "NETS")]
    pub notify_deny: Option<String>,
    /// Also send the demo's traffic to this server; with `outage` a service goes away after 30 s, comes back, and goes again
    #[arg(long, help_heading = "Demo", value_name = "true|false|outage", num_args = 0..=1, default_missing_value = "true", require_equals = true)]
    pub demo: Option<String>,
    /// Also record the server's own requests, queries and writes, as the service `fluoro`
    #[arg(long, value_name = "true|false", num_args = 0..=1, default_missing_value = "true", require_equals = true)]
    pub trace_self: Option<String>,
    /// `text` for people, `json` for machines; logs go to standard error [default: text]
    #[arg(long, value_name = "FORMAT")]
    pub log_format: Option<String>,
}

const AFTER_HELP: &str = "\
Each setting can also be given in the environment, as FLUORO_ and the option's name (FLUORO_DATA_DIR), or in the
YAML file, as the option's name (data-dir: /var/lib/fluoro). The option beats the environment, which beats the file.
With --bind on port 0 the ports for OTLP are closed unless they are given.
FLUORO_LOG says what is logged, such as `debug` or `info,ingest=trace`.

Once everything listens, two lines appear on standard output: one for people, and one for scripts, such as
`ready http=127.0.0.1:2000 udp=127.0.0.1:2000`.

Exit codes: 0 after SIGTERM or SIGINT, 1 if it cannot start or does not end in time, 2 for a mistake in the settings.";
