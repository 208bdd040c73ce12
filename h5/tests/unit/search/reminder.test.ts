// A search with a reminder: the way to its rule or alerts, and words that the reminder follows.
import { expect, it } from 'vitest'
import StartPane from '@/search/StartPane.vue'
import { useSession } from '@/app/session'
import { button, serve, settle, show, shown } from '../screen'
import { employee } from '../chat/fixtures'

const saved = { id: '1', name: '私下收款', query: { q: '私人微信' }, shared: false, owner: employee, mine: true, rule_id: '9', version: 3, updated_at: '2026-01-06T02:00:00Z' }

for (const [role, path] of [['admin', '/rule/9'], ['viewer', '/alerts?tab=words']] as const) {
  it(`leads a ${role} to what became of it, and changes its words`, async () => {
    const calls = serve(({ path: asked, method }) => ({ body: asked === '/me' ? { id: '1', role, csrf: 'c' } : method === 'PUT' ? saved : asked === '/searches' ? { items: [saved] } : { items: [] } }))
    await show(StartPane, {}, '/search')
    await useSession().load()
    await settle()
    expect(document.querySelector('a.icon-button')?.getAttribute('href')).toBe(path)
    button('修改「私下收款」').click()
    await expect.poll(shown).toContain('提醒的关键词随之更新')
    const field = [...document.querySelectorAll<HTMLInputElement>('[role=dialog] input')].find((one) => one.value === '私人微信')
    if (!field) throw new Error('no field of words')
    field.value = '转账给我'
    field.dispatchEvent(new Event('input'))
    button('保存').click()
    await expect.poll(() => calls.find((call) => call.method === 'PUT')?.body).toMatchObject({ query: { q: '转账给我' }, version: 3 })
  })
}
