//! The console's own API under `/api/`: JSON made for its pages, problems by RFC 9457.
//!
//! `shape` is the contract with the web application. Ranges are epoch milliseconds, half-open.

pub(crate) mod alarm;
pub(crate) mod capsule;
pub(crate) mod compare;
pub(crate) mod critical_path;
mod digest_row;
pub(crate) mod doctor;
pub(crate) mod export;
pub(crate) mod facet;
pub(crate) mod file;
pub(crate) mod filter;
pub(crate) mod firing;
pub(crate) mod graph;
pub(crate) mod group;
mod heatmap;
pub(crate) mod history;
pub(crate) mod insight;
pub(crate) mod key;
pub(crate) mod live;
pub(crate) mod log_link;
pub(crate) mod node;
mod node_id;
pub(crate) mod notifier;
pub(crate) mod now;
pub(crate) mod objective;
mod page;
pub(crate) mod replay;
pub(crate) mod sampling;
mod scan;
pub(crate) mod service;
pub(crate) mod span;
pub(crate) mod status;
pub(crate) mod test_trace;
pub(crate) mod trace;
pub(crate) mod traces;
pub(crate) mod tree;
pub(crate) mod url_template;
pub(crate) mod view;
