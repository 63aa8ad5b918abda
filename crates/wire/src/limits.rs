//! Every size and count that bounds what is taken from the network, each with its source.

/// The largest document. X-Ray takes 64 KB, as much as a datagram holds, and what an SDK cannot send is lost. By HTTP, and
/// by the agent's Unix socket, which has the same bound, large ones can come here.
/// <https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html>
pub const MAX_DOCUMENT_BYTES: usize = 1 << 20;

/// How deep arrays and objects of a document may nest. It is serde_json's own limit: whatever `decode`
/// takes, anybody can read again. A subsegment takes two levels, so calls may be embedded some sixty deep.
pub const MAX_DEPTH: usize = 127;

/// The longest name of a segment or subsegment, in characters.
/// <https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html>
pub const MAX_NAME_CHARS: usize = 200;

/// How deep subsegments nest in what is rendered. SDKs that stream may send a chain of any length in many
/// documents; what lies deeper is given as a child of its ancestor at this depth. Two levels of JSON each
/// keep below 1,000, where the parsers of Python and Java give up.
pub const MAX_RENDERED_DEPTH: usize = 200;

/// How much of the tracing header's other pairs is carried on, in bytes. The Node SDK's cap.
pub const MAX_HEADER_EXTRAS_BYTES: usize = 256;
