import { describe, expect, it } from 'vitest'
import { advice, imbalance, outcomeOf, span, toneOf } from '@/features/admin/status/status'
import StatusPage from '@/features/admin/status/StatusPage.vue'
import { setLocale } from '@/i18n/t'
import { serve, show, shown } from '../screen'
import { statusOf } from './fixtures'

describe('span', () => {
  it.each([
    [-5, '0 秒'],
    [0, '0 秒'],
    [59.9, '59 秒'],
    [60, '1 分'],
    [200, '3 分 20 秒'],
    [3600, '1 小时'],
    [3605, '1 小时'],
    [90_061, '1 天 1 小时'],
    [432_000, '5 天'],
  ])('%d seconds', (seconds, want) => {
    expect(span(seconds)).toBe(want)
  })

  it('is in the language chosen', async () => {
    await setLocale('en')
    expect(span(90_061)).toBe('1 day 1 h')
  })
})

describe('advice', () => {
  it.each([
    ['key_missing', '缺少第 3 版私钥', 'private_key_v3.pem'],
    ['key_wrong', '第 3 版私钥不匹配', 'private_key_v3.pem'],
    ['decrypt_failed', '解密失败', 'private_key_v3.pem'],
    ['sdk_crashed', '解密组件异常退出', 'SDK'],
    ['malformed', '企业微信返回的记录不完整', '技术支持'],
    ['a reason of tomorrow', '未能入库', '日志'],
  ])('%s', (reason, title, todo) => {
    const found = advice({ publickey_ver: 3, reason, messages: 1 })
    expect(found.reason).toBe(title)
    expect(found.todo).toContain(todo)
  })
})

describe('levels', () => {
  it('turn from good to bad', () => {
    expect((['none', 'notice', 'warning', 'critical', 'lost'] as const).map(toneOf)).toEqual(['good', 'warn', 'warn', 'bad', 'bad'])
  })

  it('count what does not add up', () => {
    expect(imbalance(statusOf())).toBe(0)
    expect(imbalance(statusOf({ stored: 900 }))).toBe(98)
  })

  it('call a pull without an end under way', () => {
    const pull = { started_at: '2026-01-01T04:00:00Z', from_seq: '1', calls: 1, received: 0, outcome: 'error' as const }
    expect(outcomeOf(pull).label).toBe('进行中')
    expect(outcomeOf({ ...pull, finished_at: pull.started_at })).toEqual({ label: '出错', tone: 'bad' })
  })
})

describe('the page', () => {
  it('says that everything adds up', async () => {
    serve(() => ({ body: statusOf() }))
    const { page } = await show(StatusPage)
    expect(page.find('.verdict.good').text()).toBe('收到的消息全部有着落')
    expect(page.find('.sum').text()).toContain('=')
    expect(shown()).toContain('没有落后')
    expect(shown()).toContain('没有待解密的消息')
  })

  it('says that something is missing, and how much', async () => {
    serve(() => ({ body: statusOf({ balanced: false, stored: 900 }) }))
    const { page } = await show(StatusPage)
    expect(page.find('.verdict.bad').text()).toBe('收到的消息与入库数量不一致')
    expect(page.find('.sum').text()).toContain('≠')
    expect(shown()).toContain('相差 98 条')
  })

  it('says what to do about messages that are held back', async () => {
    const quarantine = [{ publickey_ver: 3, reason: 'key_missing', messages: 42, oldest: '2026-01-01T04:00:00Z' }]
    serve(() => ({ body: statusOf({ quarantine, window_left_seconds: 90_000, last_error: 'ret 10001', alarm: 'critical' }) }))
    await show(StatusPage)
    for (const text of ['缺少第 3 版私钥', '42 条', 'private_key_v3.pem', '1 天 1 小时', 'ret 10001', '严重延迟']) {
      expect(shown()).toContain(text)
    }
  })

  it('says what stands still and what to do, and nowhere that all is well', async () => {
    const trouble = {
      subject: 'pull' as const,
      cause: 'trusted_ip',
      since: '2026-01-01T04:00:00Z',
      title: '会话存档停止拉取',
      detail: '本机出口 IP 不在可信 IP 名单中（错误码 301042）',
      next: '请在可信IP地址中加入本机的公网出口 IP',
    }
    serve(() => ({ body: statusOf({ troubles: [trouble] }) }))
    const { page } = await show(StatusPage)
    expect(page.find('.verdict.bad').text()).toBe(trouble.title)
    for (const text of [trouble.detail, trouble.next, '2026']) expect(shown()).toContain(text)
    expect(shown()).not.toContain('拉取正常')
  })

  it('has the no-permission state', async () => {
    serve(() => ({ status: 403, code: 'forbidden' }))
    await show(StatusPage)
    expect(shown()).toContain('没有权限')
  })
})
