// How searching looks, against approved pictures: phone and desktop, light and dark.
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Stage } from '../e2e/browser'
import { drift } from './pictures'

const now = new Date('2026-01-08T04:00:00Z')
/** What depends on the viewer, and the caret. */
const quiet = '.watermark-host { visibility: hidden !important } * { caret-color: transparent !important }'

/** A screen: its address, what shows that it is there, and what is done before. */
const pages: { name: string; path: string; ready: string; phoneOnly?: boolean; act?: (page: Page) => Promise<void> }[] = [
  { name: 'results', path: '/search?q=原木色&person=emp0&from=2025-12-01&to=2026-01-08', ready: '.hit-row mark' },
  { name: 'conversations', path: '/search?q=原木色&view=conversations', ready: '.conversation-row', phoneOnly: true },
  { name: 'nothing', path: '/search?q="没有 人说过" -的&type=text&exact=1', ready: '.nothing .button', phoneOnly: true },
  {
    name: 'hit',
    path: '/search?q=原木色&conversation=100',
    ready: '.hit-row',
    act: async (page) => {
      await page.locator('.hit-row').nth(2).click()
      await page.locator('.hit-bar .position').getByText('3/501').waitFor()
      await page.locator('article mark').first().waitFor()
      await page.getByText('实时更新中').waitFor()
      await expect.poll(() => page.locator('article.flash').count()).toBe(0)
    },
  },
  {
    name: 'in-chat',
    path: '/c/100/find?as=emp0&q=原木色',
    ready: '.find-row mark',
    act: async (page) => {
      await page.getByText('共 501 条').waitFor()
      await page.locator('.find .status').getByText('1/501').waitFor({ state: 'attached' })
      await page.locator('.find-row.chosen').waitFor()
      await page.locator('article mark').first().waitFor({ state: 'attached' })
      await expect.poll(() => page.locator('article.flash').count()).toBe(0)
    },
  },
]

let stage: Stage
beforeAll(async () => {
  stage = await Stage.set()
})
afterAll(() => stage.strike())

for (const screen of ['phone', 'desktop'] as const) {
  for (const theme of ['light', 'dark'] as const) {
    describe(`${screen}, ${theme}`, () => {
      for (const at of pages.filter((one) => screen === 'phone' || !one.phoneOnly)) {
        it(at.name, async () => {
          const { page } = await stage.open(at.path, screen, theme, now)
          await page.locator(at.ready).first().waitFor()
          await at.act?.(page)
          await page.addStyleTag({ content: quiet })
          await page.evaluate(() => document.fonts.ready)
          const taken = await page.screenshot({ animations: 'disabled' })
          await page.context().close()
          expect(drift(`search-${at.name}-${screen}-${theme}`, taken)).toBeUndefined()
        })
      }
    })
  }
}
