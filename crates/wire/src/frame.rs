//! One datagram of the X-Ray daemon protocol: a header line and a document.

/// Takes the header off a datagram and gives the document's bytes.
///
/// The rules are the AWS daemon's, down to Go's lenient JSON: see `docs/protocol.md`.
pub fn split(_datagram: &[u8]) -> Result<&[u8], FrameError> {
    todo!()
}

/// Why a datagram is no frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    #[error("the datagram is empty")]
    Empty,
    #[error("there is no line feed between header and document (were they sent as two datagrams?)")]
    MissingHeader,
    #[error("nothing follows the header line (were header and document sent as two datagrams?)")]
    MissingDocument,
    #[error("the header is not {{\"format\":\"json\",\"version\":1}}")]
    InvalidHeader,
}
