//! Old pages in a real room: the rows and the flaws of the old relay, frame by frame.

mod joining;
mod shell;
