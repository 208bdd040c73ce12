// The list of recent searches can be emptied, and says when that fails.
import { expect, it } from 'vitest'
import StartPane from '@/search/StartPane.vue'
import { toastText } from '@/ui/toast'
import { button, serve, settle, show, shown } from '../screen'

for (const fails of [false, true]) {
  it(fails ? 'stays when that fails' : 'is emptied', async () => {
    let kept = [{ query: { q: '椴木', days: 30 }, at: '2026-01-08T03:58:00Z', total: { count: 3, exact: true } }]
    const calls = serve(({ method, path }) => {
      if (path !== '/search/recent') return { body: { items: [] } }
      if (method !== 'DELETE') return { body: { items: kept } }
      if (fails) return { status: 500, code: 'internal' }
      kept = []
      return { body: {} }
    })
    await show(StartPane, {}, '/search')
    expect(shown()).toContain('椴木 · 近 30 天')
    button('清空最近搜索').click()
    await settle()
    expect(calls.find((call) => call.method === 'DELETE')?.path).toBe('/search/recent')
    await expect.poll(() => shown().includes('椴木')).toBe(fails)
    if (fails) expect(toastText.value).not.toBe('')
  })
}
