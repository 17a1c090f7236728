//! Bolide's simulation for the browser, as raw C-ABI exports.
