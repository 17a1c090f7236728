// The banner with what the operator of the server, or the site it belongs to, tells all players. It
// stays until the player closes it. It must not parse what it shows.

import type { Notice, Room, Unsubscribe } from "../../sdk/index.ts";
import { find, setHidden, setText } from "../dom.ts";

/** So many notices wait to be read; the oldest go first. */
const WAITING_MAX = 8;
const LEVELS: Readonly<Record<string, string>> = { info: "Notice", warning: "Warning", maintenance: "Maintenance" };

export class Banner {
  readonly #banner = find("banner", HTMLElement);
  readonly #level = find("banner-level", HTMLElement);
  readonly #title = find("banner-title", HTMLElement);
  readonly #text = find("banner-text", HTMLElement);
  /** Newest last, which is the one that is shown. */
  readonly #notices: Notice[] = [];

  constructor(signal: AbortSignal) {
    find("banner-close", HTMLButtonElement).addEventListener("click", () => this.#close(), { signal });
    this.#show();
  }

  follow(room: Room): Unsubscribe {
    return room.onNotice((notice) => {
      this.#notices.push(notice);
      if (this.#notices.length > WAITING_MAX) this.#notices.shift();
      this.#show();
    });
  }

  #close(): void {
    this.#notices.pop();
    this.#show();
  }

  #show(): void {
    const notice = this.#notices.at(-1);
    setHidden(this.#banner, notice === undefined);
    if (notice === undefined) return;
    const level = LEVELS[notice.level] === undefined ? "info" : notice.level;
    this.#banner.dataset["level"] = level;
    const others = this.#notices.length - 1;
    setText(this.#level, `${LEVELS[level]}${others > 0 ? ` +${others}` : ""}`);
    setText(this.#title, notice.title ?? "");
    setHidden(this.#title, notice.title === null);
    setText(this.#text, notice.text);
    this.#text.scrollTop = 0;
  }
}
