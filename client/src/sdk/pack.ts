// MessagePack as a client writes it: whole numbers of at most 32 bits, texts, flags, lists and
// maps, each in its shortest form. It must not read.

/** Of a field that is `undefined` nothing is written. */
export function pack(value: unknown): Uint8Array<ArrayBuffer> {
  const bytes: number[] = [];
  write(bytes, value);
  return Uint8Array.from(bytes);
}

function write(bytes: number[], value: unknown): void {
  if (value === null) bytes.push(0xc0);
  else if (typeof value === "boolean") bytes.push(value ? 0xc3 : 0xc2);
  else if (typeof value === "number") integer(bytes, value);
  else if (typeof value === "string") {
    const text = utf8(value);
    head(bytes, text.length, 0xa0, 32, 0xd9);
    bytes.push(...text);
  } else if (Array.isArray(value)) {
    head(bytes, value.length, 0x90, 16, 0xdb);
    for (const element of value) write(bytes, element);
  } else {
    const given = Object.entries(value as object).filter(([, field]) => field !== undefined);
    head(bytes, given.length, 0x80, 16, 0xdd);
    for (const part of given.flat()) write(bytes, part);
  }
}

/** Half a surrogate pair becomes the sign for what is lost. */
function utf8(text: string): number[] {
  const bytes: number[] = [];
  for (const sign of text) {
    const code = sign.codePointAt(0) ?? 0;
    const c = code >= 0xd800 && code < 0xe000 ? 0xfffd : code;
    const tail = (shift: number) => 0x80 | ((c >> shift) & 0x3f);
    if (c < 0x80) bytes.push(c);
    else if (c < 0x800) bytes.push(0xc0 | (c >> 6), tail(0));
    else if (c < 0x10000) bytes.push(0xe0 | (c >> 12), tail(6), tail(0));
    else bytes.push(0xf0 | (c >> 18), tail(12), tail(6), tail(0));
  }
  return bytes;
}

function integer(bytes: number[], value: number): void {
  if (!Number.isInteger(value) || value < -(2 ** 31) || value >= 2 ** 32) throw new RangeError(`${value} is not sent`);
  if (value >= 0) {
    if (value < 0x80) bytes.push(value);
    else sized(bytes, value, 0xcc, [0x100, 0x10000]);
  } else if (value >= -32) bytes.push(value & 0xff);
  else sized(bytes, value, 0xd0, [-0x81, -0x8001]);
}

/** A length: in the first byte if it is below `small`, else after a kind that counts up from
 * `kind`, in one, two or four bytes. Lists and maps have no form of one byte. */
function head(bytes: number[], length: number, base: number, small: number, kind: number): void {
  if (length < small) bytes.push(base | length);
  else sized(bytes, length, kind, [small === 32 ? 0x100 : 0, 0x10000]);
}

/** A number after its kind, in one, two or four bytes: below the first bound, the second, or beyond
 * both. */
function sized(bytes: number[], value: number, kind: number, [one, two]: readonly [number, number]): void {
  const within = (bound: number) => (bound < 0 ? value > bound : value < bound);
  const step = within(one) ? 0 : within(two) ? 1 : 2;
  bytes.push(kind + step);
  for (let shift = 8 * (2 ** step - 1); shift >= 0; shift -= 8) bytes.push((value >> shift) & 0xff);
}
