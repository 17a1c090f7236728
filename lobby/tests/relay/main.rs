//! The rows of the relays of old, each as its pages rely on it, and the policy of today.

mod chat;
mod machine;
mod policy;
mod rooms;
mod shell;
mod topics;
mod users;
