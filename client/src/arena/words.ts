// The words for players when something is refused or ends. The protocol's own texts are for the
// authors of clients, so each code has words here. Pure.

import type { Drop, End } from "../sdk/index.ts";

/** The way in which a room was asked for: any that is open or a new one, by the page's address, by
 * a code. */
export type Asked = "any" | "link" | "code";

const NOT_UNDERSTOOD = "The server did not understand this page. Reload it.";

const WORDS: Readonly<Record<string, string>> = {
  malformed: NOT_UNDERSTOOD,
  unknown_message: NOT_UNDERSTOOD,
  not_joined: NOT_UNDERSTOOD,
  already_joined: NOT_UNDERSTOOD,
  out_of_range: "The server does not take that name. Choose another one.",
  unknown_mode: "There is no such mode here. Choose another one.",
  unknown_room: "That room is gone.",
  room_full: "All seats of that room are taken.",
  room_locked: "That room is locked: whoever opened it lets nobody new in.",
  server_full: "No seat is free at the moment. Try again later.",
  bad_resume: "Your seat was kept for a while, and is gone now.",
  chat_rate: "Not so fast: 5 lines in 5 seconds at most. Send this one again later.",
  not_creator: "Only whoever opened this room may lock it.",
  bots_fixed: "Whether bots play here is not for you to say.",
  room_failed: "That room cannot go on at the moment.",
};

const BY_CODE: typeof WORDS = {
  unknown_room: "No room has that code. Ask for it once more.",
  out_of_range: "A code has 6 letters and digits, none of them 0, O, 1 or I.",
};

const ELSEWHERE = " Play leads to another one.";

const BY_LINK: typeof WORDS = {
  unknown_room: WORDS["unknown_room"] + ELSEWHERE,
  out_of_range: WORDS["unknown_room"] + ELSEWHERE,
  room_full: WORDS["room_full"] + ELSEWHERE,
  room_locked: WORDS["room_locked"] + ELSEWHERE,
};

/** Of one message that was refused in a room. */
export function refusal(code: string): string {
  return WORDS[code] ?? "The server refused that.";
}

/** Of a connection that comes back by itself. `leftMs`: for how long the seat is kept, if that is
 * known. */
export function dropped({ error, message, resumes }: Pick<Drop, "error" | "message" | "resumes">, leftMs: number | null = null): string {
  const why = error === null ? message : refusal(error);
  if (!resumes) return why;
  if (leftMs === null) return `${why} Your seat is kept for a while.`;
  return leftMs > 0 ? `${why} Your seat is kept for ${Math.ceil(leftMs / 1000)} s.` : `${why} Your seat may be gone by now.`;
}

/** Returns whether it is the name that the server does not take; the message begins with the
 * field. */
export function refusesName({ error, message }: End): boolean {
  return error === "out_of_range" && message.startsWith("name ");
}

/** Of a join that failed, or a stay that is over. */
export function farewell(end: End, asked: Asked): string {
  const { error, message, reload } = end;
  if (error === null) return reload ? `${message} Reload the page.` : message;
  const there = refusesName(end) ? WORDS : asked === "code" ? BY_CODE : asked === "link" ? BY_LINK : WORDS;
  return there[error] ?? refusal(error);
}
