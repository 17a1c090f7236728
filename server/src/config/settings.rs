//! The table of settings: the one place where a setting, its default and its range are written
//! down. The command line, the environment, the file, `bolide config print` and the tables of
//! docs/operations.md are made from it. Its field of [`Config`](super::Config) is filled in
//! `layers.rs`.

use bolide_room::{BotsSkill, Spectators};
use bolide_storage::Durability;

use super::layers::Values;
use super::log::Log;
use super::modes::ModeName;
use super::relay::{AnonymousName, AudienceName, Auth, CookieName, Heartbeat, Served, WsName};
use super::setting::DefaultValue::{Computed, Empty, Flag, Folder, Listed, Number, Text, Unset};
use super::setting::Section::{General, Limits, Rooms};
use super::setting::{Kind, Setting, normal, number_u16, number_u32, row, text};
use super::values::{ListenAddress, Network, Origin};

const KIB: u32 = 1024;
const MIB: u32 = 1024 * KIB;

/// Every setting but the modes. `--help` and the documentation keep this order; a printed file
/// begins with the top level.
pub static SETTINGS: [Setting; 52] = [
    text::<ListenAddress>("listen", Text("127.0.0.1:4000"))
        .shown(General, "ADDRESS")
        .summary("Listen address; 0.0.0.0:4000 for all"),
    text::<ListenAddress>("admin_listen", Unset("off"))
        .shown(General, "ADDRESS")
        .summary("Private address of /metrics, as 127.0.0.1:4556"),
    row("data_dir", Kind::Folder, Folder("bolide-data"))
        .shown(General, "FOLDER")
        .summary("Folder for what outlives the process"),
    text::<Durability>("durability", Text("group"))
        .shown(General, "HOW")
        .summary("Durability of matches: group, strict or off"),
    row("log", Kind::Log(normal::<Log>), Text("info"))
        .shown(General, "LOG")
        .summary("A level or a filter; json or json,debug for JSON"),
    number_u32("log_lines_per_s", Number(200), 1..=1_000_000)
        .shown(Limits, "LINES")
        .summary("Log lines per second, with a burst on top"),
    row("web_dir", Kind::Folder, Unset(""))
        .shown(General, "FOLDER")
        .summary("Serve the page from this folder, not the built-in one"),
    number_u32("sessions_max", Number(5000), 1..=100_000)
        .shown(Limits, "NUMBER")
        .summary("Maximum players on the server"),
    number_u32("rooms_max", Number(1000), 1..=100_000)
        .shown(Limits, "NUMBER")
        .summary("Maximum rooms"),
    number_u32("connections_max", Computed("1000 more than players", sockets), 1..=200_000)
        .shown(Limits, "NUMBER")
        .summary("Maximum game sockets"),
    row("origins", Kind::List(normal::<Origin>), Empty("all"))
        .shown(Limits, "ORIGIN,...")
        .summary("Let only pages of these play, as https://a.org"),
    row("trusted_proxies", Kind::List(normal::<Network>), Empty(""))
        .shown(Limits, "NETWORK,...")
        .summary("Proxies whose X-Forwarded-For is trusted, as 10.0.0.0/8"),
    number_u16("shards", Computed("one per core", cores), 1..=256)
        .shown(Limits, "NUMBER")
        .summary("Threads that run rooms"),
    number_u16("bots.fill_to", Number(4), 0..=1000)
        .shown(Rooms, "PLAYERS")
        .summary("Players up to which bots fill a room; 0 for none"),
    number_u16("bots.wait_s", Number(4), 0..=3600)
        .shown(Rooms, "SECONDS")
        .summary("Wait for people before bots join"),
    text::<BotsSkill>("bots.skill", Text("adaptive"))
        .shown(Rooms, "SKILL")
        .summary("Bot skill: easy, normal, hard, adaptive"),
    number_u16("grace_s", Number(20), 0..=3600)
        .shown(Rooms, "SECONDS")
        .summary("Time to resume a lost connection"),
    number_u16("intermission_s", Number(8), 0..=3600)
        .shown(Rooms, "SECONDS")
        .summary("Pause between a result and the next match"),
    text::<Spectators>("spectators", Text("killer"))
        .shown(Rooms, "SIGHT")
        .summary("Sight of the dead in fog: own, killer, all"),
    text::<ModeName>("relay.arena_mode", Text("legacy-a"))
        .shown(Rooms, "MODE")
        .summary("Mode of the pages at /wss/multiplayer/"),
    row("relay.serve", Kind::List(normal::<Served>), Listed("arena"))
        .named("relay")
        .shown(Rooms, "WHAT,...")
        .summary("Old relays to serve, as rooms,chat; or all"),
    text::<WsName>("relay.ws_name", Text("user")).summary("Meaning of /ws/<name>/: user or room"),
    text::<Auth>("relay.auth", Text("none")).summary("Who says who a person is: none or a URL"),
    text::<AnonymousName>("relay.anonymous", Text("publish"))
        .summary("What strangers may: publish, listen, nothing"),
    row("relay.publish", Kind::List(normal::<AudienceName>), Empty("none"))
        .summary("Channels of topics that pages may publish to"),
    text::<Heartbeat>("relay.heartbeat", Text("--heartbeat--"))
        .summary("Text of a topic's page that is answered with itself"),
    number_u32("relay.expire_s", Number(3600), 0..=30 * 24 * 3600)
        .summary("Seconds for which a topic keeps its last message"),
    number_u32("relay.message_bytes_max", Number(4 * KIB), 64..=16 * KIB)
        .summary("Bytes of a message"),
    number_u32("relay.messages_per_s", Number(5), 1..=10_000)
        .summary("Messages of a person per second, over all its sockets"),
    number_u32("relay.messages_burst", Number(30), 1..=10_000)
        .summary("The same at once after a silence"),
    number_u32("relay.channels_max", Number(1000), 1..=100_000)
        .summary("Rooms and channels of topics that may be open"),
    number_u32("relay.members_max", Number(1000), 2..=100_000)
        .summary("Members of a room, of a channel, or of the chat"),
    number_u32("relay.chat_history", Number(50), 0..=200)
        .summary("Lines of the chat that newcomers are sent"),
    text::<CookieName>("relay.session_cookie", Text("sessionid"))
        .summary("Cookie whose value is the key of a session's topics"),
    number_u32("journals.keep_days", Number(30), 0..=36_500)
        .shown(Limits, "DAYS")
        .summary("Days to keep past matches; 0 forever"),
    number_u32("journals.keep_mib", Number(10_240), 0..=1_000_000_000)
        .shown(Limits, "MIB")
        .summary("MiB of them to keep; 0 for all"),
    number_u32("budgets.bytes_per_s", Number(32 * KIB), KIB..=1024 * MIB)
        .summary("Bytes that a client may send per second"),
    // At least twice the largest message.
    number_u32("budgets.bytes_burst", Number(128 * KIB), 32 * KIB..=1024 * MIB)
        .summary("Bytes at once after a silence"),
    number_u32("budgets.inputs_per_s", Number(90), 1..=100_000).summary("Inputs per second"),
    number_u32("budgets.inputs_burst", Number(30), 1..=100_000)
        .summary("Inputs at once after a silence"),
    // An honest client sends 2 pongs a second.
    number_u32("budgets.control_per_s", Number(5), 3..=100_000)
        .summary("Pings, pongs and messages except inputs, per second"),
    number_u32("budgets.control_burst", Number(30), 10..=100_000)
        .summary("The same at once after a silence"),
    number_u32("budgets.fragments_max", Number(16), 1..=1_000_000).summary("Frames of one message"),
    number_u32("budgets.hello_s", Number(5), 1..=3600).summary("Seconds to say hello"),
    number_u32("budgets.idle_s", Number(15), 2..=3600).summary("Seconds without any byte"),
    number_u32("budgets.ping_s", Number(5), 2..=3600)
        .summary("Seconds that a ping may stay unanswered"),
    number_u32("budgets.outbox_bytes_max", Number(64 * KIB), 16 * KIB..=16 * MIB)
        .summary("Bytes that may wait for a reader"),
    number_u32("budgets.send_buffer_bytes", Number(16 * KIB), 4 * KIB..=16 * MIB)
        .summary("Bytes that the kernel may keep for a reader"),
    number_u32("budgets.address_connections", Number(64), 1..=1_000_000)
        .summary("Connections of one address"),
    number_u32("budgets.address_handshakes_per_s", Number(20), 1..=1_000_000)
        .summary("Game sockets that one address may open per second"),
    number_u32("budgets.site_addresses", Number(8), 1..=65_536)
        .summary("Addresses that a /48 of IPv6 counts as"),
    row("budgets.address_loopback", Kind::Flag, Flag(false)).summary("Count 127.0.0.1 and ::1 too"),
];

/// Returns the settings in the order of the file: those of a table follow the top level.
pub(super) fn in_file_order() -> impl Iterator<Item = &'static Setting> {
    let is_top = |setting: &&Setting| setting.table().is_empty();
    SETTINGS.iter().filter(is_top).chain(SETTINGS.iter().filter(move |it| !is_top(it)))
}

/// Game sockets if the setting is absent. There are more than seats, for clients that have not sent
/// hello yet, and clients that resume while their old socket is still open.
fn sockets(above: &Values) -> u32 {
    above.number::<u32>("sessions_max") + 1000
}

/// Threads for rooms if the setting is absent.
fn cores(_: &Values) -> u32 {
    let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get());
    u32::try_from(cores).map_or(256, |cores| cores.min(256))
}
