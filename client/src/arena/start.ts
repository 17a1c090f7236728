// The first screen: a name, a room, a mode, Play. It must not know the game; it hands out what was
// chosen.

import type { Bolide, ModeInfo } from "../sdk/index.ts";
import { find, make, setHidden, setText } from "./dom.ts";
import { title } from "./hud/top.ts";
import { isUnseen } from "./names.ts";

export interface Choice {
  readonly name: string;
  readonly mode: string;
  /** Any that is open, a new private one, or the one that a code opens. */
  readonly room: "any" | "private" | { readonly code: string };
}

/** The protocol's limit. */
const NAME_MAX = 24;
const NAME_KEY = "bolide.name";
const MODE_KEY = "bolide.mode";
const DEFAULT_MODE = "brawl";
/** Time that Play waits for the list of modes. */
const MODES_MS = 2_000;

/** For modes that are known by name; others show their size only. */
const ABOUT: Readonly<Record<string, string>> = {
  brawl: "Fast free-for-all",
  classic: "Slow, considered",
  duel: "One against one",
  royale: "In a closing circle",
};

export class StartScreen {
  readonly #screen = find("start", HTMLElement);
  readonly #form = find("join", HTMLFormElement);
  readonly #name = find("name", HTMLInputElement);
  readonly #code = find("code", HTMLInputElement);
  readonly #modes = find("modes", HTMLElement);
  readonly #error = find("join-error", HTMLElement);
  readonly #play = find("play", HTMLButtonElement);
  readonly #takeBack = find("take-back", HTMLButtonElement);
  #known: readonly ModeInfo[] = [];
  /** Takes what is chosen, while the screen waits for Play. */
  #chosen: ((choice: Choice | "take back") => void) | null = null;
  /** After a stay in a room, or a try to get into one, the focus is on Play. */
  #tried = false;

  constructor(params: URLSearchParams) {
    // Before anything is waited for: without it Play is the browser's own, which leaves the page.
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submitted();
    });
    // The field holds back what is typed, but not this.
    this.#name.value = [...(params.get("name") || (remembered(NAME_KEY) ?? ""))].slice(0, NAME_MAX).join("");
    const code = params.get("code");
    if (code !== null) {
      this.#code.value = code;
      for (const input of this.#rooms) input.checked = input.value === "code";
    }
    this.#showModes([], params.get("mode") || remembered(MODE_KEY) || DEFAULT_MODE);
  }

  /** Asks the server what there is; without an answer the default stays. A slow answer is shown
   * when it comes, and holds nobody up. */
  loadModes(client: Pick<Bolide, "modes">): Promise<void> {
    const loaded = client.modes().then(
      (modes) => this.#showModes(modes, this.#mode),
      () => this.fail("The list of modes could not be loaded. You can still play the default."),
    );
    return Promise.race([loaded, new Promise<void>((resolve) => setTimeout(resolve, MODES_MS))]);
  }

  /** The server has the chosen mode no more: it is offered and remembered no longer. */
  forgetMode(): void {
    const gone = this.#mode;
    if (remembered(MODE_KEY) === gone) remember(MODE_KEY, "");
    const known = this.#known.filter(({ name }) => name !== gone);
    this.#showModes(known, DEFAULT_MODE);
  }

  /** Says that something goes on that needs no choice. */
  wait(text: string): void {
    setHidden(this.#screen, false);
    setHidden(this.#takeBack, true);
    this.#play.disabled = true;
    setText(this.#play, text);
  }

  /** Waits for Play; or, if a seat may be had again, for whoever wants that. */
  choose(again: boolean): Promise<Choice | "take back"> {
    setHidden(this.#screen, false);
    this.#play.disabled = false;
    setText(this.#play, "Play");
    if (this.#name.value === "") this.#name.focus();
    else if (this.#tried) this.#play.focus();
    this.#tried = true;
    setHidden(this.#takeBack, !again);
    return new Promise((resolve) => {
      this.#chosen = resolve;
      this.#takeBack.onclick = () => this.#finish("take back");
    });
  }

  /** As if that had been pressed, if it is offered. */
  takeBack(): void {
    if (!this.#takeBack.hidden) this.#takeBack.click();
  }

  /** As if Play had been pressed. */
  submit(): void {
    this.#form.requestSubmit();
  }

  fail(message: string): void {
    setText(this.#error, message);
    setHidden(this.#error, false);
  }

  hide(): void {
    setHidden(this.#screen, true);
  }

  #submitted(): void {
    if (this.#chosen === null) return;
    const name = this.#name.value.trim();
    if (isUnseen(name)) {
      this.fail("Please enter a name.");
      return;
    }
    const room = this.#room;
    if (typeof room === "object" && room.code === "") {
      this.fail("Please enter the code of the room.");
      return;
    }
    remember(NAME_KEY, name);
    remember(MODE_KEY, this.#mode);
    this.#finish({ name, mode: this.#mode, room });
  }

  #finish(choice: Choice | "take back"): void {
    setHidden(this.#error, true);
    this.wait("Joining…");
    this.#chosen?.(choice);
    this.#chosen = null;
  }

  get #rooms(): readonly HTMLInputElement[] {
    return [...this.#form.querySelectorAll<HTMLInputElement>("input[name=which-room]")];
  }

  get #room(): Choice["room"] {
    const chosen = this.#rooms.find((input) => input.checked)?.value;
    if (chosen === "code") return { code: this.#code.value.trim() };
    return chosen === "private" ? "private" : "any";
  }

  get #mode(): string {
    const chosen = this.#modes.querySelector("input:checked");
    return chosen instanceof HTMLInputElement ? chosen.value : DEFAULT_MODE;
  }

  /** Without `modes`, which are not known then, the wanted one and the default. */
  #showModes(modes: readonly ModeInfo[], wanted: string): void {
    this.#known = modes;
    const names = modes.map((mode) => mode.name);
    const checked =
      modes.length === 0 || names.includes(wanted) ? wanted : (names.find((n) => n === DEFAULT_MODE) ?? names[0]);
    const shown: readonly { readonly name: string; readonly capacity?: number }[] =
      modes.length === 0 ? [...new Set([wanted, DEFAULT_MODE])].map((name) => ({ name })) : modes;
    this.#modes.replaceChildren(
      ...shown.map(({ name, capacity }) => {
        const input = make("input", "");
        input.type = "radio";
        input.name = "which-mode";
        input.value = name;
        input.checked = name === checked;
        const size = capacity === undefined ? [] : [make("span", "mode-size", `up to ${capacity}`)];
        const about = ABOUT[name] === undefined ? [] : [make("span", "mode-about", ABOUT[name])];
        return make("label", "mode", input, make("span", "mode-name", title(name)), ...size, ...about);
      }),
    );
  }
}

/** Storage may be forbidden; then the page forgets. */
function remembered(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

function remember(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    return;
  }
}
