// Where a quoted message is found, and how files are laid out.
import { describe, expect, it } from 'vitest'
import { toFileRows } from '@/chat/media/rows'
import { quotedIn } from '@/chat/quoted'
import { customer, employee, messageAt } from './fixtures'

const quoting = (author: string, body: string) =>
  messageAt(9, { content: { kind: 'text', text: { body: '好', quote: { author, body } } } })
const said = (n: number, body: string, sender = employee) => messageAt(n, { content: { kind: 'text', text: { body } }, text: body, sender })

describe('quotedIn', () => {
  const earlier = [said(1, '周六送货'), said(2, '周六送货', customer), said(3, '报价 4680 元\n含运费'), said(12, '周六送货')]

  it('is the newest before, by the quoted author', () => {
    expect(quotedIn(earlier, quoting('林晓雨', '周六送货'))?.id).toBe('m00001')
    expect(quotedIn(earlier, quoting('陈先生', '周六送货'))?.id).toBe('m00002')
  })

  it('is the newest of anybody when the author is not known by that name', () => {
    expect(quotedIn(earlier, quoting('小陈', '周六送货'))?.id).toBe('m00002')
  })

  it('is found by its beginning, whatever the spaces', () => {
    expect(quotedIn(earlier, quoting('林晓雨', '报价 4680 元 含运…'))?.id).toBe('m00003')
  })

  it('is a picture when that is what the quote shows', () => {
    const picture = messageAt(4, { content: { kind: 'image', media: { state: 'ready' } }, text: '' })
    expect(quotedIn([...earlier, picture], quoting('陈先生', '[图片]'))?.id).toBe('m00004')
  })

  it('is nothing without a quote, or when nobody said that', () => {
    expect(quotedIn(earlier, messageAt(9))).toBeUndefined()
    expect(quotedIn(earlier, quoting('林晓雨', '没有说过'))).toBeUndefined()
    expect(quotedIn(earlier, quoting('林晓雨', ' '))).toBeUndefined()
  })
})

describe('toFileRows', () => {
  const item = (n: number, sent_at: string) => ({
    message_id: `m${n}`, conversation_id: '1', sent_at, sender: customer, pos: 0, content: { kind: 'image' as const },
  })

  it('begins each month with a heading, and fills rows', () => {
    const rows = toFileRows([item(5, '2026-01-08T04:00:00Z'), item(4, '2026-01-07T04:00:00Z'), item(3, '2026-01-06T04:00:00Z'), item(2, '2025-12-06T04:00:00Z')], 2)
    expect(rows.map((row) => (row.kind === 'month' ? row.key : row.items.map((one) => one.message_id).join()))).toEqual(['2026-1', 'm5,m4', 'm3', '2025-12', 'm2'])
    expect(new Set(rows.map((row) => row.key)).size).toBe(rows.length)
  })

  it('has rows for ten thousand', () => {
    const items = Array.from({ length: 10_000 }, (_, i) => item(i, '2026-01-08T04:00:00Z'))
    expect(toFileRows(items, 4)).toHaveLength(2501)
  })
})
