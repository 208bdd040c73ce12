// The part of Markdown that WeCom has: headings, bold, links, quotes, code and
// three colour names. Taken apart into tokens, never into HTML.
// developer.work.weixin.qq.com/document/path/91770
import { safeUrl } from '@/ui/host'

/** A piece of a line. */
export interface Inline {
  text: string
  bold?: true
  code?: true
  color?: 'info' | 'comment' | 'warning'
  href?: string
}

/** A line. */
export interface Block {
  kind: 'line' | 'heading' | 'quote'
  /** Of a heading, 1 to 6. */
  level?: number
  parts: Inline[]
}

// Labels and addresses are bounded: each [ would be looked at to the end of the text.
const inline =
  /\*\*(?<bold>[^*]+)\*\*|`(?<code>[^`]+)`|\[(?<label>[^[\]]{0,500})\]\((?<href>[^)\s]{1,2048})\)|<font color="(?<color>info|comment|warning)">(?<colored>[^<]*)<\/font>/g
/** How deep bold, coloured and linked text may stand in each other. */
const deepest = 3

/** The lines of source. */
export function parseMarkdown(source: string): Block[] {
  return source.split('\n').map((line) => {
    const heading = /^(#{1,6})\s+(.*)$/.exec(line)
    if (heading) return { kind: 'heading', level: heading[1]?.length ?? 1, parts: parseInline(heading[2] ?? '') }
    const quote = /^>\s?(.*)$/.exec(line)
    if (quote) return { kind: 'quote', parts: parseInline(quote[1] ?? '') }
    return { kind: 'line', parts: parseInline(line) }
  })
}

/** The pieces of a line, or of what stands within one of style. */
function parseInline(line: string, style: Omit<Inline, 'text'> = {}, depth = 1): Inline[] {
  const parts: Inline[] = []
  const plain = (text: string) => text && parts.push({ ...style, text })
  let at = 0
  for (const match of line.matchAll(inline)) {
    plain(line.slice(at, match.index))
    parts.push(...partsOf(match, style, depth))
    at = match.index + match[0].length
  }
  plain(line.slice(at))
  return parts
}

function partsOf(match: RegExpMatchArray, style: Omit<Inline, 'text'>, depth: number): Inline[] {
  const { bold, code, label, href, color, colored } = match.groups ?? {}
  if (code !== undefined) return [{ ...style, code: true, text: code }]
  if (bold !== undefined) return within(bold, { ...style, bold: true }, depth)
  if (href !== undefined) {
    const url = safeUrl(href)
    return url ? within(label || href, { ...style, href: url.href }, depth) : [{ ...style, text: match[0] }]
  }
  return within(colored ?? '', { ...style, color: color as Inline['color'] }, depth)
}

function within(text: string, style: Omit<Inline, 'text'>, depth: number): Inline[] {
  return depth < deepest ? parseInline(text, style, depth + 1) : [{ ...style, text }]
}
