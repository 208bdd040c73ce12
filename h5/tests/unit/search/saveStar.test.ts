// The star: whether the search is kept already, and no twin of it.
import { expect, it } from 'vitest'
import { emptySearch, sameSearch } from '@/search/query'
import SaveStar from '@/search/SaveStar.vue'
import { employee } from '../chat/fixtures'
import { button, serve, settle, show } from '../screen'

const mine = { id: '4', name: '我的报价', query: { q: '报价', sender: ['a', 'b'] }, shared: false, owner: employee, mine: true, version: 3, updated_at: '2026-01-06T02:00:00Z' }
const search = { ...emptySearch(), q: '报价 ', sender: ['b', 'a'] }

it('knows the same search, in whatever order', () => {
  expect(sameSearch(search, { ...search, sender: ['a', 'b'], order: 'best', view: 'conversations' })).toBe(true)
  expect(sameSearch(search, { ...search, exact: true })).toBe(false)
  expect(sameSearch(search, { ...search, sender: ['a'] })).toBe(false)
})

it('opens the one that is kept, and changes it', async () => {
  const calls = serve(({ path, method }) => ({ body: method === 'PUT' ? mine : path === '/searches' ? { items: [mine] } : { items: [] } }))
  await show(SaveStar, { search }, '/search')
  expect(document.querySelector('.kept')).not.toBeNull()
  button('已保存').click()
  await expect.poll(() => document.querySelector<HTMLInputElement>('[role=dialog] input')?.value).toBe('我的报价')
  button('保存').click()
  await expect.poll(() => calls.find((call) => call.method === 'PUT')).toMatchObject({ path: '/searches/4', body: { version: 3 } })
  expect(calls.some((call) => call.method === 'POST')).toBe(false)
})

it('keeps a new one where only somebody else has it', async () => {
  const calls = serve(({ path, method }) => ({ body: method === 'POST' ? mine : path === '/searches' ? { items: [{ ...mine, mine: false, shared: true }] } : { items: [] } }))
  await show(SaveStar, { search }, '/search')
  expect(document.querySelector('.kept')).toBeNull()
  button('保存搜索').click()
  await settle()
  await expect.poll(() => document.querySelector('[role=dialog]')).not.toBeNull()
  button('保存').click()
  await expect.poll(() => calls.some((call) => call.method === 'POST' && call.path === '/searches')).toBe(true)
})
