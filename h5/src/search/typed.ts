// What is typed in the field, in parts: names are looked for by the last of them.

/** A part may be in quotes, open or closed, and stand behind a minus. */
const part = /-?"[^"]*"?|\S+/g

/** The last part of what is typed, as a name may begin; '' where that is no name: an exclusion, or in quotes. */
export function lastPart(text: string): string {
  if (/\s$/.test(text)) return ''
  const found = text.match(part)?.pop() ?? ''
  return /^-?"|^-/.test(found) ? '' : found.slice(0, 50)
}

/** What is typed without its last part. */
export function withoutLastPart(text: string): string {
  const last = text.match(part)?.pop() ?? ''
  return last ? text.slice(0, text.lastIndexOf(last)).trim() : ''
}
