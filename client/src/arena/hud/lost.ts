// What covers the page while the connection is gone: why, and when it tries again.

import type { Drop } from "../../sdk/index.ts";
import { find, setHidden, setText } from "../dom.ts";

export class Lost {
  readonly #overlay = find("lost", HTMLElement);
  readonly #why = find("lost-why", HTMLElement);
  readonly #next = find("lost-next", HTMLElement);
  #retryAtMs: number | null = null;
  #attempt = 0;

  constructor(retryNow: () => void, leave: () => void, signal: AbortSignal) {
    find("retry", HTMLButtonElement).addEventListener("click", retryNow, { signal });
    find("give-up", HTMLButtonElement).addEventListener("click", leave, { signal });
    this.back();
  }

  drop(drop: Drop, nowMs: number): void {
    this.#retryAtMs = nowMs + drop.retryInMs;
    this.#attempt = drop.attempt;
    setText(this.#why, `${drop.message} Your seat is kept for a while.`);
    setHidden(this.#overlay, false);
  }

  back(): void {
    this.#retryAtMs = null;
    setHidden(this.#overlay, true);
  }

  update(nowMs: number): void {
    if (this.#retryAtMs === null) return;
    const seconds = Math.ceil((this.#retryAtMs - nowMs) / 1000);
    const attempt = this.#attempt > 1 ? ` (attempt ${this.#attempt})` : "";
    setText(this.#next, seconds > 0 ? `Trying again in ${seconds} s${attempt}` : `Connecting…${attempt}`);
  }
}
