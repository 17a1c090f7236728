// The types of a decoded frame, in either format, before it is interpreted. Generated from
// the Rust types by `cargo xtask describe`; not to be edited.

/** Any message of a client. */
export type ClientMessage = ClientControl | InputMessage;

/** Any message of a server. */
export type ServerMessage = ServerControl | Snapshot | Delta | Private | Events;

/** The control messages of a client in their form on the wire. */
export type ClientControl = { "t": "hello",
  /** The player's name. */
  name: string,
  /** The mode to play; the server's default if none. */
  mode?: string | null,
  /** A room's id, to join that room and no other. */
  room?: string | null,
  /** A private room's code, in any case, to join that room and no other. */
  code?: string | null,
  /** Open a new room, even if there are others. */
  create?: NewRoom | null,
  /** The token of an earlier welcome, to take that seat again. */
  resume?: string | null,
  /** The form in which the world is sent; `full` if none. */
  sync?: SyncMode | null,
}
  | { "t": "chat",
  /** The line. */
  text: string,
}
  | { "t": "pong",
  /** The number of the ping. */
  nonce: number,
}
  | { "t": "resync" }
  | { "t": "rematch" }
  | { "t": "lock",
  /** True if new players are kept out. */
  locked: boolean,
}
  | { "t": "bots",
  /** True if they play. */
  wanted: boolean,
}
  | { "t": "leave" };

/** The access to a new room. */
export type NewRoom = "public" | "private";

/** The form in which a client wants the world. */
export type SyncMode = "full" | "state" | "events";

export type InputMessage = [kind: 1, seq: number, for_tick: number | null, view: number | null, intent: 0]
  | [kind: 1, seq: number, for_tick: number | null, view: number | null, intent: 1 | 2 | 3, x: Coordinate, y: Coordinate];

/** A message of a server. */
export type ServerControl = { "t": "welcome" } & Welcome
  | { "t": "roster",
  /** All players, by player id. */
  players: Array<RosterEntry>,
}
  | { "t": "match",
  /** The match's UUID. */
  id: string,
  /** The number of the match in this room, from 1. */
  number: number,
  /** The ids of the players that take part. */
  seats: Array<number>,
}
  | { "t": "chat",
  /** The id of the player that wrote it. */
  from: number,
  /** The name of that player. */
  name: string,
  /** The line. */
  text: string,
}
  | { "t": "result",
  /** The player id of the winner; none in a draw. */
  winner: number | null,
  /** The reason for the end. */
  reason: MatchEndReason,
  /** The places of all players, best first. */
  placements: Array<Placement>,
  /** Ticks until the next match begins on its own. */
  next_in_ticks: number,
}
  | { "t": "paused",
  /** The ids of the players that are not back yet. If it is empty, the match continues now. */
  missing: Array<number>,
  /** Ticks until it continues without them. */
  ticks_left: number,
}
  | { "t": "lock",
  /** True if new players are kept out. */
  locked: boolean,
  /** The id of the player that created the room; none once that seat is free. */
  creator: number | null,
}
  | { "t": "bots",
  /** The number of players that bots fill a match up to; 0 if there are no bots. */
  fill_to: number,
  /** True if they come. In a private room they come once a player has asked for them. */
  wanted: boolean,
}
  | { "t": "sight",
  /** The id of the player; none for all of the world. */
  of: number | null,
}
  | { "t": "notice",
  /** The id of the notice, unique on this server. */
  id: string,
  /** The kind of the notice. */
  level: NoticeLevel,
  /** The title, if it has one. */
  title: string | null,
  /** The text. */
  text: string,
}
  | { "t": "ping",
  /** The number that the answer repeats. */
  nonce: number,
}
  | { "t": "error",
  /** Stable: one of `ErrorCode`. */
  code: string,
  /** A text for people. */
  message: string,
};

/** The kind of a notice. */
export type NoticeLevel = "info" | "warning" | "maintenance";

/** The answer to `hello`. */
export type Welcome = {
  /** The version of the protocol: `PROTOCOL_VERSION`. */
  protocol: number,
  /** `SCHEMA_HASH` of the server, as 16 hex digits. */
  schema: string,
  /** Name and version of the server. */
  server: string,
  /** The room's id. */
  room: string,
  /** The room's code if it is private. */
  code: string | null,
  /** The mode's name. */
  mode: string,
  /** Your player id. */
  seat: number,
  /** The token that takes this seat again after a lost connection. */
  resume: string,
  /** The number of the newest input that the server has from this seat. The numbers of the next
 * inputs continue from it. */
  seq: number,
  /** Ticks per second. */
  tick_rate: number,
  /** Ticks that a seat is kept after its connection is lost. */
  grace_ticks: number,
  /** The rules of the mode. */
  rules: RulesMessage,
};

/** All rules of a mode, with the ranges that `Rules` allow. */
export type RulesMessage = {
  /** Most players, 2..=1000. */
  capacity: number,
  /** Players at which the countdown begins, 2..=capacity. */
  fight_at: number,
  /** Width of the arena in units, 0.5..=32. */
  arena_width: number,
  /** Height of the arena in units, 0.5..=32. */
  arena_height: number,
  /** Health at the start in points, 1..=1000. */
  health: number,
  /** Health lost per hit in points, 1..=1000. */
  hit_damage: number,
  /** A player is dead at or below this health in points, below `health`. */
  dead_at: number,
  /** Radius in units per point of health, 0.0001..=0.01. */
  radius_per_health: number,
  /** Walking speed in units per second, 0..=10. */
  walk_speed: number,
  /** Radius of a fireball in units, 0.001..=0.1. */
  fireball_radius: number,
  /** Speed of a fireball in units per second, 0.01..=1000. */
  fireball_speed: number,
  /** Range of a fireball in units, 0.01..=32. */
  fireball_range: number,
  /** Seconds between two fireballs of a player, 0..=60. */
  fireball_cooldown_s: number,
  /** Range of a blink in units, 0..=32. */
  blink_range: number,
  /** Seconds between two blinks of a player, 0..=60. */
  blink_cooldown_s: number,
  /** Speed at the start of a push in units per second, 0..=100. */
  knockback_speed: number,
  /** Share of its speed that a push keeps after each 1/60 s, 0..=0.99. */
  knockback_kept: number,
  /** A push ends below this speed in units per second, 0.001..=100. */
  knockback_ends_below: number,
  /** The edge of the arena. `solid`: a player's whole circle stays inside, and a fireball ends at
 * the edge. `open`: there is no edge. */
  walls: string,
  /** The starting places of players: `spread` evenly over the arena, or all at the `centre`. */
  spawn: string,
  /** Seconds between enough players and the fight, 0..=60. */
  countdown_s: number,
  /** Longest fight in seconds, 1..=3600; 0 for no limit. */
  time_limit_s: number,
  /** True if a shot hits what its shooter saw, up to 200 ms ago. */
  lag_compensation: boolean,
  /** Range of a player's view in units, 0.1..=64; unlimited if none. */
  vision_radius: number | null,
  /** The zone that closes around the middle of the arena, if there is one. */
  zone: ZoneMessage | null,
  /** True if a player that joins while the fight runs takes part at once. False if absent. */
  late_joins?: boolean,
  /** The fight ends as soon as at most this many players are alive, 0..=1. 1 if absent. */
  ends_at?: number,
  /** Seconds for which no fireball hits a player, from the beginning of the fight or from its
 * late join, 0..=10. 0 if absent. */
  protection_s?: number,
  /** True if, with lag compensation, a fireball starts when its shot arrives, and meets the
 * others all its flight long where its shooter saw them. False if absent. */
  rewinds_flight?: boolean,
};

/** A circle around the middle of the arena. Players outside lose health. It begins as the circle
 * through the corners. */
export type ZoneMessage = {
  /** Seconds of fight before it begins to close, 0..=3600. */
  waits_s: number,
  /** Seconds that closing takes, 1..=3600. */
  closes_s: number,
  /** Radius at the end in units, 0..=32. */
  end_radius: number,
  /** Health lost per second outside, in points, 1..=1000. */
  damage: number,
};

/** A player in the room. */
export type RosterEntry = {
  /** The player id. */
  id: number,
  /** The name. */
  name: string,
  /** True if it is a bot. */
  bot: boolean,
  /** True if it has a connection now. */
  connected: boolean,
  /** True if it did nothing in a match. It watches until it sends something. */
  idle: boolean,
  /** True if it has asked for the next match since the last one ended. */
  ready: boolean,
};

/** The reason for the end of a match. */
export type MatchEndReason = "last_standing" | "time_limit";

/** One line of a result. */
export type Placement = {
  /** The player id. */
  id: number,
  /** 1 is best. Equal players share a place. */
  place: number,
  /** The number of hits by its fireballs. */
  hits: number,
  /** The number of players that it killed. */
  kills: number,
};

export type Snapshot = [kind: 1, tick: number, phase: number, phase_ends: number | null, players: Array<PlayerState>, fireballs: Array<FireballState>, acks: Array<Ack>];

export type PlayerState = [id: number, x: Coordinate, y: Coordinate, health: number, life: number]
  | [id: number, x: Coordinate, y: Coordinate, health: number, life: number, to_x: Coordinate, to_y: Coordinate, since: number]
  | [id: number, x: Coordinate, y: Coordinate, health: number, life: number, to_x: Coordinate, to_y: Coordinate, since: number, pushed: 1];

export type FireballState = [id: number, owner: number | null, x: Coordinate, y: Coordinate, toward_x: Coordinate, toward_y: Coordinate, since: number];

export type Ack = [player: number, seq: number];

export type Delta = [kind: 4, tick: number, age: number, players?: Array<PlayerChange>, acks?: Array<Ack>, born?: Array<FireballState>, ended?: Array<number>, hash?: number | null, phase?: PhaseState | null, gone?: Array<number>, acks_gone?: Array<number>];

export type PlayerChange = [id: number, x: Coordinate, y: Coordinate]
  | [id: number, x: Coordinate, y: Coordinate, to_x: Coordinate, to_y: Coordinate, since: number]
  | [id: number, x: Coordinate, y: Coordinate, to_x: Coordinate, to_y: Coordinate, since: number, pushed: 1]
  | [id: number, x: Coordinate, y: Coordinate, health: number, life: number]
  | [id: number, x: Coordinate, y: Coordinate, health: number, life: number, to_x: Coordinate, to_y: Coordinate, since: number]
  | [id: number, x: Coordinate, y: Coordinate, health: number, life: number, to_x: Coordinate, to_y: Coordinate, since: number, pushed: 1];

export type PhaseState = [phase: number, ends: number | null];

export type Private = [kind: 2, tick: number, fireball_ready: number, blink_ready: number, refused: Array<RefusedInput>, rewind_ticks_max: number];

export type RefusedInput = [seq: number, why: number];

export type Events = [kind: 3, tick: number, events: Array<WireEvent>];

export type WireEvent = [kind: 0, player: number, fireball: number]
  | [kind: 1, fireball: number, x: Coordinate, y: Coordinate]
  | [kind: 2, fireball: number, by: number | null, victim: number, x: Coordinate, y: Coordinate, health: number, rewind_ticks: number]
  | [kind: 3, player: number, from_x: Coordinate, from_y: Coordinate, to_x: Coordinate, to_y: Coordinate]
  | [kind: 4, player: number, by: number | null]
  | [kind: 5, player: number]
  | [kind: 6, player: number, health: number];

/** JSON: units. MessagePack: an integer in grid steps of 1/32768 unit. */
export type Coordinate = number;
