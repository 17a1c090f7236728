// One stay in a room, from the welcome to the end: builds the parts, lets each listen to the room,
// and runs the frames. It must hold no rule and draw nothing itself.

import type { End, PlayerId, Room, Unsubscribe } from "../sdk/index.ts";
import { Controls } from "./controls.ts";
import { exposeDebug } from "./debug.ts";
import { find, setHidden, wantsLessMotion } from "./dom.ts";
import { Abilities } from "./hud/abilities.ts";
import { Again } from "./hud/again.ts";
import { Banner } from "./hud/banner.ts";
import { ChatLine } from "./hud/chat.ts";
import { Company } from "./hud/company.ts";
import { Feed } from "./hud/feed.ts";
import { Invite } from "./hud/invite.ts";
import { Leave } from "./hud/leave.ts";
import { Lost } from "./hud/lost.ts";
import { Notice } from "./hud/notice.ts";
import { Players } from "./hud/players.ts";
import { ResultBanner } from "./hud/result.ts";
import { TabTitle } from "./hud/title.ts";
import { Toast } from "./hud/toast.ts";
import { Top } from "./hud/top.ts";
import { Kept } from "./kept.ts";
import { listenToKeys } from "./keyboard.ts";
import { Model } from "./model.ts";
import { legible } from "./palette.ts";
import { Pointer } from "./pointer.ts";
import { Stage } from "./stage.ts";
import { refusal } from "./words.ts";

const now = () => performance.now();

export interface Stay {
  readonly end: End;
  /** True if the player left to play in another match. */
  readonly again: boolean;
}

/** Resolves when the stay is over. `lose`: the connection is gone; for how long the seat is kept,
 * if that is known. */
export async function play(room: Room, lose: () => number | null): Promise<Stay> {
  const stay = new AbortController();
  const { signal } = stay;
  const screen = find("arena", HTMLElement);
  setHidden(screen, false);
  screen.focus();

  const model = new Model(room.welcome, now);
  const tint = () => screen.style.setProperty("--own", legible(model.seat));
  tint();
  const controls = new Controls(room, model, now);
  const stage = new Stage(find("canvas", HTMLCanvasElement), model, controls, wantsLessMotion());
  const top = new Top();
  const players = new Players();
  const feed = new Feed(model);
  const notice = new Notice();
  const toast = new Toast();
  const abilities = new Abilities(controls, now, signal);
  const chat = new ChatLine(room, signal);
  const leave = new Leave(model, () => room.leave(), signal);
  let again = false;
  const elsewhere = new Again(() => {
    again = true;
    room.leave();
  }, signal);
  const invite = new Invite(room, signal);
  const company = new Company(room, model, signal);
  const result = new ResultBanner(() => room.rematch(), signal);
  const lost = new Lost(room, signal);
  const pointer = new Pointer(stage, controls, signal);
  listenToKeys(controls, { openChat: () => chat.open(), rematch: () => result.rematch() }, signal);
  exposeDebug(room, model, stage, now, signal);

  const off = [
    model.follow(room),
    feed.follow(room),
    keepMutes(model),
    chat.follow(),
    invite.follow(),
    new TabTitle(model, now).follow(room),
    new Banner(signal).follow(room),
    room.onPrivate(({ refused }) => refused.forEach(({ seq, why }) => controls.onRefused(seq, why))),
    room.onError(({ code }) => toast.show(refusal(code), now())),
    room.onDrop((drop) => lost.drop(drop, lose())),
    room.onReconnect(({ resumed }) => {
      tint();
      lost.back();
      if (!resumed) toast.show("Your old seat was gone; this is a new one.", now());
    }),
  ];

  eachFrame(signal, (nowMs) => {
    stage.paint(nowMs);
    pointer.refresh(nowMs);
    top.update(model, nowMs);
    players.update(model, nowMs);
    feed.update(nowMs);
    abilities.update(model, nowMs);
    notice.update(model, controls, stage.watched, nowMs);
    toast.update(nowMs);
    result.update(model, nowMs);
    elsewhere.update(model, nowMs);
    company.update();
    leave.update();
  });

  const end = await new Promise<End>((resolve) => room.onLeave(resolve));
  for (const stop of off) stop();
  stay.abort();
  setHidden(screen, true);
  return { end, again };
}

/** Keeps over a reload who is muted. */
function keepMutes({ mutes, welcome }: Model): Unsubscribe {
  const kept = new Kept<[PlayerId, string][]>("mutes", welcome);
  mutes.restore(kept.take() ?? []);
  return kept.follow(() => mutes.entries());
}

function eachFrame(signal: AbortSignal, draw: (nowMs: number) => void): void {
  const frame = () => {
    if (signal.aborted) return;
    // First, so that one frame that fails is not the last one.
    requestAnimationFrame(frame);
    draw(now());
  };
  requestAnimationFrame(frame);
}
