// From messages to rows: what stands between and around them.
import type { Api } from '@/api/client'
import { sameDay } from '@/i18n/time'

/** A message as the contract has it. */
export type Message = Api['Message']

/** A message with what its place among the others decides. Never changes once shown. */
export interface Row {
  readonly message: Message
  /** A time is written above it. */
  readonly separator: boolean
  /** Its sender differs from the row before, or some time has passed. */
  readonly named: boolean
  /** When the last time written above a row was sent, this row included; Unix ms. */
  readonly shownAt: number
}

const separatorAfterMs = 5 * 60_000
const sameRunMs = 60_000

/** Kinds that are a centred line instead of somebody's bubble. */
const centred = new Set<Api['Content']['kind']>(['revoke', 'consent', 'notice', 'switch'])

/** Whether a message is a centred line. */
export function isCentred(message: Message): boolean {
  return centred.has(message.content.kind)
}

/**
 * Rows of messages in time order; before is the row they follow, if it is known.
 * A time is written when five minutes have passed since the last one written, or
 * on another day.
 */
export function toRows(messages: readonly Message[], before?: Row): Row[] {
  const rows: Row[] = []
  for (const message of messages) rows.push(toRow(message, rows[rows.length - 1] ?? before))
  return rows
}

/** The row of message after the row before; without one a time is written. */
export function toRow(message: Message, before?: Row): Row {
  const at = Date.parse(message.sent_at)
  const separator =
    !before ||
    at - before.shownAt >= separatorAfterMs ||
    !sameDay(new Date(at), new Date(before.message.sent_at))
  return Object.freeze({
    message,
    separator,
    named: separator || !before || !continues(before.message, message),
    shownAt: separator || !before ? at : before.shownAt,
  })
}

function continues(before: Message, after: Message): boolean {
  return (
    before.sender.id === after.sender.id &&
    !isCentred(before) &&
    Date.parse(after.sent_at) - Date.parse(before.sent_at) <= sameRunMs
  )
}
