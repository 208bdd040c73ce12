// What a search has found in the messages of a chat, and how it is marked in the
// parts of them that show a piece of their text: names, titles, quotes.
import { h, type VNode } from 'vue'
import type { Api } from '@/api/client'
import { markedPieces, snippet } from '@/ui/marks'
import type { MarkedPart, Marks } from '../context'
import { findSpans } from '../messages/tokens'
import type { Message } from '../rows'
import './found.css'

type Span = Api['Span']

/** Places by message id; words, one a line, are marked in all other messages. */
export class Found extends Map<string, readonly Span[]> implements Marks {
  constructor(
    places: Iterable<readonly [string, readonly Span[]]>,
    private readonly words = '',
  ) {
    super(places)
  }

  /** Where what was found in message stands in a part of it that is shown. */
  spans(shown: string, message: Message | undefined): readonly Span[] {
    const places = message && this.get(message.id)
    return findSpans(shown, message && places?.length ? saidAt(places, message.text) : this.words)
  }

  /** A part with its marks; one whose first mark would be out of view begins near it. */
  draw({ text, whole, room = Infinity }: MarkedPart, message: Message | undefined): (VNode | string)[] | string {
    let shown = text
    let spans = this.spans(shown, message)
    if (!spans.length && whole) spans = this.spans((shown = whole), message)
    const first = spans.reduce((least, { end }) => Math.min(least, end), Infinity)
    if (!spans.length) return text
    const part = first > room ? snippet(shown, spans, room, 2) : { text: shown, spans: [...spans] }
    return markedPieces(part.text, part.spans).map((piece) => (piece.marked ? h('mark', { class: 'found' }, piece.text) : piece.text))
  }
}

/** What stands at places of a text, one a line; parts of it show blanks and line ends as one blank. */
function saidAt(places: readonly Span[], text: string): string {
  return [...new Set(places.map(({ start, end }) => text.slice(start, end).replace(/\s+/g, ' ')))].join('\n')
}
