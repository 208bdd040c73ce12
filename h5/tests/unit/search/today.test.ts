// What was found in the last days is asked for anew when the day is another.
import { afterEach, expect, it, vi } from 'vitest'
import ResultsPane from '@/search/ResultsPane.vue'
import { serve, settle, show } from '../screen'

afterEach(() => void vi.useRealTimers())

for (const [path, again] of [['/search?q=椴木&days=1', 1], ['/search?q=椴木&from=2026-01-01', 0], ['/search?q=椴木&days=7&view=conversations', 1]] as const) {
  it(`${again ? 'reads' : 'keeps'} ${path} over midnight in China`, async () => {
    vi.useFakeTimers({ toFake: ['Date', 'setInterval', 'clearInterval'], now: Date.UTC(2026, 0, 8, 15, 59, 50) })
    const calls = serve(({ path: asked }) => ({ body: { items: [], ...(asked.startsWith('/search') ? { engine: 'postgres', complete: { complete: true, behind: 0 }, exact: true, total: { count: 0, exact: true } } : {}) } }))
    const asked = () => calls.filter((call) => /^\/search(\/conversations)?$/.test(call.path)).length
    await show(ResultsPane, { filtersBeside: true }, path)
    await settle()
    const before = asked()
    expect(before).toBeGreaterThan(0)
    vi.advanceTimersByTime(60_000)
    await settle()
    expect(asked() - before).toBe(again)
  })
}
