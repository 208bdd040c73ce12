// The words of a query as the server takes them apart: what a chat marks of them.

/** An opening quote and what closes it. */
const closing: Record<string, string> = { '"': '"', '“': '”', '＂': '＂' }

/** The words that must be there, without those of blanks alone: what a chat marks. */
export function wordsOf(query: string): string[] {
  return partsOf(query).all.map((word) => word.trim()).filter(Boolean)
}

/** The words that must be there, and those behind a minus, that must not; quoted blanks count. */
export function partsOf(query: string): { all: string[]; none: string[] } {
  const found = { all: [] as string[], none: [] as string[] }
  let rest = query.trimStart()
  while (rest) {
    const not = /^[-－]\S/.test(rest)
    if (not) rest = rest.slice(1)
    const [word, length] = firstWord(rest)
    if (word) (not ? found.none : found.all).push(word)
    rest = rest.slice(length).trimStart()
  }
  return found
}

/** A query without its quotes and exclusions, which ask for more than the words; '' where it has none. */
export function simplerWords(query: string): string {
  const plain = query.replace(/(^|\s)-("[^"]*"?|\S+)/g, ' ').replace(/"/g, ' ').replace(/\s+/g, ' ').trim()
  return plain === query.trim() ? '' : plain
}

/** The first word of text, and how much of the text it takes. */
function firstWord(text: string): [string, number] {
  const close = closing[text.charAt(0)]
  if (close && text.length > 1) {
    const end = text.indexOf(close, 1)
    const word = text.slice(1, end < 0 ? undefined : end)
    if (word) return [word, end < 0 ? text.length : end + 1]
  }
  const [word = ''] = /^\S+/.exec(text) ?? []
  return [word, word.length]
}
