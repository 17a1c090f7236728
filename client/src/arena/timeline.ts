// The snapshots and events of the last seconds of one match, in order of their ticks. It must not
// interpret them beyond what drawing between two snapshots needs: who blinked or was hit when.

import type { Events, GameEvent, PlayerId, Snapshot, Tick } from "../sdk/index.ts";

/** Enough for the longest drawing delay at 60 Hz, several times over. */
const SNAPSHOTS_MAX = 90;
/** Events older than this when they are taken are dropped: the page slept, and a burst of old news
 * helps nobody. */
const STALE_TICKS = 90;

export interface TimedEvent {
  readonly tick: number;
  readonly event: GameEvent;
}

/** A blink: where that player was at the end of the tick before, and is at the end of this one. */
export type Blink = Extract<GameEvent, { readonly kind: "blink" }> & { readonly tick: Tick };

export class Timeline {
  #snapshots: Snapshot[] = [];
  #pending: TimedEvent[] = [];
  #blinks: Blink[] = [];
  #hits: { readonly victim: PlayerId; readonly tick: Tick }[] = [];

  get snapshots(): readonly Snapshot[] {
    return this.#snapshots;
  }

  get newest(): Snapshot | null {
    return this.#snapshots.at(-1) ?? null;
  }

  get oldest(): Snapshot | null {
    return this.#snapshots[0] ?? null;
  }

  clear(): void {
    this.#snapshots = [];
    this.#pending = [];
    this.#blinks = [];
    this.#hits = [];
  }

  /** While a match stands still its tick is told again, and the last word on it counts. */
  pushSnapshot(snapshot: Snapshot): void {
    if (this.newest !== null && snapshot.tick < this.newest.tick) return;
    if (this.newest?.tick === snapshot.tick) this.#snapshots.pop();
    this.#snapshots.push(snapshot);
    if (this.#snapshots.length > SNAPSHOTS_MAX) this.#snapshots.shift();
    const oldest = this.oldest?.tick ?? 0;
    this.#blinks = this.#blinks.filter((blink) => blink.tick >= oldest);
    this.#hits = this.#hits.filter((hit) => hit.tick >= oldest);
  }

  pushEvents(batch: Events): void {
    for (const event of batch.events) {
      this.#pending.push({ tick: batch.tick, event });
      if (event.kind === "blink") this.#blinks.push({ ...event, tick: batch.tick });
      if (event.kind === "hit") this.#hits.push({ victim: event.victim, tick: batch.tick });
    }
  }

  /** The events up to that tick, each handed out once. */
  takeEvents(untilTick: number): TimedEvent[] {
    const due = this.#pending.filter((event) => event.tick <= untilTick);
    this.#pending = this.#pending.filter((event) => event.tick > untilTick);
    return due.filter((event) => event.tick > untilTick - STALE_TICKS);
  }

  /** The last snapshot at or before that tick and the first after it. */
  around(tick: number): { readonly before: Snapshot | null; readonly after: Snapshot | null } {
    const index = this.#snapshots.findIndex((snapshot) => snapshot.tick > tick);
    if (index === -1) return { before: this.newest, after: null };
    return { before: this.#snapshots[index - 1] ?? null, after: this.#snapshots[index] ?? null };
  }

  /** The blink of that player after one tick and up to another. */
  blinkBetween(player: PlayerId, afterTick: Tick, untilTick: Tick): Blink | null {
    const found = this.#blinks.find((b) => b.player === player && b.tick > afterTick && b.tick <= untilTick);
    return found ?? null;
  }

  /** When that player was hit after one tick and up to another, the last time. */
  hitBetween(player: PlayerId, afterTick: Tick, untilTick: Tick): Tick | null {
    const found = this.#hits.filter((h) => h.victim === player && h.tick > afterTick && h.tick <= untilTick);
    return found.at(-1)?.tick ?? null;
  }
}
