// The line one writes into. It must not show what was said; the feed does, once the server has sent
// it to everybody.

import type { Room, Unsubscribe } from "../../sdk/index.ts";
import { find } from "../dom.ts";
import { isUnseen } from "../names.ts";

/** The protocol's limit. */
const TEXT_MAX = 200;

export class ChatLine {
  readonly #form = find("chat", HTMLFormElement);
  readonly #line = find("chat-line", HTMLInputElement);
  readonly #talk = find("talk", HTMLButtonElement);
  readonly #arena = find("arena", HTMLElement);

  readonly #room: Room;
  /** Lines that were sent and not answered yet, oldest first. */
  #sent: string[] = [];

  constructor(room: Room, signal: AbortSignal) {
    this.#room = room;
    this.#line.value = "";
    this.#form.addEventListener(
      "submit",
      (event) => {
        event.preventDefault();
        const text = [...this.#line.value.trim()].slice(0, TEXT_MAX).join("");
        const says = !isUnseen(text);
        // Kept when it could not be sent, so that it is not lost with the connection.
        if (says && !room.chat(text)) return;
        if (says) this.#sent.push(text);
        this.close();
      },
      { signal },
    );
    this.#line.addEventListener(
      "keydown",
      (event) => {
        if (event.key === "Escape") this.close();
      },
      { signal },
    );
    this.#line.addEventListener("focus", () => this.#arena.classList.add("talking"), { signal });
    this.#line.addEventListener("blur", () => this.#arena.classList.remove("talking"), { signal });
    // Or the line would lose the focus, and on a narrow screen vanish, before the button is
    // released.
    find("chat-send", HTMLButtonElement).addEventListener("pointerdown", (event) => event.preventDefault(), { signal });
    this.#talk.addEventListener("click", () => this.open(), { signal });
  }

  /** Listens to the answers: a line that is refused is in the field again. */
  follow(): Unsubscribe {
    const off = [
      this.#room.onChat(({ from }) => {
        if (from === this.#room.welcome.seat) this.#sent.shift();
      }),
      this.#room.onError(({ code }) => {
        const refused = code === "chat_rate" ? this.#sent.shift() : undefined;
        if (refused !== undefined && this.#line.value === "") this.#line.value = refused;
      }),
      this.#room.onDrop(() => {
        this.#sent = [];
      }),
    ];
    return () => {
      for (const stop of off) stop();
    };
  }

  open(): void {
    // Shown before it is focused: on a short screen the line is hidden until somebody wants to
    // talk.
    this.#arena.classList.add("talking");
    this.#line.focus();
  }

  close(): void {
    this.#line.value = "";
    this.#arena.focus();
    this.#arena.classList.remove("talking");
  }
}
