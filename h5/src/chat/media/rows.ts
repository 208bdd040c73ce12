// Files of a conversation laid out for a virtual list: headings of months, and
// rows of thumbnails or single entries.
import type { Api } from '@/api/client'
import type { Message } from '../rows'

/** One file or link of the conversation. */
export type FileItem = Api['MediaItem']

/** A row of the list. */
export type FileRow =
  | { kind: 'month'; key: string; year: number; month: number }
  | { kind: 'items'; key: string; items: FileItem[] }

/** The part of a message as a message of its own: what draws it asks for no more. */
export function messageOf(item: FileItem): Message {
  const { message_id: id, conversation_id, sent_at, sender, content, revoked } = item
  return { id, conversation_id, seq: '', sent_at, msgtype: content.kind, sender, content, text: '', ...(revoked ? { revoked } : {}) }
}

/** What tells one item from another. */
export function keyOf(item: FileItem): string {
  return `${item.message_id}/${item.pos}`
}

/** Rows of columns items each; a month begins with a heading. Items are newest first. */
export function toFileRows(items: readonly FileItem[], columns: number): FileRow[] {
  const rows: FileRow[] = []
  let heading = ''
  for (const item of items) {
    const at = new Date(item.sent_at)
    const year = at.getFullYear()
    const month = at.getMonth() + 1
    if (heading !== `${year}-${month}`) {
      heading = `${year}-${month}`
      rows.push({ kind: 'month', key: heading, year, month })
    }
    const last = rows[rows.length - 1]
    if (last?.kind === 'items' && last.items.length < columns) last.items.push(item)
    else rows.push({ kind: 'items', key: keyOf(item), items: [item] })
  }
  return rows
}
