// Names: which the server takes, and how they are written on the canvas, cut. Pure. The lists
// beside it show them whole.

/** Cells of a name on the canvas, as a terminal counts them: a letter has one, an ideograph or an
 * emoji two. */
const CELLS_MAX = 12;
/** Marks on one letter; more of them climb over neighbours. */
const MARKS_MAX = 2;

/** Most names, which need no look at each letter. */
const PLAIN = /^[ -~]{0,12}$/;
/** A letter with its marks, or several that are joined to one sign. */
const SIGNS = /\P{M}[\p{M}\p{Emoji_Modifier}]*(?:\u200d\P{M}[\p{M}\p{Emoji_Modifier}]*)*/gu;
const MARKS = new RegExp(`(\\p{M}{${MARKS_MAX}})\\p{M}+`, "gu");
const WIDE = /[\p{Emoji_Presentation}\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\u{20000}-\u{3fffd}]/u;

/** Characters that cannot be seen, or only stand on a letter, as the server has it
 * (`net/src/messages/user_text.rs`). */
const UNSEEN =
  /^[\p{Mn}\p{Me}\p{Default_Ignorable_Code_Point}\p{White_Space}\p{Cc}\u2800\ufff0-\ufffb\u{1d159}]*$/u;

/** Returns whether nothing of the name can be seen. */
export function isUnseen(name: string): boolean {
  return UNSEEN.test(name);
}

/** The name, or its beginning and an ellipsis. */
export function cutName(name: string): string {
  if (PLAIN.test(name)) return name;
  const signs = name.replace(MARKS, "$1").match(SIGNS) ?? [];
  const cells = signs.map((sign) => (WIDE.test(sign) ? 2 : 1));
  if (cells.reduce((sum, wide) => sum + wide, 0) <= CELLS_MAX) return signs.join("");
  let left = CELLS_MAX - 1;
  const fits = signs.filter((_, index) => (left -= cells[index] ?? 0) >= 0);
  return `${fits.join("").trimEnd()}…`;
}
