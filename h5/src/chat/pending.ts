// Files that were not there when a chat was read: one that came before the live
// stream opened is not told of by it.
import { fetchMessages } from '@/api/queries/chat'
import { waits } from './messages/waits'
import type { Message } from './rows'
import { allRows, type ChatWindow } from './window'

/** Windows of messages that are read at most, newest first: what lies further back is told of by its events, or read with its page. */
const mostReads = 6

/** Reads those messages of the chat cid again that wait for files; take is given each of which something became known. */
export async function readPending(cid: string, window: ChatWindow, take: (message: Message) => void): Promise<void> {
  const waiting = new Map(allRows(window).flatMap(({ message }) => (waits(message.content) ? [[message.id, message] as const] : [])))
  for (let reads = 0; waiting.size && reads < mostReads; reads++) {
    const around = [...waiting.keys()].pop() ?? ''
    waiting.delete(around)
    let items: readonly Message[]
    try {
      ;({ items } = await fetchMessages(cid, { around }))
    } catch {
      return // the next opening of the stream is the next attempt
    }
    for (const message of items) {
      const before = waiting.get(message.id) ?? (message.id === around ? message : undefined)
      waiting.delete(message.id)
      if (before && !waits(message.content)) take(message)
    }
  }
}
