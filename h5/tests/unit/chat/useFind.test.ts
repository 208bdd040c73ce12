// Walking through the hits in one chat over the end of a page.
import { effectScope } from 'vue'
import { afterEach, expect, it } from 'vitest'
import { type Find, useFind } from '@/chat/useFind'
import { type Answer, serve, settle } from '../screen'
import { messageAt } from './fixtures'

const size = 3
const page = (n: number): Answer => ({
  body: {
    items: Array.from({ length: size }, (_, i) => ({ message: messageAt(n * size + i), spans: [] })),
    total: 2 * size,
    exact: true,
    ...(n < 1 ? { next: '1' } : {}),
  },
})

const scope = { now: effectScope() }
afterEach(() => scope.now.stop())

/** A search at its nth hit; the second page comes when it is let go. */
async function findAt(nth: number) {
  const waiting: ((answer: Answer) => void)[] = []
  serve((call) => (call.query.get('cursor') ? new Promise<Answer>((resolve) => void waiting.push(resolve)) : page(0)))
  scope.now = effectScope()
  const find = scope.now.run(() => useFind('1')) as Find
  await find.find('定金')
  find.go(nth)
  const release = async (answer: Answer) => {
    for (const one of waiting.splice(0)) one(answer)
    await settle()
  }
  return { find, release, asked: () => waiting.length }
}

it('waits for a page that the list reads already, and asks for it once', async () => {
  const { find, release, asked } = await findAt(size - 1)
  void find.more()
  await settle()
  void find.step(1)
  await settle()
  expect(asked()).toBe(1)
  await release(page(1))
  expect(find.position.value).toBe(size + 1)
})

it('takes a step while the list reads on', async () => {
  const { find, release } = await findAt(0)
  void find.more()
  await find.step(1)
  expect(find.position.value).toBe(2)
  await release(page(1))
})

it('stays where it is when older hits cannot be read: they are not none', async () => {
  const { find, release } = await findAt(size - 1)
  void find.step(1)
  await settle()
  await release({ status: 500, code: 'internal' })
  expect(find.state.value).toBe('error')
  expect(find.position.value).toBe(size)
  void find.step(1)
  await settle()
  await release(page(1))
  expect(find.position.value).toBe(size + 1)
})

it('leaves a search that was begun meanwhile alone', async () => {
  const { find, release } = await findAt(size - 1)
  void find.step(1)
  await settle()
  serve(() => page(1)) // the last one
  await find.find('尾款')
  find.go(1)
  await release(page(1))
  expect(find.position.value).toBe(2)
})

it('leaves a hit that was tapped meanwhile alone', async () => {
  const { find, release } = await findAt(size - 1)
  void find.step(1)
  await settle()
  find.go(0)
  await release(page(1))
  expect(find.position.value).toBe(1)
})
