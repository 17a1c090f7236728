// The newest snapshot of a connection, whole, whether it came whole or as a delta. It must not speak to the server: it
// says when to ask for a whole one.

import { applyDelta, Mismatch } from "./delta.ts";
import type { Delta, Snapshot } from "./messages.ts";

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

  /** What is seen now; or that a whole snapshot must be asked for, or that it already was. */
  take(message: Snapshot | Delta): Snapshot | "resync" | "waiting" {
    if (message.t === "snapshot") {
      this.#snapshots += 1;
      this.#waiting = false;
      this.#newest = message;
      return message;
    }
    this.#deltas += 1;
    if (this.#waiting) return "waiting";
    const after = this.#newest === null ? null : applied(this.#newest, message);
    this.#newest = after;
    if (after !== null) return after;
    this.#waiting = true;
    this.#resyncs += 1;
    return "resync";
  }
}

function applied(before: Snapshot, delta: Delta): Snapshot | null {
  try {
    return applyDelta(before, delta);
  } catch (error) {
    if (error instanceof Mismatch) return null;
    throw error;
  }
}
