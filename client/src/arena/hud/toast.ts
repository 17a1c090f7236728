// A short message that goes away by itself: what the server refused.

import { find, setHidden, setText } from "../dom.ts";

const SHOWN_MS = 3_500;

export class Toast {
  readonly #toast = find("toast", HTMLElement);
  #untilMs = 0;

  show(text: string, nowMs: number): void {
    setText(this.#toast, text);
    setHidden(this.#toast, false);
    this.#untilMs = nowMs + SHOWN_MS;
  }

  update(nowMs: number): void {
    if (nowMs > this.#untilMs) setHidden(this.#toast, true);
  }
}
