import { describe, expect, it } from 'vitest'
import { isCentred, toRows } from '@/chat/rows'
import { customer, employee, messageAt } from './fixtures'

const at = (n: number, time: string, more = {}) => messageAt(n, { sent_at: time, ...more })

describe('toRows', () => {
  it('writes the time five minutes after the last one written', () => {
    const rows = toRows([
      at(1, '2026-01-05T02:00:00Z'),
      at(2, '2026-01-05T02:04:59Z'),
      at(3, '2026-01-05T02:05:00Z'),
      at(4, '2026-01-05T02:09:00Z'),
    ])
    expect(rows.map((row) => row.separator)).toEqual([true, false, true, false])
  })

  it('writes the time on a new day', () => {
    const midnight = new Date(2026, 0, 6, 0, 0, 0).getTime()
    const rows = toRows([
      at(1, new Date(midnight - 1000).toISOString()),
      at(2, new Date(midnight + 1000).toISOString()),
    ])
    expect(rows.map((row) => row.separator)).toEqual([true, true])
  })

  it('drops the name within sixty seconds of the same sender', () => {
    const rows = toRows([
      at(1, '2026-01-05T02:00:00Z', { sender: customer }),
      at(2, '2026-01-05T02:00:40Z', { sender: customer }),
      at(3, '2026-01-05T02:00:50Z', { sender: employee }),
      at(4, '2026-01-05T02:02:30Z', { sender: employee }),
    ])
    expect(rows.map((row) => row.named)).toEqual([true, false, true, true])
  })

  it('names the sender again behind a centred line', () => {
    const recall = at(1, '2026-01-05T02:00:00Z', { sender: customer, content: { kind: 'revoke', revoke: {} } })
    const rows = toRows([recall, at(2, '2026-01-05T02:00:10Z', { sender: customer })])
    expect(isCentred(recall)).toBe(true)
    expect(rows[1]?.named).toBe(true)
  })
})
