//! Why a door ends or refuses something, in words that can be counted.

/// Each is a label of `fluoro_http_cut_total`, and a row of the table of limits in `docs/security.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// A body that came too slowly.
    SlowBody,
    /// The bodies of all requests hold too much.
    BodyMemory,
    /// Those of this peer do.
    BodyMemoryOfPeer,
    /// Those whose signature is not checked yet do.
    UncheckedBodyMemory,
    /// The answers to all do.
    AnswerMemory,
    /// Those to this peer do.
    AnswerMemoryOfPeer,
    /// An answer that is not read.
    UnreadAnswer,
    /// A connection whose first request did not come.
    SlowHead,
    /// A connection that was idle longest, and made room.
    IdleConnection,
    /// A request on a connection for which there was no room.
    Connections,
    /// A live stream of which there are too many, in all or of its peer.
    Streams,
    /// A question that waited in vain for others of its peer.
    Questions,
}

impl Cut {
    pub const ALL: [Self; 12] = [
        Self::SlowBody,
        Self::BodyMemory,
        Self::BodyMemoryOfPeer,
        Self::UncheckedBodyMemory,
        Self::AnswerMemory,
        Self::AnswerMemoryOfPeer,
        Self::UnreadAnswer,
        Self::SlowHead,
        Self::IdleConnection,
        Self::Connections,
        Self::Streams,
        Self::Questions,
    ];

    pub fn reason(self) -> &'static str {
        match self {
            Self::SlowBody => "slow_body",
            Self::BodyMemory => "body_memory",
            Self::BodyMemoryOfPeer => "body_memory_of_peer",
            Self::UncheckedBodyMemory => "unchecked_body_memory",
            Self::AnswerMemory => "answer_memory",
            Self::AnswerMemoryOfPeer => "answer_memory_of_peer",
            Self::UnreadAnswer => "unread_answer",
            Self::SlowHead => "slow_head",
            Self::IdleConnection => "idle_connection",
            Self::Connections => "connections",
            Self::Streams => "streams",
            Self::Questions => "questions",
        }
    }
}
