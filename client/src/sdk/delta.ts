// Application of a delta to a snapshot, and the hash that tells whether it is what the server has.
// Pure. It must do the same as net/src/views/delta.rs and net/src/views/view.rs.

import { toSteps } from "./grid.ts";
import { type Delta, LIVES, PHASES, type PlayerState, type Snapshot } from "./messages.ts";
import type { Motions } from "./motion.ts";

/** A delta does not fit the snapshot it was applied to: ask for a whole one. */
export class Mismatch extends Error {
  override readonly name = "Mismatch";
  /** It builds on another tick; it changes what is not there; the result is not what the server
   * has. */
  readonly why: "base" | "content" | "hash";

  constructor(why: "base" | "content" | "hash") {
    super(`the delta does not fit: ${why}`);
    this.why = why;
  }
}

/** Returns what is seen after the delta on top of `before`, which stays as it is. Throws
 * [`Mismatch`]. */
export function applyDelta(before: Snapshot, delta: Delta, motions: Motions): Snapshot {
  if (before.tick + delta.age !== delta.tick) throw new Mismatch("base");
  const known: Snapshot = {
    t: "snapshot",
    tick: delta.tick,
    phase: delta.phase?.phase ?? before.phase,
    phaseEnds: delta.phase === null ? before.phaseEnds : delta.phase.ends,
    players: changed(before.players, (player) => player.id, delta.gone, wholePlayers(before.players, delta)),
    fireballs: changed(before.fireballs, (fireball) => fireball.id, delta.ended, delta.born),
    acks: changed(before.acks, (ack) => ack.player, delta.acksGone, delta.acks),
  };
  const after = motions.seenAt(known, known.tick);
  if (delta.hash !== null && delta.hash !== viewHash(after)) throw new Mismatch("hash");
  return after;
}

/** One number for all that is seen, by the rule of docs/protocol.md. */
export function viewHash(view: Snapshot): number {
  let hash = 2166136261;
  const words = (...all: readonly number[]) => {
    for (const word of all) hash = Math.imul(hash ^ word, 16777619);
  };
  const option = (word: number | null): readonly number[] => (word === null ? [0] : [1, word]);
  words(view.tick, PHASES.indexOf(view.phase), ...option(view.phaseEnds));
  words(view.players.length);
  for (const p of view.players) words(p.id, toSteps(p.x), toSteps(p.y), p.health, LIVES.indexOf(p.life));
  words(view.fireballs.length);
  for (const f of view.fireballs) {
    words(f.id, ...option(f.owner), toSteps(f.fromX), toSteps(f.fromY), toSteps(f.towardX), toSteps(f.towardY), f.since);
  }
  words(view.acks.length);
  for (const ack of view.acks) words(ack.player, ack.seq);
  return hash >>> 0;
}

/** The list without those that are gone and with those that are put, in the order of their keys. */
function changed<T>(
  before: readonly T[],
  key: (item: T) => number,
  gone: readonly number[],
  put: readonly T[],
): readonly T[] {
  if (gone.length === 0 && put.length === 0) return before;
  const items = new Map(before.map((item) => [key(item), item]));
  for (const id of gone) if (!items.delete(id)) throw new Mismatch("content");
  for (const item of put) items.set(key(item), item);
  return [...items.values()].sort((a, b) => key(a) - key(b));
}

/** Whole players of the delta's: one that only moved is as it was, but elsewhere. */
function wholePlayers(before: readonly PlayerState[], { gone, players }: Delta): readonly PlayerState[] {
  const old = new Map(before.map((player) => [player.id, player]));
  for (const id of gone) old.delete(id);
  return players.map((change) => {
    if ("health" in change) return change;
    const player = old.get(change.id);
    if (player === undefined) throw new Mismatch("content");
    return { ...player, ...change };
  });
}
