// Words that cannot be searched for: the page says why, and does not ask.
import { describe, expect, it } from 'vitest'
import { faultOf } from '@/search/bounds'
import HitBar from '@/search/HitBar.vue'
import ResultsPane from '@/search/ResultsPane.vue'
import { emptySearch, packSearch, readSearch, writeSearch } from '@/search/query'
import { customer, messageAt } from '../chat/fixtures'
import { serve, settle, show, shown } from '../screen'

const words = (n: number) => Array.from({ length: n }, (_, i) => `词${i}`).join(' ')

describe('faultOf', () => {
  for (const [name, text, want] of [
    ['nothing', '', undefined],
    ['blanks', ' \u3000\n', undefined],
    ['200 characters', '长'.repeat(200), undefined],
    ['201 characters', '长'.repeat(201), 'long'],
    ['200 characters of two units each', '😀'.repeat(200), undefined],
    ['200 characters between blanks', `  ${'长'.repeat(200)}  `, undefined],
    ['16 words', words(16), undefined],
    ['17 words', words(17), 'many'],
    ['17 words, one left out', `${words(16)} -已退`, 'many'],
    ['many words in quotes', `"${words(17)}" 好`, undefined],
    ['16 words and one that shows nothing', `${words(16)} \u200b`, undefined],
    ['one word with a byte order mark between each character', words(17).replace(/ /g, '\ufeff'), undefined],
    ['a zero-width space', '\u200b', 'blank'],
    ['joiners, marks and selectors', '\u200d\u200e \u00ad\ufe0f "\u2060"', 'blank'],
    ['a blank in quotes, which is looked for', '" "', undefined],
    ['16 words and a quoted blank', `${words(16)} " "`, 'many'],
    ['a control character', '\u0001', undefined],
    ['a quote', '"', undefined],
    ['a minus', '-', undefined],
  ] as const) {
    it(`${name}: ${want ?? 'fine'}`, () => expect(faultOf(text)).toBe(want))
  }
})

it('keeps a long text whole, and its beginning in the address', () => {
  const q = `${'长'.repeat(5000)}尾`
  expect(readSearch({ q }).q).toBe(q)
  const written = writeSearch(readSearch({ q })).q as string
  expect(faultOf(written)).toBe('long')
  expect(encodeURIComponent(written).length).toBeLessThan(8000)
})

const long = `${'长'.repeat(200)}尾`
for (const view of ['messages', 'conversations']) {
  for (const [name, q, says] of [
    ['too long', long, '搜索内容超过 200 个字，没有搜索'],
    ['too many words', words(17), '搜索内容超过 16 个词，没有搜索'],
    ['nothing visible', '\u200b\u200d', '搜索内容里没有看得见的字，没有搜索'],
  ] as const) {
    it(`says why, and asks nobody: ${name}, ${view}`, async () => {
      const calls = serve(() => ({ body: { items: [] } }))
      await show(ResultsPane, { filtersBeside: true }, `/search?q=${encodeURIComponent(q)}&view=${view}&chat=direct`)
      expect(document.querySelector('[role=alert] .title')?.textContent).toBe(says)
      expect(document.querySelector<HTMLInputElement>('input[type=search]')?.value).toBe(q)
      expect(shown()).not.toMatch(/没有找到|重试|请求/)
      expect(calls.filter((call) => call.path.startsWith('/search') && call.path !== '/searches')).toEqual([])
    })
  }

  it(`says what the server refuses in plain words: ${view}`, async () => {
    serve((call) => (/^\/search(\/conversations)?$/.test(call.path) ? { status: 400, code: 'invalid', field: 'q' } : { body: { items: [] } }))
    await show(ResultsPane, { filtersBeside: true }, `/search?q=报价&view=${view}`)
    await expect.poll(shown).toContain('搜索内容不符合要求，没有搜索')
    expect(shown()).toContain('最多 200 个字、16 个词')
    expect(shown()).not.toMatch(/没有找到|重试|请求|said by the server/)
  })
}

it('says that it was the filters', async () => {
  serve((call) => (call.path === '/search' ? { status: 400, code: 'invalid', field: 'person' } : { body: { items: [] } }))
  await show(ResultsPane, { filtersBeside: true }, '/search?q=报价&person=a')
  await expect.poll(shown).toContain('筛选条件不符合要求，没有搜索')
})

it('keeps what is loaded when a further page is refused', async () => {
  const message = messageAt(1)
  const hit = { message, spans: [], conversation: { id: '100', kind: 'customer', title: 'c', messages: 9, violations: 0, peer: customer } }
  const calls = serve((call) => {
    if (call.path !== '/search') return { body: { items: [] } }
    if (call.query.get('cursor')) return { status: 400, code: 'invalid.cursor', field: 'cursor' }
    return { body: { items: [hit], next: 'x', total: { count: 2, exact: true }, engine: 'postgres', complete: { complete: true } } }
  })
  await show(ResultsPane, { filtersBeside: true }, '/search?q=报价')
  await expect.poll(shown).toContain('共 2 条')
  document.querySelector<HTMLButtonElement>('button.more')?.click()
  await expect.poll(() => calls.some((call) => call.query.get('cursor') === 'x')).toBe(true)
  await settle()
  expect(document.querySelector('.virtual-list')).not.toBeNull()
  expect(shown()).not.toContain('筛选条件不符合要求')
})

it('asks nobody for a hit of words that cannot be searched for', async () => {
  const calls = serve(() => ({ body: { items: [] } }))
  await show(HitBar, { cid: '100', packed: packSearch({ ...emptySearch(), q: long }) }, '/chat/x/100?m=1')
  expect(calls).toEqual([])
})
