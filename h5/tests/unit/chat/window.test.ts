import { describe, expect, it } from 'vitest'
import {
  allRows,
  append,
  type Batch,
  type ChatWindow,
  emptyWindow,
  firstRow,
  keptAround,
  lastRow,
  maxPages,
  openWindow,
  pageOf,
  pageRows,
  prepend,
  replaceMessage,
  resplit,
} from '@/chat/window'
import { messageAt, messagesBetween } from './fixtures'

/** A server with messages 0 to size-1, paging by keyset. */
function server(size: number) {
  const clip = (from: number, end: number): Batch => ({
    items: messagesBetween(Math.max(0, from), Math.min(size, end)),
    has_older: from > 0,
    has_newer: end < size,
  })
  return {
    around: (n: number) => clip(n - 25, n + 25),
    older: (n: number, limit: number) => clip(n - limit, n),
    newer: (n: number, limit: number) => clip(n + 1, n + 1 + limit),
  }
}

const numbers = (window: ChatWindow) => allRows(window).map((row) => Number(row.message.seq))
const number = (row: ReturnType<typeof firstRow>) => Number(row?.message.seq)

/** A generator of numbers in [0, 1) from a seed. */
function random(seed: number): () => number {
  let s = seed
  return () => (s = (Math.imul(s, 1664525) + 1013904223) >>> 0) / 2 ** 32
}

function expectSound(window: ChatWindow, size: number): void {
  const seen = numbers(window)
  const first = seen[0] ?? 0
  expect(seen).toEqual(seen.map((_, i) => first + i)) // in order, nothing missing, nothing twice
  expect(window.hasOlder).toBe(first > 0)
  expect(window.hasNewer).toBe((seen[seen.length - 1] ?? size - 1) < size - 1)
  const pages = [...window.up, ...window.down]
  expect(new Set(pages.map((page) => page.key)).size).toBe(pages.length)
  expect(pages.every((page) => page.rows.length > 0 && page.rows.length <= pageRows)).toBe(true)
}

describe('a window under random paging', () => {
  for (let seed = 1; seed <= 40; seed++) {
    it(`stays a gapless part of the chat, seed ${seed}`, () => {
      const next = random(seed)
      const size = 1 + Math.floor(next() * 900)
      const chat = server(size)
      const target = Math.floor(next() * size)
      let window = openWindow(chat.around(target), messageAt(target).id, 1)
      expectSound(window, size)
      for (let step = 0; step < 60; step++) {
        const before = allRows(window)
        const limit = 1 + Math.floor(next() * 60)
        const older = next() < 0.5
        window = older
          ? prepend(window, chat.older(number(firstRow(window)), limit))
          : append(window, chat.newer(number(lastRow(window)), limit))
        expectSound(window, size)
        // Rows on screen keep their height: only the one that got a neighbour above may be judged anew.
        const after = new Set(allRows(window))
        expect(before.slice(1).every((row) => after.has(row))).toBe(true)
      }
    })
  }
})

describe('openWindow', () => {
  it('splits above the target', () => {
    const window = openWindow(server(500).around(200), messageAt(200).id, 3)
    expect(window.generation).toBe(3)
    expect(window.down[0]?.rows[0]?.message.id).toBe(messageAt(200).id)
    expect(number(window.up[window.up.length - 1]?.rows.slice(-1)[0])).toBe(199)
  })

  it('puts everything above the split without a target', () => {
    const window = openWindow(server(30).around(15), undefined, 1)
    expect(window.down).toEqual([])
    expect(numbers(window)).toHaveLength(30)
  })

  it('drops what the server sends twice', () => {
    const items = [messageAt(1), messageAt(1), messageAt(2)]
    expect(numbers(openWindow({ items, has_older: false, has_newer: false }, undefined, 1))).toEqual([1, 2])
  })
})

describe('prepend and append', () => {
  it('leave the other column as it is', () => {
    const chat = server(500)
    const opened = openWindow(chat.around(200), messageAt(200).id, 1)
    const grown = prepend(opened, chat.older(175, 40))
    expect(grown.down).toBe(opened.down)
    expect(append(grown, chat.newer(224, 40)).up).toBe(grown.up)
  })

  it('fill the last page before they begin another', () => {
    const one = { items: [messageAt(1)], has_older: false, has_newer: false }
    let window = openWindow({ items: [messageAt(0)], has_older: false, has_newer: false }, messageAt(0).id, 1)
    const key = window.down[0]?.key
    window = append(window, one)
    expect(window.down).toHaveLength(1)
    expect(window.down[0]?.key).toBe(key)
    expect(append(window, one)).toEqual(window)
  })

  it('write the time above the old first row only where five minutes have passed', () => {
    const opened = openWindow({ items: messagesBetween(50, 60), has_older: true, has_newer: false }, undefined, 1)
    expect(firstRow(opened)?.separator).toBe(true)
    const grown = prepend(opened, { items: messagesBetween(48, 50), has_older: false, has_newer: true })
    expect(allRows(grown).find((row) => row.message.seq === '50')?.separator).toBe(false)
  })

  it('drop whole pages at the far end beyond the limit, never those next to the split', () => {
    const chat = server(9000)
    let window = openWindow(chat.around(4500), messageAt(4500).id, 1)
    for (let i = 0; i < 60; i++) window = append(window, chat.newer(number(lastRow(window)), 40))
    const below = window.down.length
    for (let i = 0; i < 50; i++) window = prepend(window, chat.older(number(firstRow(window)), 40))
    expect(window.up.length + window.down.length).toBe(maxPages)
    expect(window.down.length).toBeLessThan(below)
    expect(window.down[0]?.rows[0]?.message.seq).toBe('4500')
    expect(window.hasNewer).toBe(true)
    for (let i = 0; i < 55; i++) window = prepend(window, chat.older(number(firstRow(window)), 40))
    expect(window.down).toEqual([])
    expect(number(lastRow(window))).toBe(4499)
  })
})

describe('replaceMessage', () => {
  const opened = openWindow(server(100).around(50), messageAt(50).id, 1)

  it('changes one page and keeps its key', () => {
    const changed = replaceMessage(opened, messageAt(52, { text: 'new' }))
    expect(changed.down[0]?.key).toBe(opened.down[0]?.key)
    expect(changed.down[0]).not.toBe(opened.down[0])
    expect(changed.down[1]).toBe(opened.down[1])
    expect(changed.up).toBe(opened.up)
  })

  it('answers the same window when the message is not there', () => {
    expect(replaceMessage(opened, messageAt(900))).toBe(opened)
  })
})

describe('resplit', () => {
  it('keeps what is around the new split and says what was dropped', () => {
    const size = 3000
    const chat = server(size)
    let window = openWindow(chat.around(1000), messageAt(1000).id, 1)
    while (number(firstRow(window)) > 100) window = prepend(window, chat.older(number(firstRow(window)), 40))
    const moved = resplit(window, messageAt(400).id)
    expect(number(firstRow(moved))).toBe(400 - keptAround)
    expect(number(lastRow(moved))).toBe(400 + keptAround - 1)
    expect(moved.down[0]?.rows[0]?.message.seq).toBe('400')
    expect([moved.hasOlder, moved.hasNewer]).toEqual([true, true])
  })

  it('does nothing for a message that is not loaded', () => {
    const window = emptyWindow()
    expect(resplit(window, 'gone')).toBe(window)
  })
})

it('finds the page of a message', () => {
  const window = openWindow(server(100).around(50), messageAt(50).id, 1)
  expect(pageOf(window, messageAt(30).id)?.rows.some((row) => row.message.seq === '30')).toBe(true)
  expect(pageOf(window, 'gone')).toBeUndefined()
})
