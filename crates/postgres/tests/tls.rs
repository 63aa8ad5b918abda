//! Against a PostgreSQL that is reached by TLS alone, with a certificate for localhost; `scripts/clickhouse` starts it.

use std::time::Duration;

use postgres::{Server, reason, remedy};

fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: scripts/clickhouse start prints it"))
}

/// Whether the connection is encrypted, or why there is none and what to do.
async fn connect(host: &str, query: &str) -> Result<bool, String> {
    let url = variable("FLUORO_TEST_POSTGRES_TLS").replace("localhost", host);
    let server = Server::parse(&format!("{url}/postgres?{query}")).expect("it is a URL");
    let client = server.with(Duration::from_secs(5), "test").connect().await.map_err(|error| {
        let reason = reason(&error);
        format!("{reason}; {}", remedy(error.code(), &reason))
    })?;
    let sql = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
    Ok(client.query_one(sql, &[]).await.expect("PostgreSQL answers").get(0))
}

#[tokio::test]
async fn the_certificate_is_verified_as_far_as_the_url_says() {
    let authority = format!("sslrootcert={}", variable("FLUORO_TEST_POSTGRES_CERTIFICATE"));
    let with_it = |mode: &str| format!("sslmode={mode}&{authority}");
    // What nobody said is as libpq has it: TLS where it is offered.
    for query in ["", "sslmode=prefer", "sslmode=require"] {
        assert_eq!(connect("localhost", query).await, Ok(true), "{query}");
    }
    for mode in ["require", "verify-ca", "verify-full"] {
        assert_eq!(connect("localhost", &with_it(mode)).await, Ok(true), "{mode}");
    }
    // Not for this host, by its certificate.
    assert_eq!(connect("127.0.0.1", &with_it("verify-ca")).await, Ok(true));
    let refused = connect("127.0.0.1", &with_it("verify-full")).await.unwrap_err();
    assert!(refused.starts_with("TLS: ") && refused.contains("not valid for name"), "{refused}");
    // Signed by nobody that this machine knows.
    for mode in ["verify-ca", "verify-full"] {
        let refused = connect("localhost", &format!("sslmode={mode}")).await.unwrap_err();
        assert!(refused.contains("UnknownIssuer") && refused.contains("sslrootcert=FILE"), "{refused}");
    }
    let refused = connect("localhost", "sslmode=disable").await.unwrap_err();
    assert!(refused.contains("no encryption"), "{refused}");
}

#[tokio::test]
async fn a_server_without_tls_is_refused_where_it_is_asked_for() {
    let url = variable("FLUORO_TEST_POSTGRES");
    let server = Server::parse(&format!("{url}/postgres?sslmode=require")).expect("it is a URL");
    let error = server.connect().await.map(drop).expect_err("it has none");
    assert!(reason(&error).contains("does not support TLS"), "{}", reason(&error));
}

#[test]
fn a_file_without_certificates_is_named() {
    for (file, why) in [("/nowhere.pem", "No such file"), ("/etc/hostname", "it has none")] {
        let url = format!("postgres://db/x?sslmode=verify-full&sslrootcert={file}");
        let mistake = Server::parse(&url).map(drop).unwrap_err().to_string();
        assert!(mistake.contains(file) && mistake.contains(why), "{mistake}");
    }
}
