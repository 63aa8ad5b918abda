//! What the agent and the server have in common towards the network.
//!
//! It knows bytes and addresses, and neither documents nor what becomes of them: that is the business of whoever
//! opens the door.

pub mod connections;
pub mod preface;
pub mod site;
pub mod tls;
pub mod udp;
pub mod unread;
