//! What a store says of itself, in words that any engine can say; what one alone knows is a list of facts that it names.

use std::time::Duration;

use model::Timestamp;

/// What a store can say of itself at any time, without asking anybody.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StoreStatus {
    /// All that are kept, those of earlier runs included.
    pub documents: u64,
    /// Traces that have a digest.
    pub traces: u64,
    /// About how many documents were ever received; gaps in sequences count.
    pub newest: u64,
    /// So many of these are in every answer.
    pub digested: u64,
    /// When the newest document was received.
    pub newest_received: Option<Timestamp>,
    /// What was found damaged and is missing in answers, by the names that the engine has for it.
    pub damaged: Vec<String>,
    /// How long ago all this was so. What was acknowledged before then is in it. Nothing where the engine is in this process;
    /// how old the last look is where it is elsewhere.
    pub age: Duration,
}

/// What a store keeps, what it costs, and for how long it keeps things.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Holdings {
    /// When the oldest document that is still kept was received, as far as the engine knows without reading any.
    pub oldest_received: Option<Timestamp>,
    /// What all of it takes where it is kept, in one copy.
    pub bytes: u64,
    /// What is left there.
    pub free_bytes: Option<u64>,
    /// Data is dropped at this age; never, where there is none.
    pub keeps: Option<Duration>,
    /// Traces with a failure live longer.
    pub keeps_failures: Option<Duration>,
    /// What is in the tables by now, and how much that is of each.
    pub tables: Vec<TableHoldings>,
    /// Where the engine encrypts what it keeps.
    pub encryption: Option<Encryption>,
    /// What this engine alone has to say, for people, in its order.
    pub facts: Vec<Fact>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableHoldings {
    pub name: &'static str,
    /// In so many pieces that are merged in time: files, parts, whatever the engine has.
    pub pieces: u64,
    pub rows: u64,
    pub bytes: u64,
}

/// How a store encrypts what it keeps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encryption {
    /// Names the key of what is written now.
    pub key: String,
    /// Nothing from before is in the open any more.
    pub is_complete: bool,
}

/// Something that an engine says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// As a person reads it; no two of an engine are the same.
    pub name: &'static str,
    pub value: Figure,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Figure {
    Count(u64),
    Bytes(u64),
    Text(String),
}
