// A list of hits stays as it was read for who comes back to it; who searches again reads again.
import { expect, it } from 'vitest'
import { defineComponent, h } from 'vue'
import { useHits } from '@/api/queries/search'
import { asks, toQuery } from '@/search/query'
import { useSearch } from '@/search/useSearch'
import { serve, settle, show } from '../screen'

type Change = ReturnType<typeof useSearch>['change']

/** What the page has of a search: how many hits it knows of. */
function listing() {
  let change: Change = () => Promise.resolve()
  const page = defineComponent(() => {
    const { search, change: own } = useSearch()
    change = own
    const { total } = useHits(
      () => toQuery(search.value),
      () => asks(search.value),
    )
    return () => h('p', `${search.value.q} ${total.value?.count ?? '…'}`)
  })
  return { page, change: async (...args: Parameters<Change>) => (await change(...args), settle()) }
}

it('asks once more for a search that was made before, but not for who goes back', async () => {
  let said = 0
  const calls = serve(() => ({ body: { items: [], total: { count: said, exact: true }, engine: 'postgres', complete: { complete: true } } }))
  const asked = () => calls.map((call) => call.query.get('q'))
  const { page, change } = listing()
  const screen = await show(page, {}, '/search')

  await change({ q: '报价' })
  expect(screen.page.text()).toBe('报价 0')
  said = 1 // somebody says it meanwhile
  await change({ q: '' })
  expect(screen.page.text()).toContain('…')
  await change({ q: '报价' })
  expect(screen.page.text()).toBe('报价 1')
  expect(asked()).toEqual(['报价', '报价'])

  await change({ view: 'conversations' })
  await change({ view: 'messages' })
  expect(asked()).toHaveLength(2)

  await screen.router.push('/search?q=定金')
  await settle()
  screen.router.back()
  await expect.poll(() => screen.page.text()).toBe('报价 1')
  expect(asked()).toEqual(['报价', '报价', '定金'])
})
