// What a decoded frame is, in either format, before anything is made of it. Generated from the Rust types by
// `cargo xtask describe`; not to be edited.

/** What a client may send. */
export type ClientMessage = ClientControl | InputMessage;

/** What a server may send. */
export type ServerMessage = ServerControl | Snapshot | Delta | Private | Events;

/** Control messages of a client as they stand on the wire. */
export type ClientControl = { "t": "hello",
  /** The player's name. */
  name: string,
  /** The mode to play; the server's default if none. */
  mode?: string | null,
  /** A room's id, to join that room and no other. */
  room?: string | null,
  /** A private room's code, in any case, to join that room and no other. */
  code?: string | null,
  /** Open a new room, whatever others there are. */
  create?: NewRoom | null,
  /** The token of an earlier welcome, to take that seat again. */
  resume?: string | null,
  /** How the world is to be sent; `full` if none. */
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
  /** Whether nobody new may come in. */
  locked: boolean,
}
  | { "t": "bots",
  /** Whether they play. */
  wanted: boolean,
}
  | { "t": "leave" };

/** Who may come into a new room. */
export type NewRoom = "public" | "private";

/** How a client wants the world. */
export type SyncMode = "full" | "state" | "events";

export type InputMessage = [kind: 1, seq: number, for_tick: number | null, view: number | null, intent: 0]
  | [kind: 1, seq: number, for_tick: number | null, view: number | null, intent: 1 | 2 | 3, x: Coordinate, y: Coordinate];

/** What a server may say. */
export type ServerControl = { "t": "welcome" } & Welcome
  | { "t": "roster",
  /** Everyone, by player id. */
  players: Array<RosterEntry>,
}
  | { "t": "match",
  /** The match's UUID. */
  id: string,
  /** Counts the matches of this room from 1. */
  number: number,
  /** The player ids that take part. */
  seats: Array<number>,
}
  | { "t": "chat",
  /** The player id of whoever wrote it. */
  from: number,
  /** Their name. */
  name: string,
  /** The line. */
  text: string,
}
  | { "t": "result",
  /** The player id of the winner; none in a draw. */
  winner: number | null,
  /** What ended it. */
  reason: MatchEndReason,
  /** Everyone's place, best first. */
  placements: Array<Placement>,
  /** Ticks until the next match begins by itself. */
  next_in_ticks: number,
}
  | { "t": "paused",
  /** The player ids of those who are not back yet; nobody: it goes on now. */
  missing: Array<number>,
  /** Ticks until it goes on without them. */
  ticks_left: number,
}
  | { "t": "lock",
  /** Whether nobody new may come in. */
  locked: boolean,
  /** The player id of whoever created the room; nobody once that seat is free. */
  creator: number | null,
}
  | { "t": "bots",
  /** Players that bots fill a match up to; 0 where there are no bots. */
  fill_to: number,
  /** Whether they come; in a private room as soon as somebody asks for them. */
  wanted: boolean,
}
  | { "t": "sight",
  /** The player id; nobody: all of the world. */
  of: number | null,
}
  | { "t": "ping",
  /** The number that the answer repeats. */
  nonce: number,
}
  | { "t": "error",
  /** Stable: one of `ErrorCode`. */
  code: string,
  /** For people. */
  message: string,
};

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
  /** The number of the newest input that the server has from this seat; yours go on from there. */
  seq: number,
  /** Ticks per second. */
  tick_rate: number,
  /** Ticks that a seat is kept after its connection is lost. */
  grace_ticks: number,
  /** Every number of the mode. */
  rules: RulesMessage,
};

/** Every number of a mode, with what `Rules` allow. */
export type RulesMessage = {
  /** Players at most, 2..=1000. */
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
  /** Dead at or below this health in points, below `health`. */
  dead_at: number,
  /** Radius in units per point of health, 0.0001..=0.01. */
  radius_per_health: number,
  /** Walking speed in units per second, 0..=10. */
  walk_speed: number,
  /** Radius of a fireball in units, 0.001..=0.1. */
  fireball_radius: number,
  /** Speed of a fireball in units per second, 0.01..=1000. */
  fireball_speed: number,
  /** How far a fireball flies in units, 0.01..=32. */
  fireball_range: number,
  /** Seconds between two fireballs of a player, 0..=60. */
  fireball_cooldown_s: number,
  /** How far a blink goes at most in units, 0..=32. */
  blink_range: number,
  /** Seconds between two blinks of a player, 0..=60. */
  blink_cooldown_s: number,
  /** Speed at the start of a push in units per second, 0..=100. */
  knockback_speed: number,
  /** What a push keeps of its speed after each 1/60 s, 0..=0.99. */
  knockback_kept: number,
  /** A push ends below this speed in units per second, 0.001..=100. */
  knockback_ends_below: number,
  /** `solid`: a player's whole circle stays inside, and a fireball ends at the edge. `open`: there is no edge. */
  walls: string,
  /** Where players start: `spread` evenly over the arena, or all at the `centre`. */
  spawn: string,
  /** Seconds from enough players to the fight, 0..=60. */
  countdown_s: number,
  /** Seconds of fight at most, 1..=3600. */
  time_limit_s: number,
  /** Whether a shot hits what its shooter saw, up to 200 ms ago. */
  lag_compensation: boolean,
  /** How far a player sees in units, 0.1..=64; everything if none. */
  vision_radius: number | null,
  /** The zone that closes around the middle of the arena, if there is one. */
  zone: ZoneMessage | null,
};

/** A circle around the middle of the arena, outside of which it hurts. It begins as the circle through the corners. */
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

/** Who is in the room. */
export type RosterEntry = {
  /** The player id. */
  id: number,
  /** The name. */
  name: string,
  /** Whether the simulation plays it. */
  bot: boolean,
  /** Whether it has a connection now. */
  connected: boolean,
  /** Whether it did nothing in a match, and watches until it says something. */
  idle: boolean,
  /** Whether it has asked for the next match, since the last one is over. */
  ready: boolean,
};

/** What ended a match. */
export type MatchEndReason = "last_standing" | "time_limit";

/** One line of a result. */
export type Placement = {
  /** The player id. */
  id: number,
  /** 1 is best; equal ones share a place. */
  place: number,
  /** How often its fireballs hit. */
  hits: number,
  /** How many it finished off. */
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
