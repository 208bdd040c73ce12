// The files beside a chat follow what becomes of them.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { defineComponent, h } from 'vue'
import type { Api } from '@/api/client'
import { useConversationFiles, withFiles } from '@/api/queries/files'
import { useFilesLive } from '@/chat/media/useFilesLive'
import { FakeSource } from '../app/fakeSource'
import { serve, settle, show, shown } from '../screen'
import { customer } from './fixtures'

const item = (n: number, media: Partial<Api['MediaContent']> = {}, more: Partial<Api['MediaItem']> = {}): Api['MediaItem'] => ({
  message_id: `m${n}`,
  conversation_id: '1',
  sent_at: new Date(Date.UTC(2026, 0, 5, 4, n)).toISOString(),
  sender: customer,
  pos: 0,
  content: { kind: 'file', media: { id: `f${n}`, state: 'ready', looked: true, name: `文件${n}.pdf`, ...media } },
  ...more,
})

describe('withFiles', () => {
  const pages = [{ items: [item(5), item(4)], next: 'x' }, { items: [item(2)] }]
  const ids = (of: readonly Api['MediaPage'][]) => of.map((page) => page.items.map((one) => one.message_id))
  it('puts what was read in place of what was there, and takes no neighbours in', () => {
    const now = withFiles(pages, [item(4, { state: 'broken' }), item(3)], false)
    expect(ids(now)).toEqual([['m5', 'm4'], ['m2']])
    expect(now[0]?.items[1]?.content.media?.state).toBe('broken')
    expect(now[0]?.next).toBe('x')
  })
  it('has newer ones first, none of them twice, and no older ones', () => {
    expect(ids(withFiles(pages, [item(7), item(5), item(3)], true))).toEqual([['m7', 'm5', 'm4'], ['m2']])
    expect(ids(withFiles([{ items: [] }], [item(7)], true))).toEqual([['m7']])
  })
})

describe('the tab of files', () => {
  beforeEach(() => {
    FakeSource.all = []
    vi.stubGlobal('EventSource', FakeSource)
  })
  afterEach(() => {
    vi.useRealTimers()
    vi.unstubAllGlobals()
  })

  /** The pane over a server that has these files. */
  async function open(files: Api['MediaItem'][]) {
    const calls = serve(({ query }) => {
      const around = query.get('around')
      return { body: { items: around ? files.filter((one) => one.message_id === around) : files } }
    })
    const page = defineComponent(() => {
      const followed = useConversationFiles('1', 'file')
      useFilesLive(() => '1', followed)
      return () => h('p', followed.items.value.map(({ message_id: id, content, revoked }) => `${id}:${revoked ? 'revoked' : content.media?.state}`).join(' '))
    })
    const screen = await show(page, {}, '/media')
    return { files, calls, screen }
  }
  const about = (calls: readonly { query: URLSearchParams }[]) => calls.map((call) => call.query.get('around'))

  it('reads a file again that became ready, failed or was revoked; not those of other chats', async () => {
    const { files, calls } = await open([item(3, { state: 'pending' }), item(2), item(1, { state: 'pending' })])
    expect(shown()).toBe('m3:pending m2:ready m1:pending')
    files.splice(0, 3, item(3), item(2, {}, { revoked: { by: customer, at: '2026-01-05T05:00:00Z', message_id: 'r' } }), item(1, { state: 'broken' }))
    FakeSource.last.send('file', { conversation_id: '2', message_ids: ['m3'] })
    FakeSource.last.send('file', { conversation_id: '1', message_ids: ['m3', 'm1', 'elsewhere'] })
    FakeSource.last.send('message', { conversation_id: '1', message: { id: 'r', content: { kind: 'revoke', revoke: { message_id: 'm2' } } } })
    await vi.waitFor(() => expect(shown()).toBe('m3:ready m2:revoked m1:broken'))
    expect(about(calls)).toEqual([null, 'm3', 'm1', 'm2'])
  })

  it('takes a new one in, and asks for nothing because of plain words', async () => {
    const { files, calls } = await open([item(1)])
    FakeSource.last.send('message', { conversation_id: '1', message: { id: 'w', content: { kind: 'text', text: { body: '好的' } } } })
    files.unshift(item(9))
    FakeSource.last.send('message', { conversation_id: '1', message: { id: 'm9', content: files[0]?.content } })
    await vi.waitFor(() => expect(shown()).toBe('m9:ready m1:ready'))
    expect(about(calls)).toEqual([null, null])
  })

  it('reads all again when the stream lost its place, and follows nothing once it is closed', async () => {
    const { files, calls, screen } = await open([item(1)])
    files.unshift(item(4))
    FakeSource.last.send('reset', null)
    await vi.waitFor(() => expect(shown()).toBe('m4:ready m1:ready'))
    screen.page.unmount()
    expect(FakeSource.last.closed).toBe(true)
    const asked = calls.length
    FakeSource.last.send('reset', null)
    await settle()
    expect(calls.length).toBe(asked)
  })
})
