//! Every size and count that bounds what is taken from the network, each with its source.

/// The largest document.
/// <https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html>
pub const MAX_DOCUMENT_BYTES: usize = 64 * 1024;
