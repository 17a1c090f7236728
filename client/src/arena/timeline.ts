// The snapshots and events of the last seconds of one match, in order of their ticks. It must not interpret them
// beyond what drawing between two snapshots needs: who blinked when, and from when to when a fireball lived.

import type { Events, GameEvent, Snapshot } from "../sdk/index.ts";

/** Enough for the longest drawing delay at 60 Hz, several times over. */
const SNAPSHOTS_MAX = 90;
/** Events older than this when they are taken are dropped: the page slept, and a burst of old news helps nobody. */
const STALE_TICKS = 90;

export interface TimedEvent {
  readonly tick: number;
  readonly event: GameEvent;
}

/** One fireball's life as far as it is known. */
export interface Track {
  readonly fromX: number;
  readonly fromY: number;
  bornTick: number;
  endTick: number | null;
  seenTick: number;
}

export class Timeline {
  #snapshots: Snapshot[] = [];
  #pending: TimedEvent[] = [];
  #tracks = new Map<number, Track>();
  #shots = new Map<number, number>();
  #blinks: { readonly player: number; readonly tick: number }[] = [];

  get newest(): Snapshot | null {
    return this.#snapshots.at(-1) ?? null;
  }

  get oldest(): Snapshot | null {
    return this.#snapshots[0] ?? null;
  }

  clear(): void {
    this.#snapshots = [];
    this.#pending = [];
    this.#tracks.clear();
    this.#shots.clear();
    this.#blinks = [];
  }

  pushSnapshot(snapshot: Snapshot): void {
    if (this.newest !== null && snapshot.tick <= this.newest.tick) return;
    this.#snapshots.push(snapshot);
    if (this.#snapshots.length > SNAPSHOTS_MAX) this.#snapshots.shift();
    for (const f of snapshot.fireballs) {
      const track = this.#tracks.get(f.id);
      if (track === undefined) this.#tracks.set(f.id, this.#newTrack(f.id, f.x, f.y, snapshot.tick));
      else track.seenTick = snapshot.tick;
    }
    const oldest = this.oldest?.tick ?? 0;
    for (const [id, track] of this.#tracks) if (track.seenTick < oldest) this.#tracks.delete(id);
    for (const [id, tick] of this.#shots) if (tick < oldest) this.#shots.delete(id);
    this.#blinks = this.#blinks.filter((blink) => blink.tick >= oldest);
  }

  pushEvents(batch: Events): void {
    for (const event of batch.events) {
      this.#pending.push({ tick: batch.tick, event });
      if (event.kind === "blink") this.#blinks.push({ player: event.player, tick: batch.tick });
      if (event.kind === "shot") this.#shots.set(event.fireball, batch.tick);
      if (event.kind === "ended" || event.kind === "hit") {
        const track = this.#tracks.get(event.fireball);
        if (track !== undefined) track.endTick = batch.tick;
      }
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

  track(fireball: number): Track | null {
    return this.#tracks.get(fireball) ?? null;
  }

  /** When that player blinked after one tick and up to another. */
  blinkBetween(player: number, afterTick: number, untilTick: number): number | null {
    const found = this.#blinks.find((b) => b.player === player && b.tick > afterTick && b.tick <= untilTick);
    return found?.tick ?? null;
  }

  #newTrack(id: number, fromX: number, fromY: number, tick: number): Track {
    return { fromX, fromY, bornTick: this.#shots.get(id) ?? tick, endTick: null, seenTick: tick };
  }
}
