import { describe, expect, it, vi } from 'vitest'
import type { Api } from '@/api/client'
import { theme } from '@/app/preferences'
import MePage from '@/features/me/MePage.vue'
import { type Answer, button, type Call, serve, settle, show, shown } from '../screen'

const me: Api['Me'] = {
  id: '1',
  userid: 'ZhouMingkai',
  name: '周明恺',
  role: 'viewer',
  csrf: 'token-7',
  build: '0.1.0+abc',
  deletion_alerts: true,
  scope_size: 12,
  corp_id: '',
  agent_id: 1,
}

function meServer(found: Api['Me'], change: (call: Call) => Answer = () => ({ body: found })) {
  return serve((call) => (call.method === 'GET' ? { body: found } : change(call)))
}

describe('me', () => {
  it('shows who, role, scope and version; nothing of the administration to a viewer', async () => {
    meServer(me)
    await show(MePage)
    for (const text of ['周明恺', 'ZhouMingkai', '查看者', '12 位员工', '0.1.0+abc']) expect(shown()).toContain(text)
    expect(shown()).not.toContain('敏感词规则')
  })

  it('turns deletion alerts off, with the token of the session', async () => {
    const calls = meServer(me, () => ({ body: { ...me, deletion_alerts: false } }))
    const { page } = await show(MePage)
    const toggle = () => page.findAll('[role=switch]').find((one) => one.text().includes('好友删除提醒'))
    await toggle()?.trigger('click')
    await settle()
    expect(calls.find((call) => call.method === 'PATCH')).toMatchObject({ path: '/me', body: { deletion_alerts: false }, csrf: 'token-7' })
    expect(toggle()?.attributes('aria-checked')).toBe('false')
  })

  it('leaves the switch as it was when the server refuses', async () => {
    meServer(me, () => ({ status: 503, code: 'unavailable' }))
    const { page } = await show(MePage)
    const toggle = () => page.findAll('[role=switch]').find((one) => one.text().includes('好友删除提醒'))
    await toggle()?.trigger('click')
    await settle()
    expect(toggle()?.attributes('aria-checked')).toBe('true')
  })

  it('changes language and theme', async () => {
    meServer(me)
    const { page } = await show(MePage)
    button('深色').click()
    await settle()
    expect(theme.value).toBe('dark')
    button('English').click()
    await vi.waitFor(() => expect(page.find('h1').text()).toBe('Me'))
    theme.value = 'auto'
  })

  it('signs out after a question, and says why it could not', async () => {
    const calls = meServer(me, () => ({ status: 500, code: 'internal' }))
    await show(MePage)
    button('退出登录').click()
    await settle()
    expect(calls.some((call) => call.method === 'DELETE')).toBe(false)
    document.querySelector<HTMLButtonElement>('.sheet footer .danger')?.click()
    await settle()
    expect(calls.find((call) => call.method === 'DELETE')?.path).toBe('/session')
    expect(shown()).toContain('服务器内部错误')
  })
})
