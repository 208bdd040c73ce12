// A first page may be empty while more follows: it is gone on, and nothing is said to be missing.
import { describe, expect, it } from 'vitest'
import { filledPage } from '@/api/queries/paging'
import ResultsPane from '@/search/ResultsPane.vue'
import { button, serve, settle, show, shown } from '../screen'

describe('filledPage', () => {
  /** A list of which page n has so many items. */
  const list = (sizes: number[]) => {
    const read: string[] = []
    const page = (cursor: string) => {
      read.push(cursor)
      const n = Number(cursor || 0)
      return Promise.resolve({
        items: Array.from({ length: sizes[n] ?? 0 }, (_, i) => i),
        ...(n + 1 < sizes.length ? { next: String(n + 1) } : {}),
        ...(n ? {} : { total: 7 }),
      })
    }
    return { read, page }
  }

  it('reads through empty pages, and keeps the total', async () => {
    const { read, page } = list([0, 0, 3, 2])
    expect(await filledPage(page, '')).toEqual({ items: [0, 1, 2], next: '3', total: 7 })
    expect(read).toEqual(['', '1', '2'])
  })
  it('ends where the list does', async () => {
    expect(await filledPage(list([0, 0]).page, '')).toEqual({ items: [], next: undefined, total: 7 })
    expect(await filledPage(list([2]).page, '')).toMatchObject({ items: [0, 1], next: undefined })
  })
  it('does not go on for ever', async () => {
    const { read, page } = list(Array.from({ length: 50 }, () => 0))
    expect((await filledPage(page, '')).next).toBe('5')
    expect(read).toHaveLength(5)
  })
})

for (const [view, path] of [['messages', '/search'], ['conversations', '/search/conversations']] as const) {
  it(`offers to go on where a few pages had nothing: ${view}`, async () => {
    const pages = 7
    const calls = serve((call) => {
      if (call.path !== path) return { body: { items: [] } }
      const n = Number(call.query.get('cursor') ?? 0)
      return { body: { items: [], ...(n + 1 < pages ? { next: String(n + 1) } : {}), ...(n ? {} : { total: { count: 3, exact: true } }), engine: 'elastic', complete: { complete: false, behind: 9 } } }
    })
    const asked = () => calls.filter((call) => call.path === path).length
    await show(ResultsPane, { filtersBeside: true }, `/search?q=定金&view=${view}`)
    await expect.poll(shown).toContain('已查过的部分里没有找到，后面还有')
    expect(shown()).not.toContain('没有找到「定金」')
    expect(shown()).not.toContain('共 3')
    expect(asked()).toBe(5)
    button('继续查找').click()
    await settle()
    await expect.poll(shown).toContain('没有找到「定金」')
    expect(asked()).toBe(pages)
  })
}
