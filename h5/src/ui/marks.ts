// Text with marked places, as pieces to draw one after the other.

/** A place in a text: UTF-16 offsets, end exclusive. */
export interface MarkedSpan {
  start: number
  end: number
}

/** A piece of text that is marked or not. */
export interface MarkedPiece {
  text: string
  marked: boolean
}

/** Text cut where marks begin and end; spans may overlap, touch, or lie outside. */
export function markedPieces(text: string, spans: readonly MarkedSpan[]): MarkedPiece[] {
  const pieces: MarkedPiece[] = []
  let at = 0
  for (const { start, end } of joined(spans, text.length)) {
    if (start > at) pieces.push({ text: text.slice(at, start), marked: false })
    pieces.push({ text: text.slice(start, end), marked: true })
    at = end
  }
  if (at < text.length) pieces.push({ text: text.slice(at), marked: false })
  return pieces
}

/** Spans inside 0..length in order, overlapping and touching ones as one. */
function joined(spans: readonly MarkedSpan[], length: number): MarkedSpan[] {
  const inside = spans
    .map(({ start, end }) => ({ start: Math.max(0, start), end: Math.min(length, end) }))
    .filter(({ start, end }) => start < end)
    .sort((a, b) => a.start - b.start)
  const found: MarkedSpan[] = []
  for (const span of inside) {
    const last = found[found.length - 1]
    if (last && span.start <= last.end) last.end = Math.max(last.end, span.end)
    else found.push(span)
  }
  return found
}

/** A part of a text with the spans that lie in it. */
export interface Snippet {
  text: string
  spans: MarkedSpan[]
}

/**
 * The part of text around its first span, about length long, with … where it
 * was cut. Characters made of two UTF-16 units stay whole.
 */
export function snippet(text: string, spans: readonly MarkedSpan[], length = 80, before = 16): Snippet {
  const first = joined(spans, text.length)[0]
  const from = whole(text, text.length <= length ? 0 : Math.max(0, (first?.start ?? 0) - before), -1)
  const to = whole(text, Math.min(text.length, Math.max(from + length, first?.end ?? 0)), 1)
  const head = from > 0 ? '…' : ''
  const shift = head.length - from
  return {
    text: head + text.slice(from, to) + (to < text.length ? '…' : ''),
    spans: spans
      .filter((span) => span.end > from && span.start < to)
      .map((span) => ({ start: Math.max(from, span.start) + shift, end: Math.min(to, span.end) + shift })),
  }
}

/** The nearest offset in direction step that does not split a character. */
function whole(text: string, at: number, step: 1 | -1): number {
  const splits = at > 0 && at < text.length && isLow(text.charCodeAt(at)) && !isLow(text.charCodeAt(at - 1))
  return splits ? at + step : at
}

function isLow(code: number): boolean {
  return code >= 0xdc00 && code <= 0xdfff
}
