// Events and chat, newest last; a reload keeps them. Everything a person wrote goes in as text,
// never as HTML.

import type { Chat, GameEvent, PlayerId, Room, RosterEntry, Unsubscribe } from "../../sdk/index.ts";
import { find, make } from "../dom.ts";
import { Kept } from "../kept.ts";
import type { Model } from "../model.ts";
import { colourOf, css } from "../palette.ts";
import type { TimedEvent } from "../timeline.ts";

const LINES_MAX = 80;

/** The feed as a reload keeps it. */
interface KeptFeed {
  readonly match: number;
  readonly lines: readonly KeptLine[];
}

interface KeptLine {
  readonly kind: string;
  readonly from: string | undefined;
  readonly pieces: readonly (string | KeptPiece)[];
}

interface KeptPiece {
  readonly tag: "b" | "span";
  readonly className: string;
  readonly color: string;
  readonly text: string;
}

export class Feed {
  readonly #list = find("feed", HTMLElement);
  readonly #model: Model;
  readonly #kept: Kept<KeptFeed>;
  #known: Map<number, RosterEntry> | null = null;
  #match = 0;
  /** Events that are not on the canvas yet. */
  #pending: TimedEvent[] = [];

  constructor(model: Model) {
    this.#model = model;
    this.#list.replaceChildren();
    this.#kept = new Kept("feed", model.welcome);
    const kept = this.#kept.take();
    if (kept === null) return;
    this.#match = kept.match;
    for (const { kind, from, pieces } of kept.lines) {
      const line = this.#add(kind, ...pieces.map(pieceOf));
      if (from !== undefined) line.dataset["from"] = from;
    }
  }

  /** Listens to a room, after the model has; the answer stops it. */
  follow(room: Room): Unsubscribe {
    // The newest line stays in sight when the phone is turned and when the chat opens and closes.
    const resized = new ResizeObserver(() => {
      this.#list.scrollTop = this.#list.scrollHeight;
    });
    resized.observe(this.#list);
    const off = [
      () => resized.disconnect(),
      this.#kept.follow(() => this.#keep()),
      room.onMatch(({ number }) => this.#begin(number)),
      room.onEvents(({ tick, events }) => this.#pending.push(...events.map((event) => ({ tick, event })))),
      room.onRoster(({ players }) => this.#roster(players)),
      room.onChat((line) => this.#chat(line)),
      this.#model.mutes.changed.subscribe((id) => this.#hide(id)),
    ];
    return () => {
      for (const stop of off) stop();
    };
  }

  /** Tells what has come to be seen. */
  update(nowMs: number): void {
    if (this.#pending.length > 0) this.#tell(this.#model.clock.renderTick(nowMs) ?? Number.POSITIVE_INFINITY);
  }

  #tell(untilTick: number): void {
    const due = this.#pending.filter(({ tick }) => tick <= untilTick);
    this.#pending = this.#pending.filter(({ tick }) => tick > untilTick);
    for (const { tick, event } of due) {
      const burns = (player: number) =>
        due.some((other) => other.tick === tick && other.event.kind === "burned" && other.event.player === player);
      this.#event(event, burns);
    }
  }

  /** `burns`: whether the zone has just cost that player health. */
  #event(event: GameEvent, burns: (player: number) => boolean): void {
    if (event.kind === "death") {
      const victim = this.#who(event.player);
      if (event.by === null && burns(event.player)) this.#add("kill", make("span", "verb", "The fire took "), victim);
      // Somebody out of sight may have done it.
      else if (event.by === null || event.by === event.player) this.#add("kill", victim, " is out");
      else this.#add("kill", this.#who(event.by), make("span", "verb", " burned "), victim);
    }
    if (event.kind === "gone") this.#add("news", this.#who(event.player), " left");
  }

  #chat(line: Chat): void {
    if (this.#model.mutes.has(line.from)) return;
    const name = make("b", "", line.name);
    name.style.color = css(colourOf(line.from), 1, 8);
    this.#add("said", name, " ", make("span", "text", line.text)).dataset["from"] = String(line.from);
  }

  /** Takes away what somebody said who is muted now, or brings it back. */
  #hide(id: PlayerId): void {
    const muted = this.#model.mutes.has(id);
    for (const line of this.#list.querySelectorAll<HTMLElement>(`[data-from="${id}"]`)) line.hidden = muted;
  }

  /** Says who came and whose connection went; the first roster is only learnt. */
  #roster(players: readonly RosterEntry[]): void {
    const before = this.#known;
    this.#known = new Map(players.map((player) => [player.id, player]));
    if (before === null) return;
    for (const player of players) {
      const old = before.get(player.id);
      if (player.id === this.#model.seat) continue;
      if (old === undefined || old.name !== player.name) {
        if (!player.bot) this.#add("news", this.#who(player.id), " joined");
      } else if (old.connected && !player.connected) this.#add("news", this.#who(player.id), " lost the connection");
      else if (!old.connected && player.connected) this.#add("news", this.#who(player.id), " is back");
    }
  }

  #begin(number: number): void {
    if (number === this.#match) return;
    this.#match = number;
    // Ticks start again at 0.
    this.#tell(Number.POSITIVE_INFINITY);
    this.#add("mark", `Match ${number}`);
  }

  #who(id: number): HTMLElement {
    const name = make("b", "", this.#model.nameOf(id));
    name.style.color = css(colourOf(id), 1, 8);
    return name;
  }

  #add(kind: string, ...parts: readonly (Node | string)[]): HTMLElement {
    const list = this.#list;
    // Whoever scrolled up to read is not pulled down.
    const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 24;
    const line = make("p", kind, ...parts);
    list.append(line);
    while (list.childElementCount > LINES_MAX) list.firstElementChild?.remove();
    if (atEnd) list.scrollTop = list.scrollHeight;
    return line;
  }

  #keep(): KeptFeed {
    const lines = [...this.#list.children].map((line) => ({
      kind: line.className,
      from: (line as HTMLElement).dataset["from"],
      pieces: [...line.childNodes].map(keptPiece),
    }));
    return { match: this.#match, lines };
  }
}

function keptPiece(node: Node): string | KeptPiece {
  const text = node.textContent ?? "";
  if (!(node instanceof HTMLElement)) return text;
  return { tag: node.localName === "b" ? "b" : "span", className: node.className, color: node.style.color, text };
}

function pieceOf(piece: string | KeptPiece): string | HTMLElement {
  if (typeof piece === "string") return piece;
  const element = make(piece.tag, piece.className, piece.text);
  element.style.color = piece.color;
  return element;
}
