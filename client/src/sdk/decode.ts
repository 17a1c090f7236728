// Turns a decoded frame (plain values) into a typed server message. It must let through what it does not know:
// unknown messages and events become nothing, unknown fields and further elements are ignored.

import { fromWire, type Wire } from "./grid.ts";
import type {
  FireballState,
  GameEvent,
  Life,
  Phase,
  PlayerState,
  Refusal,
  Rules,
  ServerMessage,
  Welcome,
  Zone,
} from "./messages.ts";
import { DecodeError, type Fields, fields, flag, isFields, list, number, orNull, text } from "./read.ts";

const PHASES: readonly Phase[] = ["waiting", "countdown", "fighting", "over"];
const LIVES: readonly Life[] = ["alive", "dead", "left"];
const REFUSALS: readonly Refusal[] = ["not_fighting", "not_alive", "cooldown", "no_way"];

/** The message, or `null` when it is of a kind this client does not know. */
export function decodeServerMessage(frame: unknown, wire: Wire): ServerMessage | null {
  if (Array.isArray(frame)) return decodeHot(frame, wire);
  if (isFields(frame)) return decodeControl(frame);
  throw new DecodeError("a frame is neither a map nor a list");
}

function decodeControl(m: Fields): ServerMessage | null {
  switch (text(m["t"], "t")) {
    case "welcome":
      return welcome(m);
    case "roster":
      return {
        t: "roster",
        players: list(m["players"], "players").map((entry) => {
          const p = fields(entry, "player");
          return {
            id: number(p["id"], "id"),
            name: text(p["name"], "name"),
            bot: flag(p["bot"], "bot"),
            connected: flag(p["connected"], "connected"),
          };
        }),
      };
    case "match":
      return {
        t: "match",
        id: text(m["id"], "id"),
        number: number(m["number"], "number"),
        seats: list(m["seats"], "seats").map((id) => number(id, "seat")),
      };
    case "chat":
      return {
        t: "chat",
        from: number(m["from"], "from"),
        name: text(m["name"], "name"),
        text: text(m["text"], "text"),
      };
    case "ping":
      return { t: "ping", nonce: number(m["nonce"], "nonce") };
    case "result":
      return result(m);
    case "error":
      return { t: "error", code: text(m["code"], "code"), message: text(m["message"], "message") };
    default:
      return null;
  }
}

function welcome(m: Fields): Welcome {
  return {
    t: "welcome",
    protocol: number(m["protocol"], "protocol"),
    schema: text(m["schema"], "schema"),
    server: text(m["server"], "server"),
    room: text(m["room"], "room"),
    mode: text(m["mode"], "mode"),
    seat: number(m["seat"], "seat"),
    resume: text(m["resume"], "resume"),
    seq: number(m["seq"], "seq"),
    tickRate: number(m["tick_rate"], "tick_rate"),
    rules: rules(fields(m["rules"], "rules")),
  };
}

function rules(m: Fields): Rules {
  const n = (name: keyof Rules) => number(m[name], name);
  return {
    fight_at: n("fight_at"),
    arena_width: n("arena_width"),
    arena_height: n("arena_height"),
    health: n("health"),
    hit_damage: n("hit_damage"),
    dead_at: n("dead_at"),
    radius_per_health: n("radius_per_health"),
    walk_speed: n("walk_speed"),
    fireball_radius: n("fireball_radius"),
    fireball_speed: n("fireball_speed"),
    fireball_range: n("fireball_range"),
    fireball_cooldown_s: n("fireball_cooldown_s"),
    blink_range: n("blink_range"),
    blink_cooldown_s: n("blink_cooldown_s"),
    knockback_speed: n("knockback_speed"),
    walls: text(m["walls"], "walls") === "open" ? "open" : "solid",
    time_limit_s: n("time_limit_s"),
    lag_compensation: flag(m["lag_compensation"], "lag_compensation"),
    vision_radius: orNull(m["vision_radius"], "vision_radius", number),
    zone: orNull(m["zone"], "zone", zone),
  };
}

function zone(value: unknown, what: string): Zone {
  const m = fields(value, what);
  return {
    waits_s: number(m["waits_s"], "waits_s"),
    closes_s: number(m["closes_s"], "closes_s"),
    end_radius: number(m["end_radius"], "end_radius"),
    damage: number(m["damage"], "damage"),
  };
}

function result(m: Fields): ServerMessage {
  return {
    t: "result",
    winner: orNull(m["winner"], "winner", number),
    reason: text(m["reason"], "reason"),
    placements: list(m["placements"], "placements").map((entry) => {
      const p = fields(entry, "placement");
      return {
        id: number(p["id"], "id"),
        place: number(p["place"], "place"),
        hits: number(p["hits"], "hits"),
        kills: number(p["kills"], "kills"),
      };
    }),
    nextInTicks: number(m["next_in_ticks"], "next_in_ticks"),
  };
}

function decodeHot(frame: readonly unknown[], wire: Wire): ServerMessage | null {
  const place = (value: unknown) => fromWire(number(value, "place"), wire);
  switch (number(frame[0], "kind")) {
    case 1:
      return {
        t: "snapshot",
        tick: number(frame[1], "tick"),
        phase: word(PHASES, frame[2], "phase"),
        phaseEnds: orNull(frame[3], "phase_ends", number),
        players: list(frame[4], "players").map((entry) => player(list(entry, "player"), place)),
        fireballs: list(frame[5], "fireballs").map((entry) => fireball(list(entry, "fireball"), place)),
        acks: list(frame[6], "acks").map((entry) => {
          const a = list(entry, "ack");
          return { player: number(a[0], "player"), seq: number(a[1], "seq") };
        }),
      };
    case 2:
      return {
        t: "private",
        tick: number(frame[1], "tick"),
        fireballReady: number(frame[2], "fireball_ready"),
        blinkReady: number(frame[3], "blink_ready"),
        refused: list(frame[4], "refused").map((entry) => {
          const r = list(entry, "refusal");
          return { seq: number(r[0], "seq"), why: REFUSALS[number(r[1], "why")] ?? "unknown" };
        }),
        rewindTicksMax: number(frame[5], "rewind_ticks_max"),
      };
    case 3:
      return {
        t: "events",
        tick: number(frame[1], "tick"),
        events: list(frame[2], "events").flatMap((entry) => gameEvent(list(entry, "event"), place) ?? []),
      };
    default:
      return null;
  }
}

type Place = (value: unknown) => number;

function player(p: readonly unknown[], place: Place): PlayerState {
  return {
    id: number(p[0], "id"),
    x: place(p[1]),
    y: place(p[2]),
    health: number(p[3], "health"),
    life: word(LIVES, p[4], "life"),
  };
}

function fireball(f: readonly unknown[], place: Place): FireballState {
  return {
    id: number(f[0], "id"),
    owner: number(f[1], "owner"),
    x: place(f[2]),
    y: place(f[3]),
    towardX: place(f[4]),
    towardY: place(f[5]),
  };
}

function gameEvent(e: readonly unknown[], place: Place): GameEvent | null {
  const id = (index: number) => number(e[index], "event");
  switch (id(0)) {
    case 0:
      return { kind: "shot", player: id(1), fireball: id(2) };
    case 1:
      return { kind: "ended", fireball: id(1), x: place(e[2]), y: place(e[3]) };
    case 2:
      return {
        kind: "hit",
        fireball: id(1),
        by: id(2),
        victim: id(3),
        x: place(e[4]),
        y: place(e[5]),
        health: id(6),
        rewindTicks: id(7),
      };
    case 3:
      return {
        kind: "blink",
        player: id(1),
        fromX: place(e[2]),
        fromY: place(e[3]),
        toX: place(e[4]),
        toY: place(e[5]),
      };
    case 4:
      return { kind: "death", player: id(1), by: orNull(e[2], "by", number) };
    case 5:
      return { kind: "gone", player: id(1) };
    case 6:
      return { kind: "burned", player: id(1), health: id(2) };
    default:
      return null;
  }
}

function word<T>(words: readonly T[], value: unknown, what: string): T {
  const found = words[number(value, what)];
  if (found === undefined) throw new DecodeError(`${what} is unknown`);
  return found;
}
