// A connection's knowledge of the world, whole, whether it came whole or as a delta, and what is
// seen with it. It must not speak to the server: it says when to ask for a whole snapshot.

import { applyDelta, Mismatch } from "./delta.ts";
import type { Delta, Snapshot, Tick } from "./messages.ts";
import type { Motions } from "./motion.ts";

export class View {
  #newest: Snapshot | null = null;
  /** A whole snapshot has been asked for; until it is here no delta fits. */
  #waiting = false;
  #snapshots = 0;
  #deltas = 0;
  #resyncs = 0;

  get stats(): { readonly snapshots: number; readonly deltas: number; readonly resyncs: number } {
    return { snapshots: this.#snapshots, deltas: this.#deltas, resyncs: this.#resyncs };
  }

  /** A new connection begins with a whole snapshot. */
  forget(): void {
    this.#newest = null;
    this.#waiting = false;
  }

  /** Returns what is seen now; or that a whole snapshot must be asked for, or that it already
   * was. */
  take(message: Snapshot | Delta, motions: Motions): Snapshot | "resync" | "waiting" {
    if (message.t === "snapshot") {
      this.#snapshots += 1;
      this.#waiting = false;
      this.#newest = motions.seenAt(message, message.tick);
      return this.#newest;
    }
    this.#deltas += 1;
    if (this.#waiting) return "waiting";
    const after = this.#newest === null ? null : applied(this.#newest, message, motions);
    this.#newest = after;
    if (after !== null) return after;
    this.#waiting = true;
    this.#resyncs += 1;
    return "resync";
  }

  /** Returns what is seen at the end of `tick`, if the server says nothing until then; never before
   * what was told last. */
  seenAt(tick: Tick, motions: Motions): Snapshot | null {
    const known = this.#newest;
    return known === null ? null : motions.seenAt(known, Math.max(tick, known.tick));
  }
}

function applied(before: Snapshot, delta: Delta, motions: Motions): Snapshot | null {
  try {
    return applyDelta(before, delta, motions);
  } catch (error) {
    if (error instanceof Mismatch) return null;
    throw error;
  }
}
