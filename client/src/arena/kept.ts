// A value that outlives a reload of this tab, for the same seat. It must not speak to the server.

import type { Unsubscribe, Welcome } from "../sdk/index.ts";

export class Kept<T> {
  readonly #key: string;
  readonly #seat: string;

  constructor(name: string, { room, seat }: Welcome) {
    this.#key = `bolide.${name}`;
    this.#seat = `${room} ${seat}`;
  }

  /** The value that the page before kept for this seat, once. */
  take(): T | null {
    try {
      const kept = JSON.parse(sessionStorage.getItem(this.#key) ?? "null") as { seat: string; value: T } | null;
      sessionStorage.removeItem(this.#key);
      return kept !== null && kept.seat === this.#seat ? kept.value : null;
    } catch {
      return null; // Storage may be forbidden.
    }
  }

  /** Keeps what `read` answers whenever the page may end; the answer stops it. */
  follow(read: () => T): Unsubscribe {
    const keep = () => {
      try {
        sessionStorage.setItem(this.#key, JSON.stringify({ seat: this.#seat, value: read() }));
      } catch {
        return;
      }
    };
    addEventListener("pagehide", keep);
    return () => removeEventListener("pagehide", keep);
  }
}
