//! The server over real sockets, one module per behaviour.

#![forbid(unsafe_code)]

mod bad_frames;
mod bad_hello;
mod bad_inputs;
mod capacity;
mod chat;
mod conformance;
mod deltas;
mod django;
mod hostile;
mod http;
mod journals;
mod lag_compensation;
mod legacy;
mod modes;
mod one_match;
mod origins;
mod page_fights;
mod publish;
mod python;
mod relay_auth;
mod relay_chat;
mod relay_rooms;
mod relay_topics;
mod relay_users;
mod resume;
mod rooms;
mod slow;
mod stop;

// The model of an old page is the one of the fights in virtual time.
#[path = "../../legacy/tests/pages/dice.rs"]
mod dice;
#[path = "../../legacy/tests/pages/page_model.rs"]
mod page_model;

/// Both formats, for what must be the same in each.
const FORMATS: [bolide_tests::Format; 2] = bolide_tests::Format::ALL;
