// Names and file names come from strangers: nothing in them may turn the line
// around or hide a part of it.

const tricks = /[\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c\u200b\u2060\ufeff]+/g

/** Text with bidi overrides and zero-width runs replaced by a visible marker. */
export function clean(text: string): string {
  return text.replace(tricks, '\u25a1')
}
