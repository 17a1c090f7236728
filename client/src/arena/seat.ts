// The seat that this tab plays, kept so that a reload comes back to it. Of this tab and this address alone: another tab
// plays a seat of its own, and so does whoever follows a link to another room. It must not speak to the server.

export interface KeptSeat {
  readonly name: string;
  readonly mode: string;
  /** The token of the newest welcome. */
  readonly resume: string;
}

/** Of this address, without the slash of a page at the root. */
const KEY = `bolide.seat${location.pathname.slice(1)}${location.search}`;

export function keepSeat(seat: KeptSeat): void {
  try {
    sessionStorage.setItem(KEY, JSON.stringify(seat));
  } catch {
    return; // Storage may be forbidden; then a reload joins anew.
  }
}

export function keptSeat(): KeptSeat | null {
  try {
    return JSON.parse(sessionStorage.getItem(KEY) ?? "null") as KeptSeat | null;
  } catch {
    return null;
  }
}

export function forgetSeat(): void {
  try {
    sessionStorage.removeItem(KEY);
  } catch {
    return;
  }
}
