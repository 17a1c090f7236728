//! Old pages in a real room: the rows and the flaws of the old relay, frame by frame.

mod company;
mod dice;
mod fights;
mod forger;
mod hits;
mod joining;
mod moves;
mod page_model;
mod shell;
