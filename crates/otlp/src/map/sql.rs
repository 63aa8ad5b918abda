//! Databases.

use model::segment::Sql;

use super::name::host_of_url;
use crate::message::{Attributes, Span};

/// Systems that speak SQL, by their old and their new names.
const SYSTEMS: &[&str] = &[
    "db2",
    "ibm.db2",
    "derby",
    "hive",
    "mariadb",
    "mssql",
    "microsoft.sql_server",
    "mysql",
    "oracle",
    "oracle.db",
    "postgresql",
    "sqlite",
    "teradata",
    "other_sql",
    "h2",
    "h2database",
    "hsqldb",
    "cockroachdb",
    "redshift",
    "aws.redshift",
    "clickhouse",
    "spanner",
    "gcp.spanner",
    "trino",
    "sap.hana",
    "hanadb",
    "firebirdsql",
    "vertica",
];

pub(super) fn of(span: &Span) -> Option<Sql> {
    let system = system(Attributes(&span.attributes))?;
    // The span's name is the operation and its table, which is what people look for here.
    Some(Sql { url: Some(span.name.clone()), database_type: Some(system.to_owned()) })
}

pub(crate) fn system(attributes: Attributes<'_>) -> Option<&str> {
    attributes.first_text(&["db.system.name", "db.system"]).filter(|system| SYSTEMS.contains(system))
}

/// Where the database is.
pub(super) fn host(attributes: Attributes<'_>) -> Option<&str> {
    let of_connection = attributes.text("db.connection_string").and_then(|text| {
        let text = text.strip_prefix("jdbc:").unwrap_or(text);
        let host = host_of_url(text)?;
        Some(host.split([':', ';', ',']).next().unwrap_or(host))
    });
    of_connection.or_else(|| {
        attributes.first_text(&[
            "server.address",
            "net.peer.name",
            "net.sock.peer.name",
            "network.peer.address",
            "net.peer.ip",
            "net.sock.peer.addr",
        ])
    })
}

/// As X-Ray shows it: where it is and which database.
pub(crate) fn connection_string(attributes: Attributes<'_>) -> Option<String> {
    let database = attributes.first_text(&["db.namespace", "db.name"]);
    let server = match attributes.text("db.connection_string") {
        Some(text) => Some(text.to_owned()),
        None => host(attributes).map(|host| match attributes.number(&["server.port", "net.peer.port"]) {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        }),
    };
    match (server, database) {
        (None, None) => None,
        (Some(server), None) => Some(server),
        (server, Some(database)) => Some(format!("{}/{database}", server.as_deref().unwrap_or("localhost"))),
    }
}
