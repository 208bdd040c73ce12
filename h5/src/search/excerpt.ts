// The part of a message that a result shows: around the first mark, in one line.
import type { Api } from '@/api/client'
import { type MarkedPiece, markedPieces, type MarkedSpan, snippet } from '@/ui/marks'
import { withEmoji } from '@/chat/messages/emoji'

/** Characters of an excerpt, and how many of them stand before the first mark. */
const length = 120
const lead = 18

/** What is cut out: controls and line ends become blanks, one for one, so that offsets stay. */
const unprintable = /[\s\u0000-\u001f\u007f-\u009f\u2028\u2029]/g

/** An excerpt in pieces; emoticons are drawn where no mark cuts through them. */
export function excerpt(text: string, spans: readonly MarkedSpan[]): MarkedPiece[] {
  const first = spans.reduce((least, span) => Math.min(least, span.start), text.length)
  // Only the surroundings are looked at: a text may be long.
  const from = spans.length ? Math.max(0, first - 4 * length) : 0
  const near = text.slice(from, from + 8 * length)
  const inside = spans.filter((span) => span.start < from + near.length && span.end > from).map((span) => ({ start: span.start - from, end: span.end - from }))
  const cut = snippet(near.replace(unprintable, ' '), inside, length, lead)
  const pieces = markedPieces(cut.text, cut.spans)
  const end = from + near.length < text.length && !cut.text.endsWith('…') ? [{ text: '…', marked: false }] : []
  return [...pieces.map((piece) => (piece.marked ? piece : { ...piece, text: withEmoji(piece.text) })), ...end]
}

/** The contents of the QR codes that stand in a message's pictures. */
export function codesOf(content: Api['Content']): string[] {
  const own = content.media?.codes ?? []
  const parts = content.parts?.flatMap(codesOf) ?? []
  const record = content.record?.items.flatMap((item) => codesOf(item.content)) ?? []
  return [...own, ...parts, ...record]
}
