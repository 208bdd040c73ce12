// Where a quoted message is. WeCom puts the quote into the text and gives no id:
// it is looked for by what it says, in what is loaded and then in the archive.
import { findMessages } from '@/api/queries/find'
import { t } from '@/i18n/t'
import { nameOf } from '@/ui/person'
import { toast } from '@/ui/toast'
import { summary } from './messages/summary'
import type { Message } from './rows'
import { allRows, type ChatWindow } from './window'

/** How much of a quote is looked for, in characters: more than tells messages apart. */
const needleLength = 40
/** How many words of it, at most. */
const mostWords = 12

/** Goes to the message that message quotes, or says that it is not found. */
export async function jumpToQuoted(message: Message, window: ChatWindow, jump: (id: string) => Promise<void>): Promise<void> {
  const loaded = allRows(window).map((row) => row.message)
  const found = quotedIn(loaded, message) ?? quotedIn(await inArchive(message), message)
  if (found) await jump(found.id)
  else toast(t('files.quoteNotFound'))
}

/** The newest of messages before message that says what it quotes; one by the quoted author first. */
export function quotedIn(messages: readonly Message[], message: Message): Message | undefined {
  const quote = message.content.text?.quote
  if (!quote) return undefined
  const wanted = squeeze(quote.body)
  const said = messages
    .filter((one) => one.id !== message.id && one.sent_at <= message.sent_at && says(one, wanted))
    .sort((a, b) => (a.sent_at < b.sent_at ? 1 : -1))
  return said.find((one) => nameOf(one.sender) === quote.author.trim()) ?? said[0]
}

/** Whether a message is what a quote shows: a text that begins with it, or its kind in brackets. */
function says(message: Message, quoted: string): boolean {
  if (!quoted) return false
  const text = squeeze(message.content.text?.body ?? message.text)
  return text ? text.startsWith(quoted.replace(/…$|\.\.\.$/, '')) : squeeze(summary(message.content)) === quoted
}

function squeeze(text: string): string {
  return text.replace(/\s+/g, ' ').trim()
}

/** A query for the beginning of a text: each of its words as it stands. */
export function quotedWords(body: string): string {
  const words = body.slice(0, needleLength).replace(/…$|\.\.\.$/, '').split(/[\s"“”＂]+/)
  return words.filter(Boolean).slice(0, mostWords).map((word) => `"${word}"`).join(' ')
}

async function inArchive(message: Message): Promise<Message[]> {
  const wanted = quotedWords(message.content.text?.quote?.body ?? '')
  if (!wanted) return []
  try {
    const page = await findMessages(message.conversation_id, wanted, { from: '', to: '' }, '', new AbortController().signal)
    return page.items.map((hit) => hit.message)
  } catch {
    return [] // not found is all that the reader needs to know
  }
}
