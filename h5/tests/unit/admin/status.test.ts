import { describe, expect, it } from 'vitest'
import { advice, causeOf, contentOf, imbalance, outcomeOf, span, toneOf } from '@/features/admin/status/status'
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
    ['refused', '数据库不接受其内容', '日志'],
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
    const pull = { started_at: '2026-01-01T04:00:00Z', from_seq: '1', calls: 1, received: 0, duplicates: 0, outcome: 'error' as const }
    expect(outcomeOf(pull).label).toBe('进行中')
    expect(outcomeOf({ ...pull, finished_at: pull.started_at })).toEqual({ label: '出错', tone: 'bad' })
  })
})

describe('a pull', () => {
  const pull = { started_at: '2026-01-01T04:00:00Z', from_seq: '1', calls: 1, received: 14, duplicates: 13, outcome: 'stored' as const }

  it('tells new messages from repeated ones', () => {
    expect(contentOf(pull)).toBe('，新 1 条、重复 13 条')
    expect(contentOf({ ...pull, duplicates: 0 })).toBe('，新 14 条')
    expect(contentOf({ ...pull, received: 0, duplicates: 0 })).toBe('')
  })

  it('says why it failed, as far as that is known', () => {
    expect(causeOf('trusted_ip')).toBe('本机出口 IP 不在可信 IP 名单中')
    expect(causeOf('a cause of tomorrow')).toBe('')
    expect(causeOf(undefined)).toBe('')
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

  it('counts the files that are not there, and says why', async () => {
    const media = { files: 30, ready: 20, pending: 3, overdue: 0, expired: 4, refused: 0, broken: 3, over_limit: 0, flagged: 2, bytes: 4096, last_error: 'it ends early' }
    serve(() => ({ body: statusOf({ media }) }))
    const { page } = await show(StatusPage)
    for (const text of ['20 / 30 个，4 KB', '等待取回', '已过保留期', '内容无法打开', '与消息所述不符', 'it ends early']) expect(shown()).toContain(text)
    for (const text of ['其中超过 3 天', '企业微信不认识', '超过大小限制']) expect(shown()).not.toContain(text)
    expect(page.text()).not.toContain('admin.status.media')
  })

  it('says what stands still and what to do, and nowhere that all is well', async () => {
    const trouble = {
      subject: 'pull' as const,
      cause: 'trusted_ip',
      since: '2026-01-01T04:00:00Z',
      title: '会话存档停止拉取',
      detail: '本机出口 IP 不在可信 IP 名单中（错误码 301042）',
      next: '请在可信IP地址中加入本机的公网出口 IP',
      early: false,
    }
    serve(() => ({ body: statusOf({ troubles: [trouble] }) }))
    const { page } = await show(StatusPage)
    expect(page.find('.verdict.bad').text()).toBe(trouble.title)
    for (const text of [trouble.detail, trouble.next, '2026']) expect(shown()).toContain(text)
    expect(shown()).not.toContain('拉取正常')
  })

  it('is amber at once when only a person can mend it', async () => {
    const trouble = {
      subject: 'pull' as const,
      cause: 'secret',
      since: '2026-01-01T04:00:00Z',
      title: '拉取失败',
      detail: '企业 ID 或会话存档 Secret 不正确（错误码 40001）',
      next: '请核对',
      early: true,
    }
    serve(() => ({ body: statusOf({ troubles: [trouble], last_error: 'get access token: 40001', last_error_cause: 'secret' }) }))
    const { page } = await show(StatusPage)
    expect(page.find('.verdict.warn').text()).toBe('拉取失败')
    expect(page.find('.error .text').text()).toBe('企业 ID 或会话存档 Secret 不正确')
    expect(page.find('.error .raw').text()).toBe('get access token: 40001')
    expect(shown()).not.toContain('拉取正常')
  })

  it('counts gaps only when not all are shown', async () => {
    const gaps = [{ after_seq: '3', before_seq: '7', kind: 'skipped' as const, noticed_at: '2026-01-01T04:00:00Z' }]
    serve(() => ({ body: statusOf({ gaps, gap_total: 1 }) }))
    await show(StatusPage)
    expect(shown()).not.toContain('显示最近的')
    serve(() => ({ body: statusOf({ gaps, gap_total: 2 }) }))
    await show(StatusPage)
    expect(shown()).toContain('共 2 处，显示最近的 1 处')
  })

  it('has the no-permission state', async () => {
    serve(() => ({ status: 403, code: 'forbidden' }))
    await show(StatusPage)
    expect(shown()).toContain('没有权限')
  })
})
