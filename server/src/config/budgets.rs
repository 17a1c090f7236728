//! The limits on the cost of one connection and one address. They are enforced where the cost
//! arises: in `connection`, `address_quota`, and the crate `transport`.

use bolide_transport::{Rate, SocketLimits};

/// The limits on the cost of one connection and one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budgets {
    /// Bytes on the socket per second.
    pub bytes_per_s: u32,
    /// Bytes at once after a silence: at least twice the largest message.
    pub bytes_burst: u32,
    /// Inputs per second. Those beyond are dropped; at twice the rate the connection is closed.
    pub inputs_per_s: u32,
    /// Inputs at once after a silence.
    pub inputs_burst: u32,
    /// Pings, pongs and messages that are not inputs, per second. An honest client
    /// sends 2 pongs.
    pub control_per_s: u32,
    /// The same at once after a silence.
    pub control_burst: u32,
    /// Frames of one message.
    pub fragments_max: u32,
    /// Seconds to say hello.
    pub hello_s: u32,
    /// Seconds without any byte from the client.
    pub idle_s: u32,
    /// Seconds that a ping may stay unanswered.
    pub ping_s: u32,
    /// Bytes that may wait for a reader besides the newest snapshot.
    pub outbox_bytes_max: u32,
    /// Bytes that the kernel may buffer for a reader. Linux takes twice as much.
    pub send_buffer_bytes: u32,
    /// Connections of one address.
    pub address_connections: u32,
    /// Game sockets that one address may open per second.
    pub address_handshakes_per_s: u32,
    /// Number of addresses whose limits a /48 of IPv6 gets together.
    pub site_addresses: u32,
    /// True if the address of the machine itself is counted too.
    pub address_loopback: bool,
    /// Maximum bytes of a message and of a frame. Not a setting: a larger one violates the
    /// protocol.
    pub message_bytes_max: usize,
}

impl Budgets {
    /// The limits of one socket.
    pub(crate) const fn socket(&self) -> SocketLimits {
        SocketLimits {
            bytes: Rate { per_s: self.bytes_per_s, burst: self.bytes_burst },
            fragments_max: self.fragments_max,
            message_bytes_max: self.message_bytes_max,
            outbox_bytes_max: self.outbox_bytes_max as usize,
            send_buffer_bytes: self.send_buffer_bytes as usize,
        }
    }

    pub(crate) const fn inputs(&self) -> Rate {
        Rate { per_s: self.inputs_per_s, burst: self.inputs_burst }
    }

    /// The rate of inputs over the budget that are dropped without consequence: a stalled network
    /// delivers at once what was sent in a second.
    pub(crate) const fn inputs_dropped(&self) -> Rate {
        Rate { per_s: self.inputs_per_s, burst: self.inputs_per_s }
    }

    pub(crate) const fn control(&self) -> Rate {
        Rate { per_s: self.control_per_s, burst: self.control_burst }
    }

    pub(crate) const fn handshakes(&self) -> Rate {
        Rate { per_s: self.address_handshakes_per_s, burst: self.address_handshakes_per_s }
    }
}

#[cfg(test)]
mod tests {
    use crate::config::Config;

    #[test]
    fn the_defaults_are_what_the_protocol_says() {
        let budgets = Config::default().budgets;
        assert_eq!((budgets.bytes_per_s, budgets.bytes_burst), (32_768, 131_072));
        assert_eq!((budgets.inputs_per_s, budgets.inputs_burst), (90, 30));
        assert_eq!((budgets.control_per_s, budgets.fragments_max), (5, 16));
        assert_eq!((budgets.hello_s, budgets.idle_s, budgets.ping_s), (5, 15, 5));
        assert_eq!((budgets.outbox_bytes_max, budgets.send_buffer_bytes), (65_536, 16_384));
        assert_eq!((budgets.address_connections, budgets.address_handshakes_per_s), (64, 20));
        assert_eq!(budgets.site_addresses, 8);
    }
}
