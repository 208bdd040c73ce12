// The boot script asks early for what the app will ask for, in the same words.
import { readFileSync } from 'node:fs'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { fetchConversation, fetchMessages } from '@/api/queries/chat'
import { call, api } from '@/api/client'

const boot = readFileSync('src/boot.js', 'utf8')

/** Runs the boot script on a page of that address; gives what has been asked for since. */
function open(path: string, state: unknown = null): string[] {
  const asked: string[] = []
  vi.spyOn(globalThis, 'fetch').mockImplementation(async (input) => {
    const url = new URL(input instanceof Request ? input.url : String(input), location.href)
    asked.push(url.pathname + url.search)
    return new Response(JSON.stringify({ items: [], csrf: 'x' }), { headers: { 'Content-Type': 'application/json' } })
  })
  window.history.replaceState(state, '', path)
  new Function(boot)()
  return asked
}

afterEach(() => {
  window.huicunEarly = undefined
  window.history.replaceState(null, '', '/')
})

const signal = new AbortController().signal

describe('what is asked for early', () => {
  it.each([
    ['a landing', '/c/17?m=m%2F5+%26&a=3', '', { around: 'm/5 &' }],
    ['a chat at its newest', '/c/17', '', {}],
    ['a chat seen from an employee', '/c/17?as=zhou.ming%40kai', 'zhou.ming@kai', {}],
  ])('is what the chat asks for: %s', async (_name, path, as, part) => {
    const asked = open(path)
    expect(asked).toHaveLength(3)
    await Promise.all([call(api.GET('/me')), fetchConversation('17', as, signal), fetchMessages('17', part, signal)])
    expect(asked).toHaveLength(3)
  })

  it('is used once', async () => {
    const asked = open('/c/17')
    await fetchMessages('17', {}, signal)
    await fetchMessages('17', {}, signal)
    expect(asked.filter((path) => path.includes('/messages'))).toHaveLength(2)
  })

  it('is nothing that the page will not show', () => {
    expect(open('/login')).toEqual([])
    expect(open('/people')).toEqual(['/api/v1/me'])
    expect(open('/c/17/find')).toEqual(['/api/v1/me'])
    expect(open('/c/17?m=5', { chat: { cid: '17', id: '9', offset: 0 } })).toEqual(['/api/v1/me'])
  })

  it('leaves its failure to who takes it', async () => {
    open('/c/17')
    window.huicunEarly?.set('/api/v1/me', Promise.reject(new TypeError('no network')))
    await expect(call(api.GET('/me'))).rejects.toMatchObject({ code: 'network' })
  })

  it('is forgotten after a while', async () => {
    const asked = open('/people')
    vi.spyOn(performance, 'now').mockReturnValue(60_000)
    await call(api.GET('/me'))
    expect(asked).toEqual(['/api/v1/me', '/api/v1/me'])
  })
})
