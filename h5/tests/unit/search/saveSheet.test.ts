// Keeping a search: nobody's name goes to others unnoticed, and what a reminder is.
import { expect, it } from 'vitest'
import { useSession } from '@/app/session'
import { learnPerson } from '@/search/names'
import { namesIn, nameless } from '@/search/naming'
import { emptySearch, type Search } from '@/search/query'
import SaveSheet from '@/search/SaveSheet.vue'
import { employee } from '../chat/fixtures'
import { button, serve, settle, show, shown } from '../screen'

const department = { id: '7', name: '法务部', parent_id: '1', member_count: 1, order: 0 }
const by: Search = { ...emptySearch(), sender: [employee.id], department: ['7'], chat: 'group' }

async function open(search: Search, role: 'admin' | 'viewer' = 'viewer') {
  serve(({ path }) => ({ body: path === '/me' ? { id: '1', role, csrf: 'c' } : path === '/departments' ? { items: [department] } : { items: [] } }))
  await show(SaveSheet, { open: true, search }, '/search')
  await useSession().load()
  await settle()
}

function nameField(): HTMLInputElement {
  const field = document.querySelector<HTMLInputElement>('[role=dialog] input')
  if (!field) throw new Error('no field of the name')
  return field
}

const remind = () => {
  const row = [...document.querySelectorAll<HTMLButtonElement>('[role=switch]')].find((one) => one.textContent?.includes('再次出现时提醒我'))
  if (!row) throw new Error('no switch')
  return row
}

it('begins with a name that names nobody', async () => {
  learnPerson(employee)
  expect(nameless(by)).toBe('发送人筛选 部门筛选 群聊')
  expect(nameless({ ...by, q: ' 报价 ' })).toBe('报价')
  await open(by)
  expect(nameField().value).toBe('发送人筛选 部门筛选 群聊')
})

it('says whose name others will read', async () => {
  learnPerson(employee)
  expect(namesIn(`问${employee.name}`, { ...by, sender: [] }, [])).toEqual([])
  await open(by)
  nameField().value = `${employee.name} 法务部`
  nameField().dispatchEvent(new Event('input'))
  await settle()
  expect(shown()).not.toContain('共享后，其他人会看到')
  ;[...document.querySelectorAll<HTMLButtonElement>('[role=switch]')].find((one) => one.textContent?.includes('共享给其他人'))?.click()
  await settle()
  expect(shown()).toContain(`共享后，其他人会看到名称里的「${employee.name}、法务部」`)
})

for (const [what, q, role, hint, off] of [
  ['nothing without words', '', 'viewer', '需要搜索词', true],
  ['nothing where all is excluded', '-已退', 'admin', '需要搜索词', true],
  ['nothing of one character', '定金 价', 'viewer', '每个词至少两个字', true],
  ['a viewer', '定金', 'viewer', '以告警推送给你', false],
  ['an admin, and that it is a rule', '价', 'admin', '会成为一条全公司的敏感词规则', false],
] as const) {
  it(`tells ${what}`, async () => {
    await open({ ...by, q }, role)
    expect(remind().textContent).toContain(hint)
    expect(remind().disabled).toBe(off)
  })
}

it('says before it is kept what a reminder tells of beyond the search', async () => {
  await open({ ...by, q: '定金 尾款 -已退 -"已 付"', days: 7 })
  expect(shown()).not.toContain('提醒不')
  remind().click()
  await settle()
  expect(shown()).toContain('说到其中任意一个词都会提醒：定金、尾款')
  expect(shown()).toContain('提醒不排除：已退、已 付')
  expect(shown()).toContain('提醒不看这些条件：会话类型、最近天数、发送人、部门')
})

it('says that an admin\'s rule is limited by one field at most', async () => {
  await open({ ...by, q: '定金', chat: '' }, 'admin')
  remind().click()
  await settle()
  expect(shown()).toContain('发送人、参与人、部门只按其中一项限定，且只限员工')
})

it('says nothing of the kind where it tells of just that', async () => {
  await open({ ...emptySearch(), q: '定金' }, 'admin')
  remind().click()
  await settle()
  expect(shown()).not.toContain('提醒不')
  expect(shown()).not.toContain('任意一个词')
})

it('keeps no reminder whose words were taken away', async () => {
  const saved = { id: '1', name: 'x', query: { q: '定金' }, shared: false, owner: employee, mine: true, rule_id: '9', version: 3, updated_at: '2026-01-06T02:00:00Z' }
  const calls = serve(({ path }) => ({ body: path === '/me' ? { id: '1', role: 'viewer', csrf: 'c' } : { items: [] } }))
  await show(SaveSheet, { open: true, search: { ...emptySearch(), q: '定金' }, saved }, '/search')
  await useSession().load()
  const words = [...document.querySelectorAll<HTMLInputElement>('[role=dialog] input')].find((one) => one.value === '定金')
  if (!words) throw new Error('no field of words')
  words.value = ''
  words.dispatchEvent(new Event('input'))
  button('保存').click()
  await settle()
  expect(document.querySelector('[role=alert]')?.textContent).toBe('需要搜索词')
  words.value = '定'.repeat(201)
  words.dispatchEvent(new Event('input'))
  button('保存').click()
  await settle()
  expect(document.querySelector('[role=alert]')?.textContent).toContain('200')
  expect(calls.some((call) => call.method === 'PUT')).toBe(false)
})
