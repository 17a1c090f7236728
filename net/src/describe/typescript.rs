//! The TypeScript types that ts-rs makes of the Rust types, in one file, with a line for each
//! member.

use ts_rs::{Config, TS};

use super::without_links;
use crate::messages::control::{
    ClientControl, MatchEndReason, NewRoom, NoticeLevel, Placement, RosterEntry, ServerMessage,
    SyncMode, Welcome,
};
use crate::messages::entity::{Ack, FireballState, PlayerChange, PlayerState};
use crate::messages::event::{Events, WireEvent};
use crate::messages::rules::{RulesMessage, ZoneMessage};
use crate::messages::tick::{InputMessage, Private, RefusedInput};
use crate::views::delta::{Delta, PhaseState};
use crate::views::snapshot::Snapshot;
use crate::wire::coordinate::Coordinate;

/// The TypeScript types of the frames of both formats.
#[must_use]
pub fn typescript() -> String {
    let config = Config::new();
    let mut text = String::from(
        "// The types of a decoded frame, in either format, before it is interpreted. Generated from\n\
         // the Rust types by `cargo xtask describe`; not to be edited.\n",
    );
    let unions = [
        ("client", "ClientMessage", "ClientControl | InputMessage"),
        ("server", "ServerMessage", "ServerControl | Snapshot | Delta | Private | Events"),
    ];
    for (side, name, members) in unions {
        text += &format!("\n/** Any message of a {side}. */\nexport type {name} = {members};\n");
    }
    for declare in [
        declaration::<ClientControl>,
        declaration::<NewRoom>,
        declaration::<SyncMode>,
        declaration::<InputMessage>,
        declaration::<ServerMessage>,
        declaration::<NoticeLevel>,
        declaration::<Welcome>,
        declaration::<RulesMessage>,
        declaration::<ZoneMessage>,
        declaration::<RosterEntry>,
        declaration::<MatchEndReason>,
        declaration::<Placement>,
        declaration::<Snapshot>,
        declaration::<PlayerState>,
        declaration::<FireballState>,
        declaration::<Ack>,
        declaration::<Delta>,
        declaration::<PlayerChange>,
        declaration::<PhaseState>,
        declaration::<Private>,
        declaration::<RefusedInput>,
        declaration::<Events>,
        declaration::<WireEvent>,
        declaration::<Coordinate>,
    ] {
        text += &declare(&config);
    }
    text
}

fn declaration<T: TS>(config: &Config) -> String {
    let docs = one_line(&T::docs().unwrap_or_default());
    let declaration = T::decl(config)
        // The documents of a member.
        .replace(" \n/**\n * ", "\n  /** ")
        .replace("\n */\n", " */\n  ")
        .replace("\", }", "\" }")
        .replace(", }", ",\n}")
        .replace(" | {", "\n  | {")
        .replace(" | [", "\n  | [");
    without_links(&format!("\n{docs}export {declaration}\n"))
}

fn one_line(docs: &str) -> String {
    docs.replace("/**\n * ", "/** ").replace("\n */", " */")
}
