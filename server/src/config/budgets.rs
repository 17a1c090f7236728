//! The limits on the cost of one connection and one address: the settings and their ranges. They
//! are enforced where the cost arises: in `client`, `address_quota`, and the crate `transport`.

use bolide_net::limits::FRAME_BYTES_MAX;
use bolide_transport::{Rate, SocketLimits};
use clap::Args;
use serde::Deserialize;

use crate::config::{OutOfRange, allowed};

/// The limits on the cost of one connection and one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budgets {
    /// Bytes on the socket per second, 1,024..=1 GiB.
    pub bytes_per_s: u32,
    /// Bytes at once after a silence, 32 KiB..=1 GiB: at least twice the largest message.
    pub bytes_burst: u32,
    /// Inputs per second, 1..=100,000. Those beyond are dropped; at twice the rate the connection
    /// is closed.
    pub inputs_per_s: u32,
    /// Inputs at once after a silence, 1..=100,000.
    pub inputs_burst: u32,
    /// Pings, pongs and messages that are not inputs, per second, 3..=100,000. An honest client
    /// sends 2 pongs.
    pub control_per_s: u32,
    /// The same at once after a silence, 10..=100,000.
    pub control_burst: u32,
    /// Frames of one message, 1..=1,000,000.
    pub fragments_max: u32,
    /// Seconds to say hello, 1..=3600.
    pub hello_s: u32,
    /// Seconds without any byte from the client, 2..=3600.
    pub idle_s: u32,
    /// Seconds that a ping may stay unanswered, 2..=3600.
    pub ping_s: u32,
    /// Bytes that may wait for a reader besides the newest snapshot, 16 KiB..=16 MiB.
    pub outbox_bytes_max: u32,
    /// Bytes that the kernel may buffer for a reader, 4 KiB..=16 MiB. Linux takes twice as much.
    pub send_buffer_bytes: u32,
    /// Connections of one address, 1..=1,000,000.
    pub address_connections: u32,
    /// Game sockets that one address may open per second, 1..=1,000,000.
    pub address_handshakes_per_s: u32,
    /// Number of addresses whose limits a /48 of IPv6 gets together, 1..=65,536.
    pub site_addresses: u32,
    /// True if the address of the machine itself is counted too.
    pub address_loopback: bool,
    /// Maximum bytes of a message and of a frame. Not a setting: a larger one violates the
    /// protocol.
    pub message_bytes_max: usize,
}

/// One layer of the settings. A `None` is left to the next layer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Args, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[command(next_help_heading = "Budgets")]
pub struct BudgetSettings {
    /// Bytes that a client may send per second [default: 32768]
    #[arg(long = "budgets-bytes-per-s", env = "BOLIDE_BUDGETS_BYTES_PER_S", hide = true)]
    pub bytes_per_s: Option<u32>,
    /// Byte burst [default: 131072]
    #[arg(long = "budgets-bytes-burst", env = "BOLIDE_BUDGETS_BYTES_BURST", hide = true)]
    pub bytes_burst: Option<u32>,
    /// Inputs per second [default: 90]
    #[arg(long = "budgets-inputs-per-s", env = "BOLIDE_BUDGETS_INPUTS_PER_S", hide = true)]
    pub inputs_per_s: Option<u32>,
    /// Input burst [default: 30]
    #[arg(long = "budgets-inputs-burst", env = "BOLIDE_BUDGETS_INPUTS_BURST", hide = true)]
    pub inputs_burst: Option<u32>,
    /// Pings, pongs and messages except inputs, per second [default: 5]
    #[arg(long = "budgets-control-per-s", env = "BOLIDE_BUDGETS_CONTROL_PER_S", hide = true)]
    pub control_per_s: Option<u32>,
    /// Burst of these [default: 30]
    #[arg(long = "budgets-control-burst", env = "BOLIDE_BUDGETS_CONTROL_BURST", hide = true)]
    pub control_burst: Option<u32>,
    /// Frames of one message [default: 16]
    #[arg(long = "budgets-fragments-max", env = "BOLIDE_BUDGETS_FRAGMENTS_MAX", hide = true)]
    pub fragments_max: Option<u32>,
    /// Seconds to say hello [default: 5]
    #[arg(long = "budgets-hello-s", env = "BOLIDE_BUDGETS_HELLO_S", hide = true)]
    pub hello_s: Option<u32>,
    /// Seconds without any byte [default: 15]
    #[arg(long = "budgets-idle-s", env = "BOLIDE_BUDGETS_IDLE_S", hide = true)]
    pub idle_s: Option<u32>,
    /// Seconds that a ping may stay unanswered [default: 5]
    #[arg(long = "budgets-ping-s", env = "BOLIDE_BUDGETS_PING_S", hide = true)]
    pub ping_s: Option<u32>,
    /// Bytes that may wait for a reader [default: 65536]
    #[arg(long = "budgets-outbox-bytes-max", env = "BOLIDE_BUDGETS_OUTBOX_BYTES_MAX", hide = true)]
    pub outbox_bytes_max: Option<u32>,
    /// Bytes that the kernel may keep for a reader [default: 16384]
    #[arg(
        long = "budgets-send-buffer-bytes",
        env = "BOLIDE_BUDGETS_SEND_BUFFER_BYTES",
        hide = true
    )]
    pub send_buffer_bytes: Option<u32>,
    /// Connections of one address [default: 64]
    #[arg(
        long = "budgets-address-connections",
        env = "BOLIDE_BUDGETS_ADDRESS_CONNECTIONS",
        hide = true
    )]
    pub address_connections: Option<u32>,
    /// Game sockets that one address may open per second [default: 20]
    #[arg(
        long = "budgets-address-handshakes-per-s",
        env = "BOLIDE_BUDGETS_ADDRESS_HANDSHAKES_PER_S",
        hide = true
    )]
    pub address_handshakes_per_s: Option<u32>,
    /// Addresses that a /48 of IPv6 counts as [default: 8]
    #[arg(long = "budgets-site-addresses", env = "BOLIDE_BUDGETS_SITE_ADDRESSES", hide = true)]
    pub site_addresses: Option<u32>,
    /// Count 127.0.0.1 and ::1 too [default: false]
    #[arg(long = "budgets-address-loopback", env = "BOLIDE_BUDGETS_ADDRESS_LOOPBACK", hide = true)]
    pub address_loopback: Option<bool>,
}

const KIB: u32 = 1024;
const MIB: u32 = 1024 * KIB;

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

impl BudgetSettings {
    /// Merges two layers: a setting of `self` wins over one of `file`.
    pub(crate) fn over(self, file: BudgetSettings) -> BudgetSettings {
        BudgetSettings {
            bytes_per_s: self.bytes_per_s.or(file.bytes_per_s),
            bytes_burst: self.bytes_burst.or(file.bytes_burst),
            inputs_per_s: self.inputs_per_s.or(file.inputs_per_s),
            inputs_burst: self.inputs_burst.or(file.inputs_burst),
            control_per_s: self.control_per_s.or(file.control_per_s),
            control_burst: self.control_burst.or(file.control_burst),
            fragments_max: self.fragments_max.or(file.fragments_max),
            hello_s: self.hello_s.or(file.hello_s),
            idle_s: self.idle_s.or(file.idle_s),
            ping_s: self.ping_s.or(file.ping_s),
            outbox_bytes_max: self.outbox_bytes_max.or(file.outbox_bytes_max),
            send_buffer_bytes: self.send_buffer_bytes.or(file.send_buffer_bytes),
            address_connections: self.address_connections.or(file.address_connections),
            address_handshakes_per_s: self
                .address_handshakes_per_s
                .or(file.address_handshakes_per_s),
            site_addresses: self.site_addresses.or(file.site_addresses),
            address_loopback: self.address_loopback.or(file.address_loopback),
        }
    }

    /// Fills in the defaults and checks every value.
    pub(crate) fn resolve(self) -> Result<Budgets, OutOfRange> {
        let many = 1..=100_000;
        let seconds = 2..=3600;
        Ok(Budgets {
            bytes_per_s: allowed(
                "budgets.bytes_per_s",
                self.bytes_per_s,
                32 * KIB,
                KIB..=1024 * MIB,
            )?,
            bytes_burst: allowed(
                "budgets.bytes_burst",
                self.bytes_burst,
                128 * KIB,
                32 * KIB..=1024 * MIB,
            )?,
            inputs_per_s: allowed("budgets.inputs_per_s", self.inputs_per_s, 90, many.clone())?,
            inputs_burst: allowed("budgets.inputs_burst", self.inputs_burst, 30, many)?,
            control_per_s: allowed("budgets.control_per_s", self.control_per_s, 5, 3..=100_000)?,
            control_burst: allowed("budgets.control_burst", self.control_burst, 30, 10..=100_000)?,
            fragments_max: allowed("budgets.fragments_max", self.fragments_max, 16, 1..=1_000_000)?,
            hello_s: allowed("budgets.hello_s", self.hello_s, 5, 1..=3600)?,
            idle_s: allowed("budgets.idle_s", self.idle_s, 15, seconds.clone())?,
            ping_s: allowed("budgets.ping_s", self.ping_s, 5, seconds)?,
            outbox_bytes_max: allowed(
                "budgets.outbox_bytes_max",
                self.outbox_bytes_max,
                64 * KIB,
                16 * KIB..=16 * MIB,
            )?,
            send_buffer_bytes: allowed(
                "budgets.send_buffer_bytes",
                self.send_buffer_bytes,
                16 * KIB,
                4 * KIB..=16 * MIB,
            )?,
            address_connections: allowed(
                "budgets.address_connections",
                self.address_connections,
                64,
                1..=1_000_000,
            )?,
            address_handshakes_per_s: allowed(
                "budgets.address_handshakes_per_s",
                self.address_handshakes_per_s,
                20,
                1..=1_000_000,
            )?,
            site_addresses: allowed("budgets.site_addresses", self.site_addresses, 8, 1..=65_536)?,
            address_loopback: self.address_loopback.unwrap_or(false),
            message_bytes_max: FRAME_BYTES_MAX,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::BudgetSettings;

    #[test]
    fn the_defaults_are_what_the_protocol_says_and_a_value_out_of_range_is_refused() {
        let budgets = BudgetSettings::default().resolve().expect("allowed");
        assert_eq!((budgets.bytes_per_s, budgets.bytes_burst), (32_768, 131_072));
        assert_eq!((budgets.inputs_per_s, budgets.inputs_burst), (90, 30));
        assert_eq!((budgets.control_per_s, budgets.fragments_max), (5, 16));
        assert_eq!((budgets.hello_s, budgets.idle_s, budgets.ping_s), (5, 15, 5));
        assert_eq!((budgets.outbox_bytes_max, budgets.send_buffer_bytes), (65_536, 16_384));
        assert_eq!((budgets.address_connections, budgets.address_handshakes_per_s), (64, 20));
        assert_eq!(budgets.site_addresses, 8);
        let wrong = BudgetSettings { control_per_s: Some(1), ..BudgetSettings::default() };
        assert_eq!(
            wrong.resolve().expect_err("refused").to_string(),
            "`budgets.control_per_s` is 1; allowed is 3 to 100000"
        );
    }
}
