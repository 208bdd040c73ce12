// Searching in the long conversation: from Enter to the hit that stands still, and
// from hit to hit.
import type { Ground } from './ground'
import { goTo } from './inpage'
import { pause, type Phone, slow } from './phone'
import { quantile, type Report } from './report'

const rounds = 3
/** Hits of a frequent word that are walked through: more than the first answer has. */
const steps = 120
const idleBeforeMs = 1500

/** Words of one character and many, frequent, rare and never said. */
const words = ['的', '餐桌', '水', '分水器有点近', '#50', '#5012', '"提前半小时" 留人', '没有人这样说过']
const frequent = '餐桌'
/** Totals are counted exactly up to so many. */
const counted = 10_000

/** How many hits a status tells of: "1/1,234", "1/10,000+"; none when nothing was found. */
function toldBy(status: string): number {
  return Number(/^1\/([\d,]+)/.exec(status)?.[1]?.replaceAll(',', '') ?? 0)
}

/** Looks for words in the conversation and walks through hits; what the page tells of is held against all that was said. */
export async function measureFinding({ url, landing, target, said }: Ground, phone: Phone, report: Report): Promise<void> {
  const [found, walked]: [number[], number[]] = [[], []]
  for (let round = 0; round < rounds; round++) {
    await phone.at(url + landing, slow, async ({ page }) => {
      await page.locator(`article[data-id="${target}"]`).waitFor()
      await page.getByRole('button', { name: '在会话中查找' }).click()
      await page.locator('.find input').waitFor()
      await pause(idleBeforeMs)
      for (const word of words) {
        const { ms, status } = await page.evaluate(goTo, { by: 'search' as const, text: word })
        const want = Math.min(counted, said(word))
        if (toldBy(status) !== want) throw new Error(`"${word}": the page tells of "${status}", ${want} were said`)
        found.push(ms)
      }
      await page.evaluate(goTo, { by: 'search' as const, text: frequent })
      for (let i = 0; i < steps; i++) walked.push((await page.evaluate(goTo, { by: 'step' as const, nth: i + 2 })).ms)
    })
  }
  const note = `p50 ${Math.round(quantile(found))}, most ${Math.round(Math.max(...found))}; ${rounds} x ${words.length} words, totals right`
  report.add({ name: 'in-chat search, Enter to hit steady, 4x CPU, p95', measured: quantile(found, 0.95), unit: 'ms', budget: 1000, clock: true, note })
  report.add({
    name: 'in-chat search, next hit until steady, 4x CPU, p95',
    measured: quantile(walked, 0.95),
    unit: 'ms',
    budget: 250,
    clock: true,
    note: `p50 ${Math.round(quantile(walked))}, most ${Math.round(Math.max(...walked))}; ${rounds} x ${steps} hits`,
  })
}
