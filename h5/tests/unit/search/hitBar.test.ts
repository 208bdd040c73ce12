// Walking from hit to hit over the end of a page, whoever reads the next one.
import { expect, it } from 'vitest'
import { defineComponent, h } from 'vue'
import type { Api } from '@/api/client'
import { useHits } from '@/api/queries/search'
import HitBar from '@/search/HitBar.vue'
import { emptySearch, packSearch, toQuery } from '@/search/query'
import { toastText } from '@/ui/toast'
import { customer, messageAt } from '../chat/fixtures'
import { type Answer, button, serve, settle, show } from '../screen'

const search = { ...emptySearch(), q: '定金' }
const size = 3
const page = (n: number): Api['SearchPage'] => ({
  items: Array.from({ length: size }, (_, i) => ({
    message: messageAt(n * size + i, { conversation_id: '1' }),
    spans: [],
    conversation: { id: '1', kind: 'customer', title: 'c', messages: 9, violations: 0, peer: customer },
  })),
  ...(n < 1 ? { next: String(n + 1), total: { count: 2 * size, exact: true } } : {}),
  engine: 'postgres',
  complete: { complete: true, behind: 0 },
})
const id = (n: number) => messageAt(n).id

/** The bar with the list beside it, at the nth hit; the second page comes when it is let go. */
async function walkFrom(nth: number) {
  let letGo: (answer: Answer) => void = () => undefined
  const second = new Promise<Answer>((resolve) => (letGo = resolve))
  const calls = serve((call) => (call.query.get('cursor') ? second : { body: page(0) }))
  let list: ReturnType<typeof useHits> | undefined
  const Both = defineComponent(() => {
    list = useHits(() => toQuery(search), true)
    return () => h(HitBar, { cid: '1', packed: packSearch(search) })
  })
  const { router } = await show(Both, {}, `/chat/x/1?m=${id(nth)}`)
  return {
    next: () => button('下一条').click(),
    more: () => list?.loadMore(),
    release: async (answer: Answer) => {
      letGo(answer)
      await settle()
    },
    at: () => router.currentRoute.value.query.m,
    second: () => calls.filter((call) => call.query.get('cursor')).length,
  }
}

it('goes to the first hit of a page that it reads itself', async () => {
  const walk = await walkFrom(size - 1)
  walk.next()
  await settle()
  expect(walk.at()).toBe(id(size - 1))
  await walk.release({ body: page(1) })
  expect(walk.at()).toBe(id(size))
})

it('waits for a page that the list reads already, and asks for it once', async () => {
  const walk = await walkFrom(size - 1)
  walk.more()
  await settle()
  walk.next()
  await walk.release({ body: page(1) })
  expect(walk.at()).toBe(id(size))
  expect(walk.second()).toBe(1)
})

it('takes a step while the list reads on', async () => {
  const walk = await walkFrom(0)
  walk.more()
  await settle()
  walk.next()
  await settle()
  expect(walk.at()).toBe(id(1))
  await walk.release({ body: page(1) })
})

it('says so when the page cannot be had, and can be asked again', async () => {
  const walk = await walkFrom(size - 1)
  walk.next()
  await settle()
  await walk.release({ status: 500, code: 'internal' })
  expect(walk.at()).toBe(id(size - 1))
  expect(toastText.value).not.toBe('')
  walk.next()
  await settle()
  expect(walk.second()).toBe(2)
})
