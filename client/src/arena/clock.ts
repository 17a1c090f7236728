// Maps the page's clock to the match's ticks from the arrival times of snapshots. Pure: the time is
// an argument. It must not look into a snapshot.

/** Distance from the newest snapshot at which the page draws on an even network. */
const DELAY_TICKS = 2;
/** The most it falls behind when snapshots arrive unevenly. */
const DELAY_TICKS_MAX = 8;
/** Time that an arrival counts. */
const WINDOW_MS = 2_000;
/** A mapping this far off is not smoothed but replaced: the server paused, or the page slept. */
const SNAP_MS = 400;
/** Drawing goes on for so long after the newest snapshot: the server speaks twice a second. */
export const GOES_ON_S = 1;
/** Time in which a small correction is mostly done. */
const EASE_MS = 250;

interface Arrival {
  readonly atMs: number;
  /** When tick 0 would have arrived on the same path. */
  readonly zeroMs: number;
}

export class TickClock {
  readonly #msPerTick: number;
  readonly #goesOnTicks: number;
  #arrivals: Arrival[] = [];
  #zeroMs: number | null = null;
  #delayTicks = DELAY_TICKS;
  #easedAtMs = 0;
  #newest = Number.NEGATIVE_INFINITY;
  #lastShown = Number.NEGATIVE_INFINITY;
  /** The tick at which the match stands still. */
  #heldAt: number | null = null;

  constructor(tickRate: number) {
    this.#msPerTick = 1000 / tickRate;
    this.#goesOnTicks = GOES_ON_S * tickRate;
  }

  /** A new match: ticks begin again. */
  reset(): void {
    this.#forgetTimes();
    this.#newest = Number.NEGATIVE_INFINITY;
    this.#lastShown = Number.NEGATIVE_INFINITY;
    this.#heldAt = null;
  }

  /** The match stands still at that tick, and so does what is drawn, until `goOn` or a later
   * tick. */
  hold(tick: number): void {
    this.#forgetTimes();
    this.#heldAt = tick;
    this.#lastShown = Math.max(this.#lastShown, tick);
  }

  /** The match goes on now, from where it was held. */
  goOn(nowMs: number): void {
    if (this.#heldAt !== null) this.observe(this.#heldAt, nowMs);
  }

  observe(tick: number, nowMs: number): void {
    this.#heldAt = null;
    this.#newest = Math.max(this.#newest, tick);
    const zeroMs = nowMs - tick * this.#msPerTick;
    this.#arrivals.push({ atMs: nowMs, zeroMs });
    while (this.#arrivals.length > 1 && nowMs - (this.#arrivals[0]?.atMs ?? nowMs) > WINDOW_MS) this.#arrivals.shift();
    if (this.#zeroMs === null) {
      this.#zeroMs = zeroMs;
      this.#easedAtMs = nowMs;
    }
  }

  /** The tick of the newest snapshot that could be here by now, with a fraction; `null` before the
   * first. */
  serverTick(nowMs: number): number | null {
    if (this.#heldAt !== null) return this.#heldAt;
    if (this.#zeroMs === null) return null;
    this.#ease(this.#zeroMs, nowMs);
    return (nowMs - this.#zeroMs) / this.#msPerTick;
  }

  /** The tick to draw, with a fraction. It never goes back within a match, and waits for one that
   * came to a stand unsaid. */
  renderTick(nowMs: number): number | null {
    const server = this.serverTick(nowMs);
    if (server === null) return null;
    if (this.#heldAt !== null) return this.#lastShown;
    const wanted = Math.min(server - this.#delayTicks, this.#newest + this.#goesOnTicks);
    this.#lastShown = Math.max(this.#lastShown, wanted);
    return this.#lastShown;
  }

  #forgetTimes(): void {
    this.#arrivals = [];
    this.#zeroMs = null;
    this.#delayTicks = DELAY_TICKS;
  }

  #ease(zeroMs: number, nowMs: number): void {
    const share = 1 - Math.exp(-Math.max(0, nowMs - this.#easedAtMs) / EASE_MS);
    this.#easedAtMs = nowMs;
    const zeros = this.#arrivals.map((arrival) => arrival.zeroMs).sort((a, b) => a - b);
    // The fastest arrival is the truest: what comes late and in a burst says nothing about the
    // match, only how much slack drawing needs.
    const fastest = zeros[0] ?? zeroMs;
    const late = zeros[Math.floor((zeros.length - 1) * 0.9)] ?? fastest;
    const wantedDelay = Math.min(DELAY_TICKS_MAX, Math.max(DELAY_TICKS, 1 + (late - fastest) / this.#msPerTick));
    this.#zeroMs = Math.abs(fastest - zeroMs) > SNAP_MS ? fastest : zeroMs + (fastest - zeroMs) * share;
    this.#delayTicks += (wantedDelay - this.#delayTicks) * share;
  }
}
