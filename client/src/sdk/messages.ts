// The messages of the protocol as the rest of the program sees them: named fields, units, words instead of
// numbers. It must not know how they are encoded; `decode.ts` and `codec.ts` do.

/** A player's number in its room; also the number of its seat. */
export type PlayerId = number;
/** The number of a fixed step since the match began. */
export type Tick = number;

export type Phase = "waiting" | "countdown" | "fighting" | "over";
export type Life = "alive" | "dead" | "left";
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

/** The numbers of a mode that a client needs; units and seconds. The server sends more of them. */
export interface Rules {
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
  readonly walls: "solid" | "open";
  readonly time_limit_s: number;
  /** Whether a shot hits what its shooter saw. */
  readonly lag_compensation: boolean;
  /** How far a player sees; everything if `null`. */
  readonly vision_radius: number | null;
  readonly zone: Zone | null;
}

export interface Welcome {
  readonly t: "welcome";
  readonly protocol: number;
  readonly schema: string;
  readonly server: string;
  readonly room: string;
  readonly mode: string;
  readonly seat: PlayerId;
  readonly resume: string;
  /** The newest input number the server has from this seat; the next is one more. */
  readonly seq: number;
  readonly tickRate: number;
  readonly rules: Rules;
}

export interface RosterEntry {
  readonly id: PlayerId;
  readonly name: string;
  readonly bot: boolean;
  readonly connected: boolean;
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

export interface ServerError {
  readonly t: "error";
  readonly code: string;
  readonly message: string;
}

export interface PlayerState {
  readonly id: PlayerId;
  readonly x: number;
  readonly y: number;
  readonly health: number;
  readonly life: Life;
}

export interface FireballState {
  readonly id: number;
  readonly owner: PlayerId;
  readonly x: number;
  readonly y: number;
  readonly towardX: number;
  readonly towardY: number;
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
  /** How many ticks back your shots may reach. */
  readonly rewindTicksMax: number;
}

export type GameEvent =
  | { readonly kind: "shot"; readonly player: PlayerId; readonly fireball: number }
  | { readonly kind: "ended"; readonly fireball: number; readonly x: number; readonly y: number }
  | {
      readonly kind: "hit";
      readonly fireball: number;
      readonly by: PlayerId;
      readonly victim: PlayerId;
      readonly x: number;
      readonly y: number;
      readonly health: number;
      /** How many ticks ago the victim stood there. */
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
  /** `by`: nobody if it was the zone. */
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
  Welcome | Roster | Match | Chat | Ping | Result | ServerError | Snapshot | Private | Events;

export interface Hello {
  readonly t: "hello";
  readonly name: string;
  readonly mode?: string;
  readonly room?: string;
  readonly resume?: string;
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
  | { readonly t: "rematch" }
  | { readonly t: "leave" };
