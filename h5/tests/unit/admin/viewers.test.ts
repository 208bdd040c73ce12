// Accounts, with a server that answers.
import { describe, expect, it } from 'vitest'
import ViewerPage from '@/features/admin/viewers/ViewerPage.vue'
import ViewersPage from '@/features/admin/viewers/ViewersPage.vue'
import PushesPage from '@/features/admin/PushesPage.vue'
import { type Answer, button, type Call, serve, settle, show, shown } from '../screen'
import { departments, employeeOf, viewerOf } from './fixtures'

function accountServer(viewers = [viewerOf()], change: (call: Call) => Answer = () => ({ body: viewerOf() })) {
  return serve((call) => {
    if (call.method !== 'GET') return change(call)
    if (call.path === '/departments') return { body: { items: departments } }
    if (call.path === '/employees') return { body: { items: [employeeOf(), employeeOf({ person: { id: 'zhou', kind: 'employee', name: '周明恺' }, userid: 'Zhou' })], total: 2 } }
    return { body: { items: viewers } }
  })
}

async function submit(): Promise<void> {
  document.querySelector('form#account-form')?.dispatchEvent(new Event('submit', { cancelable: true }))
  await settle()
}

describe('the list', () => {
  it('shows role, scope, state and when they were here', async () => {
    accountServer([viewerOf(), viewerOf({ id: '2', role: 'admin', from_config: true, last_seen_at: '2025-01-01T04:00:00Z' }), viewerOf({ id: '3', disabled: true, scope_size: 0 })])
    await show(ViewersPage)
    for (const text of ['可查看 12 位员工', '从未登录', '管理员', '配置指定', '2025年1月1日', '已停用', '此账号看不到任何会话']) {
      expect(shown()).toContain(text)
    }
  })
})

describe('an account', () => {
  it('is disabled', async () => {
    const calls = accountServer()
    const { page, router } = await show(ViewerPage, { id: '1' })
    expect(page.text()).toContain('华东销售部')
    await page.find('[role=switch]').trigger('click')
    await submit()
    expect(calls.find((call) => call.method === 'PUT')).toMatchObject({
      path: '/viewers/1',
      body: { userid: 'Zhou', role: 'viewer', disabled: true, departments: ['2'], employees: ['linxiaoyu'] },
    })
    expect(router.currentRoute.value.name).toBe('viewers')
  })

  it('of the configuration can neither be disabled nor lose its role', async () => {
    accountServer([viewerOf({ role: 'admin', from_config: true })])
    const { page } = await show(ViewerPage, { id: '1' })
    expect(page.find('[role=switch]').exists()).toBe(false)
    expect(page.find('[role=radiogroup]').exists()).toBe(false)
    expect(page.text()).toContain('不能在这里停用')
  })

  it('of the last admin stays, and the reason is told', async () => {
    accountServer([viewerOf({ role: 'admin' })], () => ({ status: 409, code: 'conflict.last_admin' }))
    await show(ViewerPage, { id: '1' })
    await submit()
    expect(shown()).toContain('这是最后一位管理员')
  })

  it('that does not exist is not found', async () => {
    accountServer()
    await show(ViewerPage, { id: '77' })
    expect(shown()).toContain('内容不存在')
  })
})

describe('a new account', () => {
  it('needs a member who has none', async () => {
    const calls = accountServer()
    const { page } = await show(ViewerPage, { id: '' })
    await submit()
    expect(shown()).toContain('请选择要添加的成员')
    expect(calls.some((call) => call.method === 'POST')).toBe(false)
    await page.find('button.member').trigger('click')
    await settle()
    const rows = [...document.querySelectorAll<HTMLButtonElement>('.sheet .row')]
    expect(rows.map((row) => row.disabled)).toEqual([false, true])
    rows[0]?.click()
    await settle()
    await submit()
    expect(calls.find((call) => call.method === 'POST')?.body).toMatchObject({ userid: 'LinXiaoyu', role: 'viewer', disabled: false })
  })

  it('gets departments by ticking', async () => {
    const calls = accountServer()
    await show(ViewerPage, { id: '' })
    button('部门').click()
    await settle()
    const boxes = () => [...document.querySelectorAll<HTMLInputElement>('.sheet input[type=checkbox]')]
    boxes()[0]?.click()
    await settle()
    expect(boxes().map((box) => [box.checked, box.disabled])).toEqual([[true, false], [true, true]])
    expect(shown()).toContain('星河家居')
    expect(calls.some((call) => call.path === '/departments')).toBe(true)
  })
})

describe('pushes', () => {
  it('say what, to whom and whether it arrived', async () => {
    serve(() => ({ body: { items: [] } }))
    await show(PushesPage)
    expect(shown()).toContain('还没有推送')
  })
})
