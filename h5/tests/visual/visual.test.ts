// How each type of message looks, against approved pictures: phone and desktop,
// light and dark. The messages are fixed, so are the clock, the zone and the fonts
// (Noto Sans CJK and Noto Color Emoji, which make setup installs).
import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Stage } from '../e2e/browser'
import { screens } from '../e2e/devices'
import { baseline, drift, updating } from './pictures'
import { samples } from './samples.mjs'

const cid = '500'
const types = [...new Set(samples(cid).map((message) => message.msgtype))]
/** No type's messages are higher together, px: what is outside of the viewport is not in a picture. */
const tallest = 6000
const now = new Date('2026-01-08T08:00:00Z')
/** What depends on the viewer and the day, on where the page is scrolled to, and on the types above: a type is alone in its picture. */
const quiet = `.watermark-host { visibility: hidden !important } .sample { padding-bottom: 0 !important }
  body[data-only] .sample:not([data-only]) { display: none !important }`

let stage: Stage
beforeAll(async () => {
  stage = await Stage.set()
})
afterAll(() => stage.strike())

/** Leaves nothing but one type in the page: where it stands is the same whatever the others are. */
async function leaveOnly(page: Page, type: string): Promise<void> {
  await page.evaluate((wanted) => {
    document.body.dataset.only = ''
    for (const sample of document.querySelectorAll<HTMLElement>('.sample')) sample.toggleAttribute('data-only', sample.dataset.type === wanted)
  }, type)
}

/** Has every picture in the page, however far down. */
async function loadPictures(page: Page): Promise<void> {
  await page.evaluate(async () => {
    const all = [...document.querySelectorAll<HTMLImageElement>('.sample img')]
    for (const one of all) one.loading = 'eager'
    await Promise.all(all.map((one) => one.decode().catch(() => undefined)))
    await document.fonts.ready
  })
}

for (const screen of ['phone', 'desktop'] as const) {
  for (const theme of ['light', 'dark'] as const) {
    describe(`${screen}, ${theme}`, () => {
      let page: Page
      beforeAll(async () => {
        page = (await stage.open(`/admin/gallery?c=${cid}`, screen, theme, now)).page
        await page.locator('.sample').nth(types.length - 1).waitFor()
        await page.setViewportSize({ ...screens[screen].viewport, height: tallest })
        await page.addStyleTag({ content: quiet })
        await loadPictures(page)
      })

      for (const type of types) {
        it(type, async () => {
          await leaveOnly(page, type)
          const column = page.locator(`.sample[data-type="${type}"] [data-width=${screen}]`)
          expect((await column.boundingBox())?.height).toBeLessThan(tallest - 200)
          expect(drift(`${type}-${screen}-${theme}`, await column.screenshot({ animations: 'disabled' }))).toBeUndefined()
        })
      }
    })
  }
}

it('keeps no picture of a type that is gone, and they stay small', () => {
  const wanted = types.flatMap((type) => ['phone', 'desktop'].flatMap((screen) => ['light', 'dark'].map((theme) => `${type}-${screen}-${theme}.png`)))
  const kept = (existsSync(baseline) ? readdirSync(baseline) : []).filter((name) => !name.startsWith('search-'))
  if (!updating) expect(kept.sort()).toEqual(wanted.sort())
  const bytes = kept.reduce((sum, name) => sum + statSync(join(baseline, name)).size, 0)
  expect(bytes).toBeLessThan(4 * 1024 * 1024)
})
