//! The bolide server: sockets, disk, signals.
