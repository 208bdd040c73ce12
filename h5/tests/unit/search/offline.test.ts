// Without a network: what was not searched for is said at once, and searched for when it is back.
import { afterEach, expect, it, vi } from 'vitest'
import ResultsPane from '@/search/ResultsPane.vue'
import { button, serve, settle, show, shown } from '../screen'
import { messageAt } from '../chat/fixtures'

/** The device gains or loses its network. */
async function network(there: boolean): Promise<void> {
  vi.spyOn(navigator, 'onLine', 'get').mockReturnValue(there)
  window.dispatchEvent(new Event(there ? 'online' : 'offline'))
  await settle()
}
afterEach(() => network(true))

const conversation = { id: '100', kind: 'group' as const, title: '原木色业主群', messages: 1, violations: 0 }
const rest = { total: { count: 1, exact: true }, exact: true, engine: 'postgres', complete: { complete: true } }
const items = { messages: [{ message: messageAt(3), spans: [], conversation }], conversations: [{ conversation, hits: 1, newest: '2026-01-06T02:00:00Z' }] }

for (const [view, path] of [['messages', '/search'], ['conversations', '/search/conversations']] as const) {
  it(`says so, and searches when it is back: ${view}`, async () => {
    const calls = serve((call) => ({ body: call.path === path ? { items: items[view], ...rest } : { items: [] } }))
    const asked = () => calls.filter((call) => call.path === path).map((call) => call.query.get('q'))
    const { router } = await show(ResultsPane, { filtersBeside: true }, `/search?q=原木色&view=${view}`)
    await expect.poll(() => shown()).toContain('共 1')
    await network(false)
    expect(shown()).not.toContain('还没有搜索') // what is loaded stays

    await router.push(`/search?q=定金&view=${view}`)
    await settle()
    expect(document.querySelector('[role=alert]')?.textContent).toContain('网络已断开，还没有搜索「定金」')
    expect(shown()).not.toMatch(/正在搜索|没有找到/)
    expect(asked()).toEqual(['原木色'])

    await router.push(`/search?chat=group&view=${view}`)
    await settle()
    expect(document.querySelector('[role=alert]')?.textContent).toContain('还没有按筛选条件搜索')

    await router.push(`/search?q=定金&view=${view}`)
    await network(true)
    await expect.poll(() => shown()).toContain('共 1')
    expect(shown()).not.toContain('还没有搜索')
    expect(asked().filter((q) => q === '定金')).toHaveLength(1)
  })
}

it('tries once more for who asks for it, whatever the device says', async () => {
  let reached = false
  const calls = serve((call) => {
    if (call.path !== '/search') return { body: { items: [] } }
    if (!reached) throw new TypeError('Failed to fetch')
    return { body: { items: items.messages, ...rest } }
  })
  const asked = () => calls.filter((call) => call.path === '/search').length
  const { router } = await show(ResultsPane, { filtersBeside: true }, '/search')
  await network(false)
  await router.push('/search?q=定金')
  await settle()
  expect(asked()).toBe(0)
  button('重试').click()
  await expect.poll(asked).toBe(1)
  await settle()
  expect(shown()).toContain('网络已断开，还没有搜索「定金」')
  reached = true
  button('重试').click()
  await expect.poll(() => shown()).toContain('共 1')
})
