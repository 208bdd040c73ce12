// The way back leads to what was searched for before, not to each change of a filter.
import { afterEach, expect, it } from 'vitest'
import ResultsPane from '@/search/ResultsPane.vue'
import { button, type Screen, serve, settle, show } from '../screen'

afterEach(() => window.history.replaceState(null, ''))

const none = { items: [], total: { count: 0, exact: true }, engine: 'postgres', complete: { complete: true } }

async function submit(q: string): Promise<void> {
  const field = document.querySelector<HTMLInputElement>('input[type=search]')
  if (!field) throw new Error('no field')
  field.value = q
  field.dispatchEvent(new Event('input'))
  field.form?.dispatchEvent(new Event('submit'))
  await settle()
}

/** Goes back, and says what is searched for there. */
async function back({ router }: Screen): Promise<string> {
  router.back()
  await settle()
  const field = document.querySelector<HTMLInputElement>('input[type=search]')
  expect(field?.value).toBe(router.currentRoute.value.query.q ?? '')
  return router.currentRoute.value.fullPath.replace(/^.*\?/, '')
}

const start = async () => (serve(() => ({ body: none })), show(ResultsPane, { filtersBeside: true }, '/search'))
const q = (text: string) => `q=${encodeURIComponent(text)}`

it('goes from each search to the one before', async () => {
  const screen = await start()
  for (const text of ['周末', '定金', '报价']) await submit(text)
  expect(await back(screen)).toBe(q('定金'))
  expect(await back(screen)).toBe(q('周末'))
  expect(await back(screen)).toBe('/search')
})

it('makes no step of the same words once more, nor of a view', async () => {
  const screen = await start()
  for (const text of ['周末', '定金', '定金']) await submit(text)
  button('按会话').click()
  await settle()
  expect(screen.router.currentRoute.value.query.view).toBe('conversations')
  expect(await back(screen)).toBe(q('周末'))
})

it('has the next words take the place of the emptied field', async () => {
  const screen = await start()
  await submit('周末')
  button('清除').click()
  await settle()
  expect(screen.router.currentRoute.value.query).toEqual({})
  window.history.replaceState({ emptied: true }, '') // what the router of a browser notes there
  await submit('定金')
  expect(await back(screen)).toBe(q('周末'))
})
