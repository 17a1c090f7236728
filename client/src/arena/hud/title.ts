// The title of the tab: what goes on, for whoever waits in another one. It is set as news come,
// because a tab that is not looked at draws no frames.

import type { Room, Unsubscribe } from "../../sdk/index.ts";
import type { Model } from "../model.ts";
import { outcome } from "./result.ts";

const NAME = "Bolide";

export class TabTitle {
  readonly #model: Model;
  readonly #now: () => number;

  constructor(model: Model, now: () => number) {
    this.#model = model;
    this.#now = now;
  }

  /** Listens to a room, after the model has; the answer stops it, and the title is the page's
   * again. */
  follow(room: Room): Unsubscribe {
    const update = () => set(titleOf(this.#model, this.#now()));
    update();
    const off = [
      room.onSnapshot(update),
      room.onMatch(update),
      room.onResult(update),
      room.onReconnect(update),
      room.onDrop(() => set("Reconnecting")),
      () => set(""),
    ];
    return () => {
      for (const stop of off) stop();
    };
  }
}

function set(text: string): void {
  const title = text === "" ? NAME : `${text} · ${NAME}`;
  if (document.title !== title) document.title = title;
}

export function titleOf(model: Model, nowMs: number): string {
  if (model.result !== null) return outcome(model, model.result);
  if (model.phase === null) return "";
  if (model.phase === "waiting") return "Waiting for players";
  if (!model.takesPart) return "You watch";
  if (model.phase === "countdown") return `▶ ${Math.max(1, Math.ceil(model.secondsLeft(nowMs) ?? 1))}`;
  if (model.self?.life === "dead") return "You are out";
  return model.phase === "fighting" ? "Fight!" : "";
}
