// The part of Markdown that WeCom has: headings, bold, links, quotes, code and
// three colour names. Taken apart into tokens, never into HTML.
// developer.work.weixin.qq.com/document/path/91770
import { safeUrl } from '@/ui/host'

/** A piece of a line. */
export interface Inline {
  kind: 'text' | 'bold' | 'code' | 'link' | 'info' | 'comment' | 'warning'
  text: string
  href?: string
}

/** A line. */
export interface Block {
  kind: 'line' | 'heading' | 'quote'
  parts: Inline[]
}

// Labels and addresses are bounded: each [ would be looked at to the end of the text.
const inline =
  /\*\*(?<bold>[^*]+)\*\*|`(?<code>[^`]+)`|\[(?<label>[^[\]]{0,500})\]\((?<href>[^)\s]{1,2048})\)|<font color="(?<color>info|comment|warning)">(?<colored>[^<]*)<\/font>/g

/** The lines of source. */
export function parseMarkdown(source: string): Block[] {
  return source.split('\n').map((line) => {
    const heading = /^#{1,6}\s+(.*)$/.exec(line)
    if (heading) return { kind: 'heading', parts: parseInline(heading[1] ?? '') }
    const quote = /^>\s?(.*)$/.exec(line)
    if (quote) return { kind: 'quote', parts: parseInline(quote[1] ?? '') }
    return { kind: 'line', parts: parseInline(line) }
  })
}

function parseInline(line: string): Inline[] {
  const parts: Inline[] = []
  let at = 0
  for (const match of line.matchAll(inline)) {
    if (match.index > at) parts.push({ kind: 'text', text: line.slice(at, match.index) })
    parts.push(partOf(match))
    at = match.index + match[0].length
  }
  if (at < line.length) parts.push({ kind: 'text', text: line.slice(at) })
  return parts
}

function partOf(match: RegExpMatchArray): Inline {
  const { bold, code, label, href, color, colored } = match.groups ?? {}
  if (bold !== undefined) return { kind: 'bold', text: bold }
  if (code !== undefined) return { kind: 'code', text: code }
  if (href !== undefined) {
    const url = safeUrl(href)
    return url ? { kind: 'link', text: label || href, href: url.href } : { kind: 'text', text: match[0] }
  }
  return { kind: (color ?? 'text') as Inline['kind'], text: colored ?? '' }
}
