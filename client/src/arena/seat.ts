// The seat that this tab plays, kept so that a reload comes back to it. Of this tab and this
// address alone: another tab plays a seat of its own, and so does a link to another room. It must
// not speak to the server.
//
// A browser copies the storage into a tab that is duplicated, so another tab may play the seat in
// it. A page that ends marks its seat as left; a seat without the mark is taken only if no other
// tab answers that it plays it. (A lock would be simpler, but browsers have locks on encrypted
// pages alone.)

import type { Welcome } from "../sdk/index.ts";

export interface KeptSeat {
  readonly name: string;
  readonly mode: string;
  /** Room and number: what stays while tokens change. */
  readonly id: string;
  /** The token of the newest welcome. */
  readonly resume: string;
  /** Time that it is kept without a connection, if the server has said it. */
  readonly graceMs: number | null;
  /** By the clock of the wall: until when it is kept, while there is no connection. */
  readonly keptUntil: number | null;
}

/** The seat that a welcome gives. */
export function seatOf(name: string, mode: string, welcome: Welcome): KeptSeat {
  const { room, seat, resume, graceTicks, tickRate } = welcome;
  const graceMs = graceTicks === null ? null : (graceTicks / tickRate) * 1000;
  return { name, mode, id: `${room} ${seat}`, resume, graceMs, keptUntil: null };
}

/** The same seat from when its connection is lost. */
export function withoutConnection(seat: KeptSeat): KeptSeat {
  const { graceMs, keptUntil } = seat;
  return graceMs ? { ...seat, keptUntil: keptUntil ?? Date.now() + graceMs } : seat;
}

/** For how long a seat without a connection is kept from now on, if that is known. */
export function keptMs({ keptUntil }: KeptSeat): number | null {
  return keptUntil ? keptUntil - Date.now() : null;
}

/** Of this address as it is now, without the slash of a page at the root. */
const key = () => `bolide.seat${location.pathname.slice(1)}${location.search}`;

/** Time that another tab may take to answer. Only after a crash there is neither mark nor
 * answer. */
const ANSWER_MS = 1_000;

/** Messages between the tabs of this origin. */
type Message =
  | { readonly ask: string }
  | { readonly plays: string }
  | { readonly want: string }
  | { readonly gives: string; readonly resume: string };

let played: KeptSeat | null = null;
let tabs: BroadcastChannel | null = null;

/** Keeps a seat, and answers other tabs that this one plays it. */
export function keepSeat(seat: KeptSeat): void {
  played = seat;
  store({ ...seat, left: false });
  listen();
}

/** The seat that was kept, unless another tab plays it. From now on this tab does. */
export async function takeSeat(): Promise<KeptSeat | null> {
  const seat = stored();
  if (seat === null) return null;
  if (!seat.left && (await isPlayedElsewhere(seat.id))) {
    forgetSeat();
    return null;
  }
  keepSeat(seat);
  return seat;
}

export function forgetSeat(): void {
  played = null;
  try {
    sessionStorage.removeItem(key());
  } catch {
    return;
  }
}

/** The seat with the newest token that a tab of this browser knows, after it was lost to another
 * connection: each connection has a token of its own, and the ones before it open nothing. */
export function newestOf(seat: KeptSeat): Promise<KeptSeat> {
  const read = (answer: Message) =>
    "gives" in answer && answer.gives === seat.id ? { ...seat, resume: answer.resume } : null;
  return askTabs({ want: seat.id }, read, seat);
}

addEventListener("pagehide", () => {
  if (played !== null) store({ ...withoutConnection(played), left: true });
});

// A browser may show a page again that it had hidden whole.
addEventListener("pageshow", () => {
  if (played !== null) store({ ...played, left: false });
});

function store(seat: KeptSeat & { readonly left: boolean }): void {
  try {
    sessionStorage.setItem(key(), JSON.stringify(seat));
  } catch {
    return; // Storage may be forbidden; then a reload joins anew.
  }
}

function stored(): (KeptSeat & { readonly left?: boolean }) | null {
  try {
    return JSON.parse(sessionStorage.getItem(key()) ?? "null") as KeptSeat | null;
  } catch {
    return null;
  }
}

function isPlayedElsewhere(id: string): Promise<boolean> {
  return askTabs({ ask: id }, (answer) => ("plays" in answer && answer.plays === id ? true : null), false);
}

/** The first answer of another tab that `read` makes something of, or `otherwise` if none comes. */
function askTabs<T>(question: Message, read: (answer: Message) => T | null, otherwise: T): Promise<T> {
  return new Promise((resolve) => {
    listen()?.addEventListener("message", ({ data }: MessageEvent<Message>) => {
      const answer = read(data);
      if (answer !== null) resolve(answer);
    });
    say(question);
    setTimeout(() => resolve(otherwise), ANSWER_MS);
  });
}

/** None where the browser forbids it, as it forbids storage. */
function listen(): BroadcastChannel | null {
  try {
    tabs ??= answering(new BroadcastChannel("bolide.seat"));
  } catch {
    return null;
  }
  return tabs;
}

function answering(channel: BroadcastChannel): BroadcastChannel {
  channel.addEventListener("message", ({ data }: MessageEvent<Message>) => {
    if ("ask" in data && data.ask === played?.id) say({ plays: data.ask });
    if ("want" in data && data.want === played?.id) say({ gives: data.want, resume: played.resume });
  });
  return channel;
}

function say(message: Message): void {
  tabs?.postMessage(message);
}
