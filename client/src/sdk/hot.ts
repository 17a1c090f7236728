// Turns a decoded hot message (a plain list) into a typed one. It must let through what it does not
// know: unknown messages and events become nothing, further elements are ignored.

import { fromWire, type Wire } from "./grid.ts";
import {
  type Ack,
  type Delta,
  type FireballState,
  type GameEvent,
  LIVES,
  type Motion,
  type Phase,
  PHASES,
  type PlayerMove,
  type PlayerState,
  type Refusal,
  type ServerMessage,
  type Snapshot,
} from "./messages.ts";
import { DecodeError, list, number, orNull } from "./read.ts";

const REFUSALS: readonly Refusal[] = ["not_fighting", "not_alive", "cooldown", "no_way"];

/** Of a player that stands, walks, is pushed: whole, and of one of whom nothing else changed. */
const PLAYER_LENGTHS: readonly number[] = [5, 8, 9];
const MOVE_LENGTHS: readonly number[] = [3, 6, 7];

/** A coordinate in units. */
type Place = (value: unknown) => number;

/** The message, or `null` when it is of a kind this client does not know. */
export function decodeHot(frame: readonly unknown[], wire: Wire): ServerMessage | null {
  const place = (value: unknown) => fromWire(number(value, "place"), wire);
  switch (number(frame[0], "kind")) {
    case 1:
      return snapshot(frame, place);
    case 2:
      return {
        t: "private",
        tick: number(frame[1], "tick"),
        fireballReady: number(frame[2], "fireball_ready"),
        blinkReady: number(frame[3], "blink_ready"),
        refused: each(frame[4], "refused", (r) => ({
          seq: number(r[0], "seq"),
          why: REFUSALS[number(r[1], "why")] ?? "unknown",
        })),
        rewindTicksMax: number(frame[5], "rewind_ticks_max"),
      };
    case 3:
      return {
        t: "events",
        tick: number(frame[1], "tick"),
        events: list(frame[2], "events").flatMap((entry) => gameEvent(list(entry, "event"), place) ?? []),
      };
    case 4:
      return delta(frame, place);
    default:
      return null;
  }
}

function snapshot(frame: readonly unknown[], place: Place): Snapshot {
  return {
    t: "snapshot",
    tick: number(frame[1], "tick"),
    phase: word(PHASES, frame[2], "phase"),
    phaseEnds: orNull(frame[3], "phase_ends", number),
    players: each(frame[4], "players", (p) => player(p, place)),
    fireballs: each(frame[5], "fireballs", (f) => fireball(f, place)),
    acks: each(frame[6], "acks", ack),
  };
}

function delta(frame: readonly unknown[], place: Place): Delta {
  // What is empty at its end is left out.
  const ids = (index: number, what: string) => list(frame[index] ?? [], what).map((id) => number(id, what));
  const some = <T>(index: number, what: string, read: (entry: readonly unknown[]) => T) =>
    each(frame[index] ?? [], what, read);
  return {
    t: "delta",
    tick: number(frame[1], "tick"),
    age: number(frame[2], "age"),
    players: some(3, "players", (p) => (MOVE_LENGTHS.includes(p.length) ? move(p, place) : player(p, place))),
    acks: some(4, "acks", ack),
    born: some(5, "born", (f) => fireball(f, place)),
    ended: ids(6, "ended"),
    hash: orNull(frame[7], "hash", number),
    phase: orNull(frame[8], "phase", phase),
    gone: ids(9, "gone"),
    acksGone: ids(10, "acks_gone"),
  };
}

function each<T>(value: unknown, what: string, read: (entry: readonly unknown[]) => T): T[] {
  return list(value, what).map((entry) => read(list(entry, what)));
}

function phase(value: unknown, what: string): { readonly phase: Phase; readonly ends: number | null } {
  const p = list(value, what);
  return { phase: word(PHASES, p[0], what), ends: orNull(p[1], "phase_ends", number) };
}

function move(p: readonly unknown[], place: Place): PlayerMove {
  return { id: number(p[0], "id"), x: place(p[1]), y: place(p[2]), motion: motion(p, 3, place) };
}

function ack(a: readonly unknown[]): Ack {
  return { player: number(a[0], "player"), seq: number(a[1], "seq") };
}

/** Until it is placed, one that moves is where its motion began. */
function player(p: readonly unknown[], place: Place): PlayerState {
  if (!PLAYER_LENGTHS.includes(p.length)) throw new DecodeError("a player of no known length");
  return {
    id: number(p[0], "id"),
    x: place(p[1]),
    y: place(p[2]),
    health: number(p[3], "health"),
    life: word(LIVES, p[4], "life"),
    motion: motion(p, 5, place),
  };
}

/** Decodes what follows from `index` on: nothing, a walk, or a push, which has one element more. */
function motion(p: readonly unknown[], index: number, place: Place): Motion | null {
  if (p.length === index) return null;
  return {
    kind: p.length > index + 3 ? "push" : "walk",
    fromX: place(p[1]),
    fromY: place(p[2]),
    toX: place(p[index]),
    toY: place(p[index + 1]),
    since: number(p[index + 2], "since"),
  };
}

function fireball(f: readonly unknown[], place: Place): FireballState {
  return {
    id: number(f[0], "id"),
    owner: orNull(f[1], "owner", number),
    fromX: place(f[2]),
    fromY: place(f[3]),
    towardX: place(f[4]),
    towardY: place(f[5]),
    since: number(f[6], "since"),
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
        by: orNull(e[2], "by", number),
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
