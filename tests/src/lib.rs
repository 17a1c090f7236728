//! End-to-end tests: real sockets, real processes.
