// The cover of the page while the connection is gone: why, and when it tries again.

import type { Comeback, Drop } from "../../sdk/index.ts";
import { find, setText } from "../dom.ts";
import { dropped } from "../words.ts";

/** Time until the seconds are told anew. */
const TOLD_MS = 250;

export class Lost {
  readonly #dialog = find("lost", HTMLDialogElement);
  readonly #why = find("lost-why", HTMLElement);
  readonly #next = find("lost-next", HTMLElement);
  #retryAtMs = 0;
  #attempt = 0;
  #drop: Drop | null = null;
  #keptUntilMs: number | null = null;
  #telling: ReturnType<typeof setInterval> | undefined;

  /** Until the signal: then it is gone, too. */
  constructor(connection: Comeback, signal: AbortSignal) {
    const retryNow = () => connection.retryNow();
    find("retry", HTMLButtonElement).addEventListener("click", retryNow, { signal });
    find("give-up", HTMLButtonElement).addEventListener("click", () => connection.leave(), { signal });
    addEventListener("online", retryNow, { signal });
    // A page that slept may hold a socket that died meanwhile.
    const seen = () => document.visibilityState === "visible" && retryNow();
    document.addEventListener("visibilitychange", seen, { signal });
    // It is no question that Escape could answer.
    const stay = (event: KeyboardEvent) => event.key === "Escape" && event.preventDefault();
    this.#dialog.addEventListener("keydown", stay, { signal });
    signal.addEventListener("abort", () => this.back());
  }

  /** `keptMs`: for how long the seat is kept from now on, where that is known. */
  drop(drop: Drop, keptMs: number | null): void {
    this.#keptUntilMs = drop.resumes && keptMs !== null ? performance.now() + keptMs : null;
    this.#retryAtMs = performance.now() + drop.retryInMs;
    this.#attempt = drop.attempt;
    this.#drop = drop;
    this.#tell();
    this.#telling ??= setInterval(() => this.#tell(), TOLD_MS);
    if (!this.#dialog.open) this.#dialog.showModal();
  }

  back(): void {
    clearInterval(this.#telling);
    this.#telling = undefined;
    this.#keptUntilMs = null;
    this.#dialog.close();
  }

  #tell(): void {
    const leftMs = this.#keptUntilMs === null ? null : this.#keptUntilMs - performance.now();
    if (this.#drop !== null) setText(this.#why, dropped(this.#drop, leftMs));
    const seconds = Math.ceil((this.#retryAtMs - performance.now()) / 1000);
    const attempt = this.#attempt > 1 ? ` (attempt ${this.#attempt})` : "";
    setText(this.#next, seconds > 0 ? `Trying again in ${seconds} s${attempt}` : `Connecting…${attempt}`);
  }
}
