//! Old pages in a real room: the rows and the flaws of the old relay, frame by frame. The flaws are
//! numbered: `grep Flaw` finds their tests, here and over sockets in `tests/e2e/legacy.rs`.

mod arena;
mod company;
mod dice;
mod fights;
mod forger;
mod hits;
mod joining;
mod line;
mod moves;
mod page_model;
mod shell;
