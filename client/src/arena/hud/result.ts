// The end of a match: who won, everybody's place, and the button for the next one.

import type { Result } from "../../sdk/index.ts";
import { find, make, setHidden, setText } from "../dom.ts";
import type { Model } from "../model.ts";
import { colourOf, css } from "../palette.ts";

const REASONS: Readonly<Record<string, string>> = {
  last_standing: "Last one standing",
  time_limit: "Time is up",
};

/** The last blow is seen before the banner covers it. */
const SHOW_AFTER_MS = 700;
/** So many rows are seen without a look for one's own, on a phone on its side too. */
const ROWS_MAX = 5;

export class ResultBanner {
  readonly #banner = find("result", HTMLElement);
  readonly #title = find("result-title", HTMLElement);
  readonly #why = find("result-why", HTMLElement);
  readonly #rows = find("placements", HTMLElement);
  readonly #rematch = find("rematch", HTMLButtonElement);
  readonly #next = find("result-next", HTMLElement);
  readonly #arena = find("arena", HTMLElement);
  readonly #announce = find("announce", HTMLElement);
  readonly #send: () => boolean;
  #shown: Result | null = null;
  #asked = false;
  /** Players that are known to want the next match. */
  #ready: ReadonlySet<number> = new Set();

  constructor(send: () => boolean, signal: AbortSignal) {
    this.#send = send;
    this.#rematch.addEventListener("click", () => this.rematch(), { signal });
    setHidden(this.#banner, true);
    // A phone that is turned shows fewer rows.
    const resized = new ResizeObserver(() => this.#showOwn());
    resized.observe(this.#banner);
    signal.addEventListener("abort", () => resized.disconnect());
  }

  rematch(): void {
    if (this.#shown !== null && !this.#asked) this.#asked = this.#send();
  }

  update(model: Model, nowMs: number): void {
    const result = nowMs - model.resultAtMs >= SHOW_AFTER_MS ? model.result : null;
    if (result !== this.#shown) {
      this.#shown = result;
      this.#asked = false;
      this.#ready = new Set();
      if (result !== null) this.#fill(model, result);
      this.#show(result !== null);
      this.#showOwn();
    }
    if (result === null) return;
    if (this.#rematch.disabled !== this.#asked) this.#rematch.disabled = this.#asked;
    setText(this.#rematch, this.#asked ? "Ready" : "Rematch");
    const seconds = Math.ceil(model.secondsToNext(nowMs));
    const when = seconds > 0 ? `Next match in ${seconds} s` : "The next match is about to begin";
    setText(this.#next, this.#votes(model) + when);
  }

  #showOwn(): void {
    this.#rows.querySelector(".own")?.scrollIntoView({ block: "center" });
  }

  /** Marks whoever wants the next match, and counts them: it begins with more than half. */
  #votes({ roster, seat }: Model): string {
    const here = roster.filter(({ bot, connected, idle }) => !bot && connected && !idle);
    const ready = here.filter((player) => player.ready);
    for (const { id, name } of ready) {
      if (this.#ready.has(id)) continue;
      const row = this.#rows.querySelector(`[data-player="${id}"]`);
      row?.append(make("span", "tag", "ready"));
      if (id !== seat) setText(this.#announce, `${name} is ready for the next match.`);
    }
    this.#ready = new Set(ready.map(({ id }) => id));
    const needed = Math.floor(here.length / 2) + 1;
    return here.length < 2 || ready.length === 0 ? "" : `${ready.length} of ${needed} are ready. `;
  }

  /** The focus comes along, but for that of somebody who writes, and goes back. */
  #show(shown: boolean): void {
    // A button that was pressed and is disabled since has lost it to nobody.
    const { activeElement: focused, body } = document;
    const free = focused === body || focused === this.#arena || this.#banner.contains(focused);
    setHidden(this.#banner, !shown);
    if (free) (shown ? this.#banner : this.#arena).focus({ preventScroll: true });
  }

  #fill(model: Model, result: Result): void {
    setText(this.#title, outcome(model, result));
    this.#title.style.color = result.winner === null ? "" : css(colourOf(result.winner), 1, 6);
    // Where the own line may have to be looked for.
    const many = result.placements.length > ROWS_MAX;
    setText(this.#why, reasonOf(result) + (many ? placeOf(model, result) : ""));
    this.#rows.replaceChildren(
      ...result.placements.map((placement) => {
        const dot = make("span", "dot");
        dot.style.background = css(colourOf(placement.id));
        const person = make("span", "person", dot, make("span", "who", model.nameOf(placement.id)));
        person.dataset["player"] = String(placement.id);
        const who = make("td", "", person);
        const cells = [placement.hits, placement.kills].map((value) => make("td", "number", String(value)));
        const row = make("tr", "", make("td", "number", String(placement.place)), who, ...cells);
        row.classList.toggle("own", placement.id === model.seat);
        return row;
      }),
    );
  }
}

export function outcome(model: Model, { winner }: Result): string {
  if (winner === null) return "Draw";
  return winner === model.seat ? "You win!" : `${model.nameOf(winner)} wins`;
}

/** The result in a line, for those who listen. */
export function resultLine(model: Model, result: Result): string {
  return `${reasonOf(result)}: ${outcome(model, result)}${placeOf(model, result)}`;
}

function reasonOf({ reason }: Result): string {
  return REASONS[reason] ?? reason.replaceAll("_", " ");
}

/** Of whoever has not won. */
function placeOf({ seat }: Model, { winner, placements }: Result): string {
  const own = placements.find(({ id }) => id === seat);
  return own === undefined || winner === seat ? "" : `. You: place ${own.place} of ${placements.length}.`;
}
