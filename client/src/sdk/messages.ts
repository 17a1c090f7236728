// The messages of the protocol as the rest of the program sees them: named fields, units, words
// instead of numbers. It must not know how they are encoded; `decode.ts` and `codec.ts` do.

/** A player's number in its room; also the number of its seat. */
export type PlayerId = number;
/** The number of a fixed step since the match began. */
export type Tick = number;

/** In the order of their numbers on the wire. */
export const PHASES = ["waiting", "countdown", "fighting", "over"] as const;
export const LIVES = ["alive", "dead", "left"] as const;
export type Phase = (typeof PHASES)[number];
export type Life = (typeof LIVES)[number];
export type Refusal = "not_fighting" | "not_alive" | "cooldown" | "no_way" | "unknown";
export type Intent = "stop" | "move" | "shoot" | "blink";

/** A circle around the middle of the arena that closes; outside of it a player burns. */
export interface Zone {
  readonly waits_s: number;
  readonly closes_s: number;
  readonly end_radius: number;
  /** Health lost per second outside. */
  readonly damage: number;
}

/** The rules of a mode; units and seconds. */
export interface Rules {
  readonly capacity: number;
  /** Players at which the countdown begins. */
  readonly fight_at: number;
  readonly arena_width: number;
  readonly arena_height: number;
  readonly health: number;
  readonly hit_damage: number;
  readonly dead_at: number;
  readonly radius_per_health: number;
  readonly walk_speed: number;
  readonly fireball_radius: number;
  readonly fireball_speed: number;
  readonly fireball_range: number;
  readonly fireball_cooldown_s: number;
  readonly blink_range: number;
  readonly blink_cooldown_s: number;
  readonly knockback_speed: number;
  readonly knockback_kept: number;
  readonly knockback_ends_below: number;
  readonly walls: "solid" | "open";
  /** The places where players begin: `spread`, `centre`. */
  readonly spawn: string;
  readonly countdown_s: number;
  /** Longest fight; 0 for no limit. */
  readonly time_limit_s: number;
  /** True if a shot hits what its shooter saw. */
  readonly lag_compensation: boolean;
  /** Distance that a player sees; everything if `null`. */
  readonly vision_radius: number | null;
  readonly zone: Zone | null;
  /** True if who joins while the fight runs takes part at once; absent if false. */
  readonly late_joins?: boolean;
  /** The fight ends as soon as so many players are alive; absent if 1. */
  readonly ends_at?: number;
  /** Seconds for which no fireball hits a player at its beginning; absent if 0. */
  readonly protection_s?: number;
  /** True if a fireball meets the others all its flight long where its shooter saw them; absent if
   * false. */
  readonly rewinds_flight?: boolean;
}

export interface Welcome {
  readonly t: "welcome";
  readonly protocol: number;
  readonly schema: string;
  readonly server: string;
  readonly room: string;
  /** The code that opens the room if it is private. */
  readonly code: string | null;
  readonly mode: string;
  readonly seat: PlayerId;
  readonly resume: string;
  /** The newest input number the server has from this seat; the next is one more. */
  readonly seq: number;
  readonly tickRate: number;
  /** Time that a seat is kept after its connection is lost; `null` where the server does not
   * say. */
  readonly graceTicks: number | null;
  readonly rules: Rules;
}

export interface RosterEntry {
  readonly id: PlayerId;
  readonly name: string;
  readonly bot: boolean;
  readonly connected: boolean;
  /** It did nothing in a match, and watches until it says something. */
  readonly idle: boolean;
  /** It wants the next match, since the last one is over. */
  readonly ready: boolean;
}

export interface Roster {
  readonly t: "roster";
  readonly players: readonly RosterEntry[];
}

export interface Match {
  readonly t: "match";
  readonly id: string;
  readonly number: number;
  readonly seats: readonly PlayerId[];
}

export interface Chat {
  readonly t: "chat";
  readonly from: PlayerId;
  readonly name: string;
  readonly text: string;
}

export interface Placement {
  readonly id: PlayerId;
  readonly place: number;
  readonly hits: number;
  readonly kills: number;
}

export interface Result {
  readonly t: "result";
  readonly winner: PlayerId | null;
  readonly reason: string;
  readonly placements: readonly Placement[];
  readonly nextInTicks: number;
}

/** The match goes on after a failure of the server, and waits for its players. No tick passes until
 * then, and inputs are ignored. */
export interface Paused {
  readonly t: "paused";
  /** Players that are not back yet; none: it goes on now. */
  readonly missing: readonly PlayerId[];
  /** Until it goes on without them. */
  readonly ticksLeft: number;
}

/** Only of rooms that somebody created. */
export interface Lock {
  readonly t: "lock";
  /** True if new players are kept out. */
  readonly locked: boolean;
  /** The player who may change that; nobody once that seat is free. */
  readonly creator: PlayerId | null;
}

export interface Bots {
  readonly t: "bots";
  /** Players up to which bots fill a match; 0 where there are none. */
  readonly fillTo: number;
  /** True if they come while a match waits; in a private room as soon as somebody asks. */
  readonly wanted: boolean;
}

/** Only where a vision radius hides the rest: whose eyes this seat has from now on, in this
 * match. */
export interface Sight {
  readonly t: "sight";
  /** `null`: it sees everything. */
  readonly of: PlayerId | null;
}

/** A notice from who runs the server, or from the site that it belongs to. Plain text. */
export interface Notice {
  readonly t: "notice";
  /** Unique on this server. */
  readonly id: string;
  /** `info`, `warning` or `maintenance`. */
  readonly level: string;
  readonly title: string | null;
  readonly text: string;
}

export interface ServerError {
  readonly t: "error";
  readonly code: string;
  readonly message: string;
}

/** The way in which a player goes on, from where it was at the end of tick `since`, until the
 * server says otherwise. */
export interface Motion {
  readonly kind: "walk" | "push";
  readonly fromX: number;
  readonly fromY: number;
  /** The end of a walk; of a push, the place one unit away in its direction. */
  readonly toX: number;
  readonly toY: number;
  readonly since: Tick;
}

export interface PlayerState {
  readonly id: PlayerId;
  /** The place at the snapshot's tick. */
  readonly x: number;
  readonly y: number;
  readonly health: number;
  readonly life: Life;
  /** `null` if it stands, and always without `sync: "events"`. */
  readonly motion: Motion | null;
}

/** It flies straight: at a tick it is `rules.fireball_speed × (tick − since) / tickRate` from where
 * it began, on the way to where it ends if it hits nobody. */
export interface FireballState {
  readonly id: number;
  /** `null` if it is out of sight. */
  readonly owner: PlayerId | null;
  readonly fromX: number;
  readonly fromY: number;
  readonly towardX: number;
  readonly towardY: number;
  readonly since: Tick;
}

export interface Ack {
  readonly player: PlayerId;
  readonly seq: number;
}

export interface Snapshot {
  readonly t: "snapshot";
  readonly tick: Tick;
  readonly phase: Phase;
  readonly phaseEnds: Tick | null;
  readonly players: readonly PlayerState[];
  readonly fireballs: readonly FireballState[];
  readonly acks: readonly Ack[];
}

/** A player of whom only the place or the motion changed. */
export type PlayerMove = Pick<PlayerState, "id" | "x" | "y" | "motion">;

/** The difference that turns the snapshot that is `age` ticks older into the one of `tick`. The
 * room applies it: a game gets whole snapshots. */
export interface Delta {
  readonly t: "delta";
  readonly tick: Tick;
  readonly age: number;
  readonly phase: { readonly phase: Phase; readonly ends: Tick | null } | null;
  readonly players: readonly (PlayerState | PlayerMove)[];
  readonly gone: readonly PlayerId[];
  readonly born: readonly FireballState[];
  readonly ended: readonly number[];
  readonly acks: readonly Ack[];
  readonly acksGone: readonly PlayerId[];
  /** Of what is then seen; about once a second. */
  readonly hash: number | null;
}

export interface Refused {
  readonly seq: number;
  readonly why: Refusal;
}

export interface Private {
  readonly t: "private";
  readonly tick: Tick;
  readonly fireballReady: Tick;
  readonly blinkReady: Tick;
  readonly refused: readonly Refused[];
  /** Ticks that your shots may reach back. */
  readonly rewindTicksMax: number;
}

export type GameEvent =
  | { readonly kind: "shot"; readonly player: PlayerId; readonly fireball: number }
  | { readonly kind: "ended"; readonly fireball: number; readonly x: number; readonly y: number }
  | {
      readonly kind: "hit";
      readonly fireball: number;
      /** `null` if out of sight. */
      readonly by: PlayerId | null;
      readonly victim: PlayerId;
      readonly x: number;
      readonly y: number;
      readonly health: number;
      /** Ticks since the victim stood there. */
      readonly rewindTicks: number;
    }
  | {
      readonly kind: "blink";
      readonly player: PlayerId;
      readonly fromX: number;
      readonly fromY: number;
      readonly toX: number;
      readonly toY: number;
    }
  /** `by`: nobody if it was the zone, or somebody out of sight. */
  | { readonly kind: "death"; readonly player: PlayerId; readonly by: PlayerId | null }
  | { readonly kind: "gone"; readonly player: PlayerId }
  /** Outside the zone. */
  | { readonly kind: "burned"; readonly player: PlayerId; readonly health: number };

export interface Events {
  readonly t: "events";
  readonly tick: Tick;
  readonly events: readonly GameEvent[];
}

/** The server measures the round trip with it; the SDK answers by itself. */
export interface Ping {
  readonly t: "ping";
  readonly nonce: number;
}

export type ServerMessage =
  | Welcome
  | Roster
  | Match
  | Chat
  | Ping
  | Result
  | Paused
  | Lock
  | Bots
  | Sight
  | Notice
  | ServerError
  | Snapshot
  | Delta
  | Private
  | Events;

/** The way in which the server tells this seat of the world: a whole snapshot each time, one and
 * then deltas, or the same with motions instead of places, which is much less. */
export type SyncMode = "full" | "state" | "events";

/** The players that may come into a new room: all, or those that have its code. */
export type NewRoom = "public" | "private";

/** Of `room`, `code` and `create` one or none. */
export interface Hello {
  readonly t: "hello";
  readonly name: string;
  readonly mode?: string | undefined;
  readonly room?: string | undefined;
  readonly code?: string | undefined;
  readonly create?: NewRoom | undefined;
  readonly resume?: string | undefined;
  readonly sync?: SyncMode;
}

export interface Input {
  readonly t: "input";
  readonly seq: number;
  readonly forTick: Tick | null;
  /** The tick of the world that the player saw when deciding. */
  readonly view: Tick | null;
  readonly intent: Intent;
  readonly x: number;
  readonly y: number;
}

export type ClientMessage =
  | Hello
  | Input
  | { readonly t: "pong"; readonly nonce: number }
  | { readonly t: "chat"; readonly text: string }
  | { readonly t: "resync" }
  | { readonly t: "rematch" }
  | { readonly t: "lock"; readonly locked: boolean }
  | { readonly t: "bots"; readonly wanted: boolean }
  | { readonly t: "leave" };
