// MessagePack as a server writes it, of any form that it may choose. What a later version adds in a
// form that nobody here reads, an extension, becomes null. It must not write.

/** The one value that the frame is. Throws on anything else. */
export function unpack(frame: ArrayBuffer): unknown {
  const reader = new Reader(frame);
  const value = reader.value();
  reader.end();
  return value;
}

class Reader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(frame: ArrayBuffer) {
    this.#bytes = new Uint8Array(frame);
    this.#view = new DataView(frame);
  }

  end(): void {
    if (this.#at < this.#bytes.length) throw new RangeError(`bytes are left after ${this.#at}`);
  }

  value(): unknown {
    const kind = this.#view.getUint8(this.#skip(1));
    if (kind < 0x80) return kind;
    if (kind < 0x90) return this.#map(kind & 0x0f);
    if (kind < 0xa0) return this.#list(kind & 0x0f);
    if (kind < 0xc0) return this.#text(kind & 0x1f);
    if (kind >= 0xe0) return kind - 0x100;
    // One, two, four or eight bytes, by the last bits of the kind.
    if (kind >= 0xcc && kind < 0xd0) return this.#whole(2 ** (kind & 3));
    if (kind >= 0xd0 && kind < 0xd4) return this.#signed(2 ** (kind & 3));
    if (kind >= 0xd4 && kind < 0xd9) return this.#extension(2 ** (kind - 0xd4));
    return this.#other(kind);
  }

  #other(kind: number): unknown {
    switch (kind) {
      case 0xc0:
        return null;
      case 0xc2:
      case 0xc3:
        return kind === 0xc3;
      case 0xc4:
      case 0xc5:
      case 0xc6:
        return this.#take(this.#whole(2 ** (kind - 0xc4)));
      case 0xc7:
      case 0xc8:
      case 0xc9:
        return this.#extension(this.#whole(2 ** (kind - 0xc7)));
      case 0xca:
        return this.#view.getFloat32(this.#skip(4));
      case 0xcb:
        return this.#view.getFloat64(this.#skip(8));
      case 0xd9:
      case 0xda:
      case 0xdb:
        return this.#text(this.#whole(2 ** (kind - 0xd9)));
      case 0xdc:
      case 0xdd:
        return this.#list(this.#whole(2 ** (kind - 0xdb)));
      case 0xde:
      case 0xdf:
        return this.#map(this.#whole(2 ** (kind - 0xdd)));
      default:
        throw new RangeError(`no value begins with ${kind}`);
    }
  }

  /** Goes on by so many bytes; where they begin. */
  #skip(size: number): number {
    const from = this.#at;
    this.#at += size;
    if (this.#at > this.#bytes.length) throw new RangeError("the frame ends within a value");
    return from;
  }

  #take(size: number): Uint8Array {
    return this.#bytes.subarray(this.#skip(size), this.#at);
  }

  /** `sign`: -1 if the first byte's highest bit says that it is negative. */
  #whole(size: number, sign = 0): number {
    let whole = sign;
    for (let at = this.#skip(size); at < this.#at; at += 1) whole = whole * 0x100 + (this.#bytes[at] ?? 0);
    return whole;
  }

  #signed(size: number): number {
    return this.#whole(size, (this.#bytes[this.#at] ?? 0) < 0x80 ? 0 : -1);
  }

  #extension(size: number): null {
    this.#skip(size + 1);
    return null;
  }

  #list(length: number): unknown[] {
    const list = [];
    for (let left = length; left > 0; left -= 1) list.push(this.value());
    return list;
  }

  #map(length: number): unknown {
    const entries: [string, unknown][] = [];
    for (let left = length; left > 0; left -= 1) entries.push([String(this.value()), this.value()]);
    return Object.fromEntries(entries);
  }

  #text(size: number): string {
    const bytes = this.#take(size);
    let text = "";
    for (let at = 0; at < size; ) {
      let code = bytes[at++] ?? 0;
      const more = code < 0x80 ? 0 : code < 0xe0 ? 1 : code < 0xf0 ? 2 : 3;
      if (more > 0) code &= 0x3f >> more;
      for (let left = more; left > 0; left -= 1) code = (code << 6) | ((bytes[at++] ?? 0) & 0x3f);
      text += String.fromCodePoint(code);
    }
    return text;
  }
}
