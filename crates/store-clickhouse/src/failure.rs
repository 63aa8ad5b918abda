//! What can go wrong with ClickHouse and PostgreSQL, and what that is to callers of a store.

use std::error::Error;

use store::{DISK_FULL, StoreError};

use crate::binary::Malformed;

/// Split by what is known of a statement that failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// ClickHouse answered that it did not do it.
    #[error("ClickHouse refuses: {text}")]
    Refused { code: u32, text: String },
    /// No answer: whether it was done is not known.
    #[error("no answer from ClickHouse at {node}")]
    Lost { node: String, source: Box<dyn Error + Send + Sync> },
    #[error("the answer is larger than {limit} bytes")]
    TooLarge { limit: usize },
    #[error(transparent)]
    Malformed(#[from] Malformed),
    #[error("PostgreSQL does not do it")]
    Register(#[from] tokio_postgres::Error),
    #[error("no answer from PostgreSQL")]
    RegisterSilent,
}

// <https://github.com/ClickHouse/ClickHouse/blob/master/src/Common/ErrorCodes.cpp>
const UNKNOWN_IDENTIFIERS: [u32; 8] = [16, 36, 47, 53, 60, 62, 81, 115];
const AUTHENTICATION_FAILED: [u32; 3] = [192, 193, 516];
const ACCESS_DENIED: u32 = 497;
/// Of the replicas not so many as are wanted have the block, or none can tell.
const TOO_FEW_COPIES: [u32; 3] = [285, 286, 319];
/// The server does not reach Keeper, or lost it in the middle.
const WITHOUT_KEEPER: [u32; 4] = [225, 242, 244, 999];
const READONLY: u32 = 164;
/// Rows, bytes or time that a query may take, and its memory.
const LIMITS: [(u32, &str); 5] = [
    (158, "the rows that one query may read"),
    (159, "the time that one query may take"),
    (160, "the time that one query may take"),
    (241, "the memory that one query may take"),
    (307, "the bytes that one query may read"),
];

impl Failure {
    /// For who asked for something to be read.
    pub(crate) fn of_query(self, action: &'static str) -> StoreError {
        match &self {
            Self::Refused { code, .. } => {
                if let Some((_, limit)) = LIMITS.iter().find(|(known, _)| known == code) {
                    return StoreError::Exceeded { limit: (*limit).to_owned() };
                }
                match code {
                    202 => StoreError::Busy { reason: "clickhouse_queries" },
                    _ => self.of_any(action),
                }
            }
            Self::TooLarge { limit } => {
                StoreError::Exceeded { limit: format!("{} MiB of answer", limit >> 20) }
            }
            _ => self.of_any(action),
        }
    }

    /// For who asked for something to be kept.
    pub(crate) fn of_insert(&self) -> StoreError {
        match self {
            Self::Refused { code: 252, .. } => StoreError::Busy { reason: "clickhouse_parts" },
            Self::Refused { code: 241, .. } => StoreError::Busy { reason: "clickhouse_memory" },
            Self::Refused { code: 202, .. } => StoreError::Busy { reason: "clickhouse_queries" },
            Self::Refused { code: 243, .. } => StoreError::Busy { reason: DISK_FULL },
            Self::Refused { code, .. } if TOO_FEW_COPIES.contains(code) => {
                StoreError::Busy { reason: "clickhouse_replicas" }
            }
            Self::Refused { code, .. } if WITHOUT_KEEPER.contains(code) => {
                StoreError::Busy { reason: "clickhouse_read_only" }
            }
            _ => StoreError::Busy { reason: "clickhouse_silent" },
        }
    }

    /// Another server may do it where this one does not.
    pub(crate) fn is_of_the_server(&self) -> bool {
        match self {
            Self::Lost { .. } => true,
            Self::Refused { code, .. } => WITHOUT_KEEPER.contains(code),
            _ => false,
        }
    }

    /// Repeating it is in vain until somebody changes something.
    pub(crate) fn is_lasting(&self) -> bool {
        matches!(self, Self::Refused { code, .. }
            if UNKNOWN_IDENTIFIERS.contains(code) || AUTHENTICATION_FAILED.contains(code) || [ACCESS_DENIED, READONLY].contains(code))
    }

    pub(crate) fn of_any(self, action: &'static str) -> StoreError {
        let remedy = match &self {
            Self::Refused { code, .. } if AUTHENTICATION_FAILED.contains(code) => {
                "give the right user and password in --store, or make that user"
            }
            Self::Refused { code, .. } if *code == ACCESS_DENIED => {
                "grant the user of --store what docs/clickhouse.md lists"
            }
            Self::Refused { code, .. } if *code == READONLY => {
                "give the user of --store a profile that may write"
            }
            Self::Refused { code, .. } if WITHOUT_KEEPER.contains(code) => {
                "start the Keeper of the ClickHouse servers, and look there at system.zookeeper_connection; a single server that \
                 is read-only must be made writable"
            }
            Self::Refused { code, .. } if UNKNOWN_IDENTIFIERS.contains(code) => {
                "its tables are not those of this version: start a server of this version anew, which sets them right"
            }
            _ => return StoreError::failed(action, self),
        };
        StoreError::Unusable { detail: format!("cannot {action}: {self}"), remedy: remedy.to_owned() }
    }
}
