// Of a private room: the code that opens it, a link for those who are invited, and the lock. It must not know who is let in;
// the server does.

import type { Lock, Room, Unsubscribe } from "../../sdk/index.ts";
import { find, setHidden, setText } from "../dom.ts";

/** How long the button says that the link is copied. */
const COPIED_MS = 2_000;

export class Invite {
  readonly #share = find("share", HTMLButtonElement);
  readonly #lock = find("lock", HTMLButtonElement);
  readonly #room: Room;
  #locked = false;

  constructor(room: Room, signal: AbortSignal) {
    this.#room = room;
    setHidden(find("invite", HTMLElement), room.welcome.code === null);
    setText(find("room-code", HTMLElement), room.welcome.code ?? "");
    setText(this.#share, "Copy link");
    setHidden(this.#lock, true);
    this.#share.addEventListener("click", () => void this.#copy(), { signal });
    this.#lock.addEventListener("click", () => room.lock(!this.#locked), { signal });
  }

  follow(): Unsubscribe {
    return this.#room.onLock((lock) => this.#show(lock));
  }

  #show({ locked, creator }: Lock): void {
    const own = creator === this.#room.welcome.seat;
    this.#locked = locked;
    this.#lock.disabled = !own;
    setText(this.#lock, own ? (locked ? "Unlock" : "Lock") : "Locked");
    setHidden(this.#lock, !own && !locked);
  }

  async #copy(): Promise<void> {
    const link = new URL(`?code=${this.#room.welcome.code}`, location.href).href;
    try {
      await navigator.clipboard.writeText(link);
    } catch {
      // Not every browser lets a page write there, and none does without encryption.
      prompt("The link to this room", link);
      return;
    }
    setText(this.#share, "Copied");
    setTimeout(() => setText(this.#share, "Copy link"), COPIED_MS);
  }
}
