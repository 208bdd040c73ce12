// Files that came while nobody was told of them.
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { effectScope, type EffectScope } from 'vue'
import type { Api } from '@/api/client'
import { live } from '@/app/live'
import { waits } from '@/chat/messages/waits'
import type { Message } from '@/chat/rows'
import { useWindow } from '@/chat/useWindow'
import { allRows } from '@/chat/window'
import { FakeSource } from '../app/fakeSource'
import { serve, settle } from '../screen'
import { messageAt } from './fixtures'

const media = (state: Api['MediaContent']['state'], more = {}): Api['Content'] => ({ kind: 'image', media: { id: 'f', state, looked: true, ...more } })

describe('waits', () => {
  for (const [name, content, want] of [
    ['a file on its way', media('pending'), true],
    ['one that is fetched again', media('ready', { refetching: true }), true],
    ['one that was not looked into', media('ready', { looked: undefined }), true],
    ['one that is there', media('ready'), false],
    ['one that was given up', media('expired'), false],
    ['a part on its way', { kind: 'mixed', parts: [media('ready'), media('pending')] }, true],
    ['an item of a record on its way', { kind: 'chatrecord', record: { title: '', items: [{ content: media('pending') }] } }, true],
    ['words', { kind: 'text', text: { body: '好' } }, false],
  ] as [string, Api['Content'], boolean][]) {
    it(name, () => expect(waits(content)).toBe(want))
  }
})

describe('files that came before the stream opened', () => {
  let scope: EffectScope
  let off: () => void
  const pictures = new Map<number, Api['Content']>()
  const message = (n: number): Message => messageAt(n, { conversation_id: '7', ...(pictures.has(n) ? { content: pictures.get(n) as Api['Content'], msgtype: 'image' } : {}) })
  const all = () => Array.from({ length: 400 }, (_, n) => message(n))

  /** A chat of 400 messages; its first answer has them all, later ones fifty. */
  function chat() {
    let first = true
    return serve(({ query }) => {
      const at = Number(/^m(\d+)$/.exec(query.get('around') ?? '')?.[1] ?? 0)
      const items = first ? all() : all().slice(Math.max(0, at - 25), at + 25)
      first = false
      return { body: { items, has_older: false, has_newer: false, live_id: '5' } }
    })
  }

  beforeAll(() => import('@/chat/pending')) // at once afterwards
  beforeEach(() => {
    vi.stubGlobal('EventSource', FakeSource)
    pictures.clear()
    scope = effectScope()
  })
  afterEach(() => {
    off()
    live.follow('')
    scope.stop()
    vi.unstubAllGlobals()
  })

  async function opened() {
    const calls = chat()
    const win = scope.run(() => useWindow('7')) as ReturnType<typeof useWindow>
    await win.open({ kind: 'newest' })
    live.follow('7', '5')
    off = live.on('file', () => undefined)
    const stateOf = (n: number) => allRows(win.window.value).find((row) => row.message.seq === String(n))?.message.content.media?.state
    return { calls, stateOf }
  }

  it('are read when it opens, and when it opens again', async () => {
    for (const n of [300, 390, 391]) pictures.set(n, media('pending'))
    const { calls, stateOf } = await opened()
    for (const n of [390, 391]) pictures.set(n, media('ready'))
    FakeSource.last.onopen?.()
    await settle()
    await settle()
    expect([300, 390, 391].map(stateOf)).toEqual(['pending', 'ready', 'ready'])
    expect(calls).toHaveLength(3) // one for those beside each other, one for the one far from them
    pictures.set(300, media('ready'))
    FakeSource.last.onerror?.()
    await settle()
    live.wake()
    FakeSource.last.onopen?.()
    await settle()
    expect(stateOf(300)).toBe('ready')
  })

  it('cost a few answers, however many there are', async () => {
    for (let n = 0; n < 400; n++) pictures.set(n, media('pending'))
    const { calls } = await opened()
    FakeSource.last.onopen?.()
    for (let i = 0; i < 10; i++) await settle()
    expect(calls.length).toBe(1 + 6)
  })

  it('cost none where nothing waits', async () => {
    pictures.set(3, media('expired'))
    const { calls } = await opened()
    FakeSource.last.onopen?.()
    await settle()
    expect(calls).toHaveLength(1)
  })
})
