// Names and file names come from strangers: nothing in them may turn the line
// around, hide a part of it, or grow out of it.

/** How many characters of a name are shown. */
const nameLength = 300

/** Flags of regions are spelt in characters that are seen nowhere else. */
const flag = '\\u{1f3f4}[\\u{e0020}-\\u{e007e}]+\\u{e007f}'
/** Controls, marks of direction, and what has no shape of its own. */
const unseen =
  '\\0-\\x08\\x0e-\\x1f\\x7f-\\x9f\\xad\\u034f\\u061c\\u115f\\u1160\\u17b4\\u17b5\\u180b-\\u180e\\u200b\\u200e\\u200f\\u202a-\\u202e' +
  '\\u2060-\\u206f\\u2800\\u3164\\ufeff\\uffa0\\ufff9-\\ufffb\\u{e0000}-\\u{e007f}'
/** Joiners belong into emoji and some scripts, and hide between other letters. */
const joiners = '\\u200d(?!\\p{Extended_Pictographic}|[\\u0900-\\u0eff])|\\u200c(?![\\u0600-\\u0eff])'
const tricks = new RegExp(`${flag}|(?:[${unseen}]|${joiners})+|(\\p{M}{3})\\p{M}+`, 'gu')

/** Letters that are written from right to left. */
const rightToLeft = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u

/**
 * A name as it may stand among other words: what hides or turns is a visible
 * marker, marks on one letter are three at most, the length is bounded, and
 * what is written from right to left does not move what stands beside it.
 */
export function clean(text: string, length = nameLength): string {
  const shown = cut(text, length).replace(tricks, (found, marks?: string) =>
    marks ?? (found.startsWith('\u{1f3f4}') ? found : '\u25a1'),
  )
  return rightToLeft.test(shown) ? `\u2068${shown}\u2069` : shown
}

/** The beginning of text in one line, with … where it was cut. */
function cut(whole: string, length: number): string {
  const text = whole.replace(/\s+/g, ' ').trim()
  return text.length > length ? `${text.slice(0, length).replace(/[\ud800-\udbff]$/, '')}\u2026` : text
}
