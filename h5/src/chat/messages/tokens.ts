// Message text taken apart for drawing: links, emoticons, @names and what is
// marked. Text is never parsed as HTML.
import type { Api } from '@/api/client'
import { safeUrl } from '@/ui/host'
import { codePattern, emojiOf } from './emoji'

/** What a piece of text is. */
export type TokenKind = 'text' | 'url' | 'emoji' | 'mention'
/** Why a piece is marked. */
export type Mark = 'rule' | 'find'

/** A piece of text that is drawn in one way. */
export interface Token {
  kind: TokenKind
  text: string
  /** Of an emoticon: its code as it was sent. */
  code?: string
  /** Of a link: where it leads. */
  href?: string
  mark?: Mark
}

/** Characters drawn at most; the rest is cut and said so. */
export const maxLength = 20_000

interface Piece {
  kind: TokenKind
  start: number
  end: number
  /** Of an emoticon: its character. */
  shown?: string
  href?: string
}

interface MarkSpan {
  start: number
  end: number
  mark: Mark
}

// An address ends where Chinese begins: what stands behind it is seldom set apart.
const address = String.raw`https?:\/\/[^\s<>"'\x60\p{Script=Han}\u2018-\u201d\u3000-\u303f\uff01-\uff60]+`
const special = new RegExp(`${address}|${codePattern}|@(?=[^\\s@])`, 'giu')
/** What every special piece has; most texts are one piece, and are told fast. */
const maySpecial = /[@[]|https?:/i
const trailing = '.,;:!?)]}'
const opening: Partial<Record<string, string>> = { ')': '(', ']': '[', '}': '{' }
/** A name that is not known ends with a space, as clients write it. */
const freeName = /^[^\s@,，。:：;；!！?？]{1,20}(?=\s|$)/

/**
 * The tokens of text; spans of rule hits and what is looked for are marked: the
 * words, one a line, or where a search has found them.
 * names are those of people who may be called by @, the longest first.
 */
export function tokenize(text: string, hits: readonly Api['Span'][] = [], find: string | readonly Api['Span'][] = '', names: readonly string[] = []): Token[] {
  const shown = text.slice(0, maxLength)
  if (!hits.length && !find.length && !maySpecial.test(shown)) return shown ? [{ kind: 'text', text: shown }] : []
  const marks = [
    ...(typeof find === 'string' ? findSpans(shown, find) : find.map((span): MarkSpan => ({ ...span, mark: 'find' }))),
    ...hits.map((span): MarkSpan => ({ start: span.start, end: span.end, mark: 'rule' })),
  ]
  return pieces(shown, names).flatMap((piece) => cut(shown, piece, marks))
}

/** Where words, one a line, occur in text, case aside. */
export function findSpans(text: string, words: string): MarkSpan[] {
  const where = words && fold(text)
  return words.split('\n').flatMap((word) => {
    const wanted = fold(word.trim())
    const found: MarkSpan[] = []
    for (let at = wanted ? where.indexOf(wanted) : -1; at >= 0; at = where.indexOf(wanted, at + wanted.length)) {
      found.push({ start: at, end: at + wanted.length, mark: 'find' })
    }
    return found
  })
}

/** Lower case and half width, one UTF-16 unit for one: offsets stay valid. */
function fold(text: string): string {
  let folded = ''
  for (const char of text.replace(/[\uff01-\uff5e]/g, (c) => String.fromCharCode(c.charCodeAt(0) - 0xfee0))) {
    const lower = char.toLowerCase()
    folded += lower.length === char.length ? lower : char
  }
  return folded
}

function pieces(text: string, names: readonly string[]): Piece[] {
  const found: Piece[] = []
  let at = 0
  for (const match of text.matchAll(special)) {
    if (match.index < at) continue
    const piece = specialPiece(text, match[0], match.index, names)
    if (!piece) continue
    if (piece.start > at) found.push({ kind: 'text', start: at, end: piece.start })
    found.push(piece)
    at = piece.end
  }
  if (at < text.length) found.push({ kind: 'text', start: at, end: text.length })
  return found
}

function specialPiece(text: string, match: string, start: number, names: readonly string[]): Piece | undefined {
  if (match === '@') {
    const length = mentionLength(text, start + 1, names)
    return length ? { kind: 'mention', start, end: start + 1 + length } : undefined
  }
  if (match.startsWith('[')) {
    const shown = emojiOf(match.slice(1, -1))
    return shown ? { kind: 'emoji', start, end: start + match.length, shown } : undefined
  }
  const link = withoutTrailing(match)
  const url = safeUrl(link)
  return url ? { kind: 'url', start, end: start + link.length, href: url.href } : undefined
}

/** How long the name at a place behind an @ is; 0 when none is, as in an address of mail. */
function mentionLength(text: string, at: number, names: readonly string[]): number {
  if (/[\w.-]/.test(text.charAt(at - 2))) return 0
  const known = names.find((name) => text.startsWith(name, at))
  return (known ?? freeName.exec(text.slice(at, at + 21))?.[0] ?? '').length
}

/** An address without what ends its sentence; a bracket stays when it was opened within. */
function withoutTrailing(link: string): string {
  const open: Record<string, number> = {}
  for (const char of link) {
    const opened = opening[char]
    if (opened) open[opened] = (open[opened] ?? 0) - 1
    else if ('([{'.includes(char)) open[char] = (open[char] ?? 0) + 1
  }
  let end = link.length
  for (; trailing.includes(link.charAt(end - 1)); end--) {
    const opened = opening[link.charAt(end - 1)]
    if (!opened) continue
    if ((open[opened] ?? 0) >= 0) break
    open[opened] = (open[opened] ?? 0) + 1
  }
  return link.slice(0, end)
}

/** A piece cut where marks begin and end; an emoticon is marked as a whole. */
function cut(text: string, piece: Piece, marks: readonly MarkSpan[]): Token[] {
  const inside = marks.filter((span) => span.start < piece.end && span.end > piece.start)
  const token = (start: number, end: number, mark?: Mark): Token => ({
    kind: piece.kind,
    text: piece.shown ?? text.slice(start, end),
    ...(piece.shown ? { code: text.slice(piece.start, piece.end) } : {}),
    ...(piece.href ? { href: piece.href } : {}),
    ...(mark ? { mark } : {}),
  })
  if (!inside.length) return [token(piece.start, piece.end)]
  if (piece.kind === 'emoji') return [token(piece.start, piece.end, inside[0]?.mark)]
  const edges = new Set([piece.start, piece.end])
  for (const span of inside) {
    edges.add(Math.max(piece.start, span.start))
    edges.add(Math.min(piece.end, span.end))
  }
  const sorted = [...edges].sort((a, b) => a - b)
  return sorted.slice(1).map((end, i) => {
    const start = sorted[i] as number
    const mark = inside.find((span) => span.start < end && span.end > start)?.mark
    return token(start, end, mark)
  })
}

/** Lines that text takes at about columns full-width characters a line, as far as it is drawn. */
export function estimateLines(text: string, columns = 18): number {
  return text.slice(0, maxLength).split('\n').reduce((lines, line) => {
    let width = 0
    for (const char of line) width += widthOf(char.codePointAt(0) ?? 0)
    return lines + Math.max(1, Math.ceil(width / columns))
  }, 0)
}

/** Whether text is folded: it takes more than twenty lines. */
export function isLong(text: string): boolean {
  return text.length > 20 && estimateLines(text) > 20
}

/** Whether marks pile up on a letter of text: they reach out of their line. */
export function isPiled(text: string): boolean {
  return /\p{M}{2}/u.test(text)
}

/** Width of a character in full-width ones; of scripts with very wide letters rather too much. */
function widthOf(code: number): number {
  if (code < 0x250) return 0.55
  if (code >= 0x300 && code < 0x370) return 0
  if (code === 0xfdfd || code === 0x2e3a || code === 0x2e3b) return 8
  return code < 0x10000 || (code >= 0x1f000 && code < 0x32000) ? 1 : 4
}

/** Spans into the whole text, as spans into body, which is a part of it. */
export function spansInBody(text: string, body: string, spans: readonly Api['Span'][]): Api['Span'][] {
  if (text === body || !spans.length) return [...spans]
  const offset = text.lastIndexOf(body)
  if (offset < 0) return []
  return spans
    .map((span) => ({ start: span.start - offset, end: span.end - offset }))
    .filter((span) => span.end > 0 && span.start < body.length)
}
