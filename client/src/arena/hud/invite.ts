// The way into this room: a link for those who are invited; of a private one the code that opens
// it, and the lock. It must not know who is let in; the server does.

import type { Lock, Room, Unsubscribe } from "../../sdk/index.ts";
import { find, setHidden, setText } from "../dom.ts";

/** Time that the button says that the link is copied. */
const COPIED_MS = 2_000;

export class Invite {
  readonly #link = find("link", HTMLInputElement);
  readonly #share = find("share", HTMLButtonElement);
  readonly #lock = find("lock", HTMLButtonElement);
  readonly #room: Room;
  #locked = false;

  constructor(room: Room, signal: AbortSignal) {
    this.#room = room;
    const { code } = room.welcome;
    find("invite", HTMLElement).classList.toggle("open", code === null);
    setHidden(find("has-code", HTMLElement), code === null);
    setText(find("room-code", HTMLElement), code ?? "");
    setText(this.#share, this.#label);
    setHidden(this.#lock, true);
    setHidden(this.#link, true);
    this.#link.addEventListener("blur", () => setHidden(this.#link, true), { signal });
    this.#link.addEventListener("keydown", ({ key }) => key === "Escape" && this.#link.blur(), { signal });
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

  get #label(): string {
    return this.#room.welcome.code === null ? "Copy invite link" : "Copy link";
  }

  async #copy(): Promise<void> {
    const { room, code, mode } = this.#room.welcome;
    const query = new URLSearchParams(code === null ? { mode, room } : { code });
    const link = new URL(`?${query}`, location.href).href;
    try {
      await navigator.clipboard.writeText(link);
    } catch {
      // Not every browser lets a page write there, and none does without encryption.
      if (!this.#offer(link)) return;
    }
    setText(this.#share, "Copied");
    setTimeout(() => setText(this.#share, this.#label), COPIED_MS);
  }

  /** Shows the link to be copied by hand, unless the old way works. */
  #offer(link: string): boolean {
    this.#link.value = link;
    setHidden(this.#link, false);
    this.#link.select();
    const copied = document.execCommand("copy");
    if (copied) this.#link.blur();
    return copied;
  }
}
