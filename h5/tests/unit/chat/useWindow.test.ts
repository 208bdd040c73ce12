import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { effectScope, type EffectScope } from 'vue'
import type { Api } from '@/api/client'
import type { Message } from '@/chat/rows'
import { useWindow } from '@/chat/useWindow'
import { allRows } from '@/chat/window'
import { customer, messageAt, messagesBetween } from './fixtures'

/** One call of the server that the test answers. */
interface Call {
  url: URL
  answer(body: unknown, status?: number): Promise<void>
}

let calls: Call[]
let scope: EffectScope

function page(items: Message[], more: Partial<Api['MessagePage']> = {}): Api['MessagePage'] {
  return { items, has_older: true, has_newer: true, ...more }
}

/** Lets everything run that waits for promises. */
const settle = () => new Promise((resolve) => setTimeout(resolve))

beforeEach(() => {
  calls = []
  scope = effectScope()
  vi.stubGlobal('fetch', (request: Request) =>
    new Promise<Response>((resolve) => {
      calls.push({
        url: new URL(request.url, 'http://x'),
        async answer(body, status = 200) {
          resolve(new Response(JSON.stringify(body), { status, headers: { 'Content-Type': 'application/json' } }))
          await settle()
        },
      })
    }),
  )
})
afterEach(() => {
  scope.stop()
  vi.unstubAllGlobals()
})

const open = () => scope.run(() => useWindow('7')) as ReturnType<typeof useWindow>
const seqs = (win: ReturnType<typeof useWindow>) => allRows(win.window.value).map((row) => Number(row.message.seq))
const call = (i: number) => calls[i] as Call
const notFound = { error: { code: 'not_found', message: 'no such message', request_id: 'r1' } }

async function opened(items = messagesBetween(10, 20), more: Partial<Api['MessagePage']> = {}) {
  const win = open()
  void win.open({ kind: 'newest' })
  await settle()
  await call(0).answer(page(items, { live_id: '5.0', ...more }))
  return win
}

describe('open', () => {
  it('asks around the message and lands on it', async () => {
    const win = open()
    void win.open({ kind: 'message', id: messageAt(15).id })
    expect(win.state.value).toBe('loading')
    await settle()
    expect(Object.fromEntries(call(0).url.searchParams)).toEqual({ around: messageAt(15).id, limit: '50' })
    await call(0).answer(page(messagesBetween(10, 20), { target: messageAt(15).id, live_id: '5.0' }))
    expect(win.state.value).toBe('done')
    expect(win.landing.value).toEqual({ kind: 'message', id: messageAt(15).id })
    expect(win.liveId.value).toBe('5.0')
  })

  it('drops the answer of an older opening', async () => {
    const win = open()
    void win.open({ kind: 'message', id: 'first' })
    await settle()
    void win.open({ kind: 'message', id: 'second' })
    await settle()
    await call(1).answer(page(messagesBetween(50, 55)))
    await call(0).answer(page(messagesBetween(10, 20)))
    expect(seqs(win)).toEqual([50, 51, 52, 53, 54])
  })

  it('shows the newest and says so when the message is out of reach', async () => {
    const win = open()
    void win.open({ kind: 'message', id: 'gone' })
    await settle()
    await call(0).answer(notFound, 404)
    await call(1).answer(page(messagesBetween(10, 20)))
    expect(win.missing.value).toBe(true)
    expect(win.state.value).toBe('done')
  })

  it('tells the problem when the chat itself is out of reach', async () => {
    const win = open()
    void win.open({ kind: 'newest' })
    await settle()
    await call(0).answer(notFound, 404)
    expect(win.state.value).toBe('error')
    expect(win.problem.value?.kind).toBe('not_found')
  })
})

describe('more', () => {
  it('asks once for each direction, behind the outermost message', async () => {
    const win = await opened()
    void win.more('older')
    void win.more('older')
    void win.more('newer')
    await settle()
    expect(calls.slice(1).map((one) => Object.fromEntries(one.url.searchParams))).toEqual([
      { older: messageAt(10).id, limit: '40' },
      { newer: messageAt(19).id, limit: '40' },
    ])
    await call(1).answer(page(messagesBetween(5, 10), { has_older: false }))
    expect(seqs(win)[0]).toBe(5)
    void win.more('older')
    await settle()
    expect(calls).toHaveLength(3) // there is nothing older
  })

  it('waits after a failure until it is asked again', async () => {
    const win = await opened()
    void win.more('older')
    await settle()
    await call(1).answer({ error: { code: 'unavailable', message: '', request_id: 'r' } }, 503)
    expect(win.progress.older.value).toBe('error')
    void win.more('older')
    await settle()
    expect(calls).toHaveLength(2)
    void win.more('older', true)
    await settle()
    expect(calls).toHaveLength(3)
  })

  it('drops the page of a window that was left', async () => {
    const win = await opened()
    void win.more('older')
    await settle()
    void win.open({ kind: 'newest' })
    await settle()
    await call(2).answer(page(messagesBetween(90, 95)))
    await call(1).answer(page(messagesBetween(0, 10)))
    expect(seqs(win)).toEqual([90, 91, 92, 93, 94])
  })
})

describe('receive', () => {
  it('puts a message below the newest', async () => {
    const win = await opened(messagesBetween(10, 20), { has_newer: false })
    expect(win.receive(messageAt(20))).toBe(true)
    expect(seqs(win).slice(-1)).toEqual([20])
    expect(win.unseen.value).toBe(1)
  })

  it('counts it only while newer messages are not loaded', async () => {
    const win = await opened()
    expect(win.receive(messageAt(99))).toBe(false)
    expect(seqs(win).slice(-1)).toEqual([19])
    expect(win.unseen.value).toBe(1)
  })

  it('takes a message twice as one', async () => {
    const win = await opened(messagesBetween(10, 20), { has_newer: false })
    win.receive(messageAt(20))
    win.receive(messageAt(20))
    expect(seqs(win).filter((seq) => seq === 20)).toHaveLength(1)
    expect(win.unseen.value).toBe(1)
  })

  it('marks the message that a recall takes back', async () => {
    const win = await opened(messagesBetween(10, 20), { has_newer: false })
    const recall = messageAt(20, { sender: customer, content: { kind: 'revoke', revoke: { message_id: messageAt(15).id } } })
    win.receive(recall)
    const taken = allRows(win.window.value).find((row) => row.message.id === messageAt(15).id)
    expect(taken?.message.revoked).toEqual({ by: customer, at: recall.sent_at, message_id: recall.id })
  })

  it('catches up by paging when the stream lost its place', async () => {
    const win = await opened(messagesBetween(10, 20), { has_newer: false })
    win.catchUp()
    await settle()
    expect(call(1).url.searchParams.get('newer')).toBe(messageAt(19).id)
    await call(1).answer(page(messagesBetween(20, 23), { has_newer: false }))
    expect(seqs(win).slice(-1)).toEqual([22])
  })
})
