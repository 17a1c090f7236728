// The time to wait before the next attempt to connect. Pure: time and chance are arguments.

/** The first wait, before jitter. */
const FIRST_MS = 500;
/** The longest wait, before jitter: below the 10 s for which a server that came back waits for its
 * players. */
const LONGEST_MS = 8_000;
/** A connection that lasted less than this does not count as a success: a server that accepts and
 * drops at once would otherwise be asked twice a second for ever. */
export const MIN_UPTIME_MS = 5_000;

export interface Backoff {
  /** Attempts since the last connection that lasted. */
  readonly attempt: number;
}

export const FRESH: Backoff = { attempt: 0 };

/** Returns what is left of the count after a connection that was up for so long. */
export function afterUptime(backoff: Backoff, uptimeMs: number): Backoff {
  return uptimeMs >= MIN_UPTIME_MS ? FRESH : backoff;
}

/** The wait before the next attempt, and the count after it. `chance` is from 0 to 1: half the wait
 * is fixed and half is random, so that many clients of one server do not come back together. */
export function nextWait(backoff: Backoff, chance: number): { readonly waitMs: number; readonly next: Backoff } {
  const full = Math.min(LONGEST_MS, FIRST_MS * 2 ** backoff.attempt);
  return { waitMs: Math.round(full * (0.5 + 0.5 * chance)), next: { attempt: backoff.attempt + 1 } };
}
