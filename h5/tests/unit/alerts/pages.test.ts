// The list and one violation, with a server that answers.
import { afterEach, describe, expect, it, vi } from 'vitest'
import { live } from '@/app/live'
import AlertDetail from '@/features/alerts/AlertDetail.vue'
import AlertsPane from '@/features/alerts/AlertsPane.vue'
import { button, serve, settle, show, shown } from '../screen'
import { deletionOf, detailOf, pushOf, violationOf } from './fixtures'

class QuietSource {
  addEventListener(): void {
    // No events come by themselves.
  }
  close(): void {
    // Nothing is open.
  }
}
vi.stubGlobal('EventSource', QuietSource)
afterEach(() => vi.useRealTimers())

describe('the list', () => {
  it('asks for open ones and shows how many there are', async () => {
    const calls = serve(() => ({ body: { items: [], total: 0 } }))
    await show(AlertsPane, { chosen: '', wide: false })
    expect(calls[0]?.path).toBe('/violations')
    expect(Object.fromEntries(calls[0]?.query ?? [])).toEqual({ state: 'open', limit: '40' })
    expect(shown()).toContain('0 条待处理')
    expect(shown()).toContain('没有待处理的告警')
  })

  it('keeps its filter in the address and asks anew', async () => {
    const calls = serve(() => ({ body: { items: [], total: 0 } }))
    const { router } = await show(AlertsPane, { chosen: '', wide: false })
    button('删除').click()
    await settle()
    expect(router.currentRoute.value.query).toEqual({ tab: 'behaviours' })
    expect(calls.at(-1)?.query.get('tab')).toBe('behaviours')
    button('误报').click()
    await settle()
    expect(calls.at(-1)?.query.get('state')).toBe('false_alarm')
    expect(shown()).toContain('没有符合条件的告警')
  })

  it('says that something new came in, and reads it when asked', async () => {
    const handlers: ((event: never, id: string) => void)[] = []
    vi.spyOn(live, 'on').mockImplementation((name, handler) => {
      if (name === 'violation') handlers.push(handler as never)
      return () => undefined
    })
    const calls = serve(() => ({ body: { items: [violationOf()], total: 1 } }))
    await show(AlertsPane, { chosen: '', wide: false })
    const event = { violation_id: 'v9', severity: 'high' }
    for (const handler of [...handlers, ...handlers]) handler(event as never, '')
    await settle()
    const before = calls.length
    button('1 条新告警').click()
    await settle()
    expect(calls.length).toBeGreaterThan(before)
    expect(shown()).not.toContain('新告警')
  })

  it('says that there is no permission, and nothing else', async () => {
    serve(() => ({ status: 403, code: 'forbidden' }))
    await show(AlertsPane, { chosen: '', wide: false })
    expect(shown()).toContain('没有权限')
  })

  it('offers to try again after a failure', async () => {
    let broken = true
    serve(() => (broken ? { status: 500, code: 'internal' } : { body: { items: [], total: 0 } }))
    await show(AlertsPane, { chosen: '', wide: false })
    expect(shown()).toContain('服务器内部错误')
    expect(shown()).toContain('req-1')
    broken = false
    button('重试').click()
    await settle()
    expect(shown()).toContain('没有待处理的告警')
  })
})

describe('one violation', () => {
  it('shows rule, sides, evidence, context and pushes', async () => {
    serve(() => ({ body: detailOf() }))
    const { page } = await show(AlertDetail, { id: 'v1' })
    for (const text of ['私下收款', '高', '待处理', '陈先生', '林晓雨', '客户', '员工', '加我微信吧', '第 1 条', '第 3 条', '已送达']) {
      expect(shown()).toContain(text)
    }
    expect(page.find('.evidence mark').text()).toBe('微信')
    expect(page.find('.row.hit mark').text()).toBe('微信')
    expect(page.findAll('.row.hit')).toHaveLength(1)
    const link = page.find('a.primary')
    expect(link.text()).toBe('打开上下文')
    expect(link.attributes('href')).toContain('m=m00002')
    expect(link.attributes('href')).toContain('a=v1')
  })

  it('is marked handled with a note', async () => {
    const calls = serve(({ method, body }) =>
      method === 'PATCH' ? { body: violationOf({ ...(body as object), handled_at: '2026-01-01T05:00:00Z' }) } : { body: detailOf() },
    )
    const { page } = await show(AlertDetail, { id: 'v1' })
    button('标记处理').click()
    await settle()
    const field = document.querySelector('textarea') as HTMLTextAreaElement
    field.value = ' 已谈话 '
    field.dispatchEvent(new Event('input'))
    document.querySelector('form')?.dispatchEvent(new Event('submit', { cancelable: true }))
    await settle()
    const patch = calls.find((call) => call.method === 'PATCH')
    expect(patch).toMatchObject({ path: '/violations/v1', body: { state: 'handled', note: '已谈话' } })
    expect(patch?.csrf).not.toBeNull()
    expect(page.text()).toContain('已处理')
    expect(button('重新打开')).toBeTruthy()
  })

  it('says why it could not be marked, and keeps the note', async () => {
    serve(({ method }) => (method === 'PATCH' ? { status: 429, code: 'rate_limited' } : { body: detailOf({ note: '旧备注' }) }))
    await show(AlertDetail, { id: 'v1' })
    button('误报').click()
    await settle()
    document.querySelector('form')?.dispatchEvent(new Event('submit', { cancelable: true }))
    await settle()
    expect(shown()).toContain('操作过于频繁')
    expect((document.querySelector('textarea') as HTMLTextAreaElement).value).toBe('旧备注')
  })

  it('tells a deletion in its direction, with the last messages', async () => {
    serve(() => ({ body: { ...detailOf(), violation: deletionOf('employee_deleted_customer'), alerts: [] } }))
    const { page } = await show(AlertDetail, { id: 'd1' })
    expect(page.find('h1').text()).toBe('员工删除了客户')
    expect(page.text()).toContain('员工「林晓雨」删除了客户「陈先生」')
    expect(page.text()).toContain('删除前的最后消息')
    expect(page.text()).toContain('没有推送给任何人')
    expect(page.find('.evidence').exists()).toBe(false)
    expect(page.find('a.primary').attributes('href')).toContain('m=m00003')
  })

  it('does not tell whether one out of scope exists', async () => {
    serve(() => ({ status: 404, code: 'not_found' }))
    const { page } = await show(AlertDetail, { id: 'v7' })
    expect(page.text()).toContain('内容不存在或不在你的查看范围内')
  })

  it('says what a push has come to', async () => {
    const alerts = [pushOf({ state: 'unknown', sent_at: undefined }), pushOf({ id: '2', state: 'failed', attempt: 8, error: 'errcode 45009' })]
    serve(() => ({ body: { ...detailOf(), alerts } }))
    const { page } = await show(AlertDetail, { id: 'v1' })
    expect(page.text()).toContain('不再重发')
    expect(page.text()).toContain('尝试 8 次后放弃')
    expect(page.text()).toContain('errcode 45009')
  })
})
