import { describe, expect, it, vi } from 'vitest'
import { Problem, problemOf, toProblem } from '@/api/problem'
import { frames, reloadOnNewBuild } from '@/app/errors'
import { worthRetrying } from '@/app/queryClient'
import { insideWecom } from '@/bridge/ua'
import { within } from '@/bridge/wecom'

const body = (code: string, message = '') => ({ error: { code, message, request_id: '01J' } })

describe('a problem', () => {
  for (const [name, problem, kind, text] of [
    ['signed out', problemOf(401, body('unauthenticated')), 'expired', '登录已过期，请重新登录'],
    ['not allowed', problemOf(403, body('forbidden')), 'forbidden', '没有权限执行此操作'],
    ['out of scope', problemOf(404, body('not_found')), 'not_found', '内容不存在或不在你的查看范围内'],
    ['a field', problemOf(400, body('invalid.cursor', 'no cursor')), 'error', '请求内容有误：no cursor'],
    ['inside, the detail stays there', problemOf(500, body('internal', 'pq: x')), 'error', '服务器内部错误'],
    ['no JSON at all', problemOf(502, undefined), 'error', '服务器内部错误'],
    ['no answer', toProblem(new TypeError('Failed to fetch')), 'offline', '无法连接服务器'],
  ] as const) {
    it(name, () => expect([problem.kind, problem.text()]).toEqual([kind, text]))
  }

  it('keeps the number under which the log has it', () => expect(problemOf(500, body('internal')).requestId).toBe('01J'))

  it('passes through as it is', () => {
    const problem = new Problem('conflict', 409)
    expect(toProblem(problem)).toBe(problem)
  })
})

describe('frames', () => {
  it('keep places and drop what may quote data', () => {
    const error = new Error('陈先生 not found')
    error.stack = `Error: 陈先生 not found\n    at open (https://x/assets/a.js?m=secret:1:20)\n    at https://x/c/12:3:4`
    expect(frames(error)).toBe('at open (https://x/assets/a.js:1:20)\nat https://x/c/12:3:4')
  })

  it('are nothing for what is no error', () => expect(frames('陈先生')).toBe(''))
})

it('a page whose code is gone reloads, once a minute', () => {
  sessionStorage.clear()
  const reload = vi.fn()
  reloadOnNewBuild(reload)
  const fail = () => window.dispatchEvent(new Event('vite:preloadError', { cancelable: true }))
  fail()
  fail()
  expect(reload).toHaveBeenCalledOnce()
})

describe('worthRetrying', () => {
  for (const [status, want] of [[503, true], [500, false], [404, false], [0, false]] as const) {
    it(String(status), () => expect(worthRetrying(status)).toBe(want))
  }
})

describe('insideWecom', () => {
  for (const [ua, want] of [
    ['Mozilla/5.0 (Linux; Android 14) Chrome/134 wxwork/4.1.38 MicroMessenger/7.0.1 Language/zh ColorScheme/Light', true],
    ['Mozilla/5.0 MicroMessenger/8.0', false],
    ['Mozilla/5.0 Chrome/134', false],
  ] as const) {
    it(ua.slice(-30), () => expect(insideWecom(ua)).toBe(want))
  }
})

describe('within', () => {
  it('answers what the host answers', async () => {
    expect(await within(Promise.resolve('host'), 'fallback')).toBe('host')
  })

  it('falls back when the host fails', async () => {
    expect(await within(Promise.reject(new Error('no such api')), 'fallback')).toBe('fallback')
  })

  it('falls back when the host says nothing', async () => {
    vi.useFakeTimers()
    const settled = within(new Promise<string>(() => undefined), 'fallback')
    vi.advanceTimersByTime(3000)
    expect(await settled).toBe('fallback')
    vi.useRealTimers()
  })
})
