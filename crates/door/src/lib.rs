//! What the agent and the server have in common towards the network.
//!
//! It knows bytes and addresses, and neither documents nor what becomes of them: that is the business of whoever
//! opens the door.

pub mod budget;
pub mod connections;
pub mod copied;
pub mod cut;
pub mod limits;
pub mod peer;
pub mod places;
pub mod preface;
pub mod proxies;
pub mod reading;
pub mod site;
pub mod tls;
pub mod udp;
pub mod unread;
