// The players whose chat this page leaves out, for this stay and over a reload. It must not tell
// the server.

import type { PlayerId, RosterEntry } from "../sdk/index.ts";
import { Signal } from "../sdk/signal.ts";

export class Mutes {
  /** A player who was muted, or is heard again. */
  readonly changed = new Signal<PlayerId>();
  readonly #names = new Map<PlayerId, string>();

  has(id: PlayerId): boolean {
    return this.#names.has(id);
  }

  toggle({ id, name }: RosterEntry): void {
    if (!this.#names.delete(id)) this.#names.set(id, name);
    this.changed.emit(id);
  }

  /** All of them, for `restore`. */
  entries(): [PlayerId, string][] {
    return [...this.#names];
  }

  restore(entries: readonly [PlayerId, string][]): void {
    for (const [id, name] of entries) {
      this.#names.set(id, name);
      this.changed.emit(id);
    }
  }

  /** A seat that somebody else has now is heard. */
  keepOnly(players: readonly RosterEntry[]): void {
    const names = new Map(players.map(({ id, name }) => [id, name]));
    for (const [id, name] of this.#names) if (names.get(id) !== name) this.#names.delete(id);
  }
}
