// Messages for tests.
import type { Api } from '@/api/client'
import type { Message } from '@/chat/rows'

/** An employee. */
export const employee: Api['Person'] = { id: 'linxiaoyu', kind: 'employee', name: '林晓雨' }
/** A customer on WeChat. */
export const customer: Api['Person'] = { id: 'wmCustomer', kind: 'customer', name: '陈先生', account: 'wechat' }

const start = Date.parse('2026-01-01T04:00:00Z')

/** Message n of a chat, one a minute, with a text of its own. */
export function messageAt(n: number, more: Partial<Message> = {}): Message {
  const body = `第 ${n} 条`
  return {
    id: `m${String(n).padStart(5, '0')}`,
    conversation_id: '1',
    seq: String(n),
    sent_at: new Date(start + n * 60_000).toISOString(),
    msgtype: 'text',
    sender: n % 3 ? customer : employee,
    content: { kind: 'text', text: { body } },
    text: body,
    ...more,
  }
}

/** Messages from to before end. */
export function messagesBetween(from: number, end: number): Message[] {
  return Array.from({ length: Math.max(0, end - from) }, (_, i) => messageAt(from + i))
}
