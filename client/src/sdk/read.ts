// Reads untyped decoded values: each function returns the type it names or throws `DecodeError`. It
// must not know any message.

/** A frame that does not follow the protocol. */
export class DecodeError extends Error {
  override readonly name = "DecodeError";
}

export type Fields = Readonly<Record<string, unknown>>;

export function number(value: unknown, what: string): number {
  if (typeof value !== "number" || !Number.isFinite(value)) throw new DecodeError(`${what} is not a number`);
  return value;
}

export function text(value: unknown, what: string): string {
  if (typeof value !== "string") throw new DecodeError(`${what} is not a text`);
  return value;
}

export function flag(value: unknown, what: string): boolean {
  if (typeof value !== "boolean") throw new DecodeError(`${what} is not true or false`);
  return value;
}

export function list(value: unknown, what: string): readonly unknown[] {
  if (!Array.isArray(value)) throw new DecodeError(`${what} is not a list`);
  return value;
}

export function fields(value: unknown, what: string): Fields {
  if (!isFields(value)) throw new DecodeError(`${what} is not a map`);
  return value;
}

export function orNull<T>(value: unknown, what: string, read: (value: unknown, what: string) => T): T | null {
  return value === null || value === undefined ? null : read(value, what);
}

export function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
