// A file is saved by its link only where the link leads to the file.
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { Api } from '@/api/client'
import { download } from '@/chat/viewer/download'
import { serve } from '../screen'

const media: Api['MediaContent'] = { id: 'f1', state: 'ready', looked: true, download_url: '/api/v1/media/d', links_until: '2999-01-01T00:00:00Z' }

let followed: string[]
beforeEach(() => {
  followed = []
  vi.spyOn(HTMLAnchorElement.prototype, 'click').mockImplementation(function (this: HTMLAnchorElement) {
    followed.push(new URL(this.href).pathname)
  })
})
afterEach(() => void vi.restoreAllMocks())

/** Answers whatever asks for a file. */
function answer(status: number, body: BodyInit, headers: Record<string, string> = {}) {
  return vi.spyOn(globalThis, 'fetch').mockImplementation(() => Promise.resolve(new Response(body, { status, headers })))
}

const tap = () => new Event('click', { cancelable: true })
const error = (code: string) => JSON.stringify({ error: { code, message: 'too many bytes of files read', request_id: 'r' } })

it('looks at the first byte, then follows the link', async () => {
  const asked = answer(206, 'x')
  const event = tap()
  expect(await download(event, 'm1', media)).toBe('')
  expect(event.defaultPrevented).toBe(true)
  expect(asked.mock.calls[0]).toMatchObject(['/api/v1/media/d', { headers: { Range: 'bytes=0-0' } }])
  expect(followed).toEqual(['/api/v1/media/d'])
})

it('follows the link to an empty file', async () => {
  answer(416, '')
  expect(await download(tap(), 'm1', media)).toBe('')
  expect(followed).toHaveLength(1)
})

for (const [name, seconds, want] of [
  ['seconds', '7', '打开文件过于频繁，请 7 秒后再试'],
  ['minutes, rounded up', '1801', '打开文件过于频繁，请 31 分钟后再试'],
  ['no time', '', '操作过于频繁，请稍后再试'],
] as const) {
  it(`says that it was too much, and to wait: ${name}`, async () => {
    answer(429, error('rate_limited'), seconds ? { 'Retry-After': seconds } : {})
    expect(await download(tap(), 'm1', media)).toBe(want)
    expect(followed).toEqual([])
  })
}

it('says what else is the matter', async () => {
  answer(404, error('not_found'))
  expect(await download(tap(), 'm1', media)).not.toBe('')
  vi.spyOn(globalThis, 'fetch').mockRejectedValue(new TypeError('network'))
  expect(await download(tap(), 'm1', media)).toBe('无法连接服务器')
  expect(followed).toEqual([])
})

it('asks for a new link where its own is over', async () => {
  serve(({ path }) => (path.startsWith('/messages/') ? { body: { message_id: 'm1', conversation_id: '1', media: { ...media, download_url: '/api/v1/media/new' }, pages: [] } } : { body: {} }))
  const asking = vi.mocked(globalThis.fetch).getMockImplementation()
  vi.mocked(globalThis.fetch).mockImplementation((input, init) => (typeof input === 'string' ? Promise.resolve(new Response('x', { status: 206 })) : (asking?.(input, init) ?? Promise.reject(new Error('nobody answers')))))
  expect(await download(tap(), 'm1', { ...media, links_until: '2020-01-01T00:00:00Z' })).toBe('')
  expect(followed).toEqual(['/api/v1/media/new'])
})

it('is saved once by two taps', async () => {
  answer(206, 'x')
  await Promise.all([download(tap(), 'm1', media), download(tap(), 'm1', media)])
  expect(followed).toHaveLength(1)
})
