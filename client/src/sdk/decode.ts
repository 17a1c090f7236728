// Turns a decoded frame (plain values) into a typed server message; hot ones in `hot.ts`. It must
// let through what it does not know: unknown messages become nothing, unknown fields are ignored.

import type { Wire } from "./grid.ts";
import { decodeHot } from "./hot.ts";
import type { Rules, ServerMessage, Welcome, Zone } from "./messages.ts";
import { DecodeError, type Fields, fields, flag, isFields, list, number, orNull, text } from "./read.ts";

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
            // Older servers do not say these.
            idle: flag(p["idle"] ?? false, "idle"),
            ready: flag(p["ready"] ?? false, "ready"),
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
    case "paused":
      return {
        t: "paused",
        missing: list(m["missing"], "missing").map((id) => number(id, "missing")),
        ticksLeft: number(m["ticks_left"], "ticks_left"),
      };
    case "lock":
      return { t: "lock", locked: flag(m["locked"], "locked"), creator: orNull(m["creator"], "creator", number) };
    case "bots":
      return { t: "bots", fillTo: number(m["fill_to"], "fill_to"), wanted: flag(m["wanted"], "wanted") };
    case "sight":
      return { t: "sight", of: orNull(m["of"], "of", number) };
    case "notice":
      return {
        t: "notice",
        id: text(m["id"], "id"),
        level: text(m["level"], "level"),
        title: orNull(m["title"], "title", text),
        text: text(m["text"], "text"),
      };
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
    code: orNull(m["code"], "code", text),
    mode: text(m["mode"], "mode"),
    seat: number(m["seat"], "seat"),
    resume: text(m["resume"], "resume"),
    seq: number(m["seq"], "seq"),
    tickRate: number(m["tick_rate"], "tick_rate"),
    // Older servers do not say it.
    graceTicks: orNull(m["grace_ticks"] ?? null, "grace_ticks", number),
    rules: rules(fields(m["rules"], "rules")),
  };
}

function rules(m: Fields): Rules {
  const n = (name: keyof Rules) => number(m[name], name);
  return {
    capacity: n("capacity"),
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
    knockback_kept: n("knockback_kept"),
    knockback_ends_below: n("knockback_ends_below"),
    walls: text(m["walls"], "walls") === "open" ? "open" : "solid",
    spawn: text(m["spawn"], "spawn"),
    countdown_s: n("countdown_s"),
    time_limit_s: n("time_limit_s"),
    lag_compensation: flag(m["lag_compensation"], "lag_compensation"),
    vision_radius: orNull(m["vision_radius"], "vision_radius", number),
    zone: orNull(m["zone"], "zone", zone),
    ...news(m),
  };
}

/** The rules that a server sends only if they are not as usual. */
function news(m: Fields): Partial<Rules> {
  return {
    ...(m["late_joins"] === undefined ? {} : { late_joins: flag(m["late_joins"], "late_joins") }),
    ...(m["ends_at"] === undefined ? {} : { ends_at: number(m["ends_at"], "ends_at") }),
    ...(m["protection_s"] === undefined ? {} : { protection_s: number(m["protection_s"], "protection_s") }),
    ...(m["rewinds_flight"] === undefined ? {} : { rewinds_flight: flag(m["rewinds_flight"], "rewinds_flight") }),
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
