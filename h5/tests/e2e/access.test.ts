// Every screen, both widths, both themes: axe finds nothing, controls are large
// enough for a finger, nothing is cut off at 320 px.
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { expectQuiet, Stage } from './browser'
import { contrast, tooSmall, violations } from './checks'

const target = 'm100-002607'

/** A screen, what shows that it is there, and what is done first. */
const pages: { name: string; path: string; ready: string; act?: (page: Page) => Promise<void> }[] = [
  { name: 'employees', path: '/people', ready: '.row' },
  {
    name: 'departments',
    path: '/people',
    ready: '.row',
    act: async (page) => {
      await page.getByRole('button', { name: '选择部门' }).click()
      await page.getByRole('dialog').waitFor()
    },
  },
  { name: 'customers', path: '/people/emp0', ready: '.row' },
  { name: 'groups', path: '/people/emp0?tab=groups', ready: '.row' },
  { name: 'landing', path: `/c/100?m=${target}`, ready: 'article' },
  { name: 'kinds, newest', path: '/c/101?as=emp0', ready: 'article' },
  { name: 'kinds, oldest', path: '/c/101?as=emp0&m=m101-000004', ready: 'article' },
  { name: 'group', path: '/c/400?as=emp0', ready: 'article' },
  { name: 'find', path: '/c/100?as=emp0&q=原木色', ready: 'mark' },
  {
    name: 'days',
    path: '/c/100?as=emp0',
    ready: 'article',
    act: async (page) => {
      await page.getByRole('button', { name: '跳转到日期' }).first().click()
      await page.getByRole('button', { name: /^2025-12-20/ }).waitFor()
    },
  },
  {
    name: 'message',
    path: `/c/100?m=${target}`,
    ready: 'article',
    act: async (page) => {
      await page.locator(`article[data-id="${target}"] .said`).click()
      await page.getByRole('dialog').waitFor()
    },
  },
  { name: 'out of scope', path: '/c/999', ready: '[role=alert]' },
  { name: 'sign-in', path: '/login', ready: 'h1' },
  { name: 'no access', path: '/403', ready: 'h1' },
  { name: 'no such page', path: '/nowhere', ready: 'h1' },
]

let stage: Stage
beforeAll(async () => {
  stage = await Stage.set()
})
afterAll(() => stage.strike())

for (const screen of ['phone', 'desktop'] as const) {
  describe(screen, () => {
    for (const at of pages) {
      it(at.name, async () => {
        const opened = await stage.open(at.path, screen)
        const { page } = opened
        await page.locator(at.ready).first().waitFor()
        await at.act?.(page)
        await page.waitForTimeout(350) // the sheet has come to rest
        expect(await violations(page)).toEqual([])
        if (screen === 'phone') expect(await tooSmall(page)).toEqual([])
        await page.emulateMedia({ colorScheme: 'dark' })
        await page.locator('html[data-theme=dark]').waitFor()
        expect(await contrast(page), 'dark').toEqual([])
        if (screen === 'phone') expect(await cutOff(page)).toEqual([])
        if (at.path !== '/c/999') expectQuiet(opened)
        await page.context().close()
      })
    }
  })
}

/** What reaches beyond a screen of 320 px. */
async function cutOff(page: Page): Promise<string[]> {
  await page.setViewportSize({ width: 320, height: 640 })
  return page.evaluate(() => {
    const wide = [...document.querySelectorAll<HTMLElement>('main *')].filter((one) => {
      const box = one.getBoundingClientRect()
      return box.width > 0 && box.right > 321 && !one.closest('.chips, .watermark-host')
    })
    return wide.map((one) => `${one.tagName} ${one.className} ${one.textContent?.slice(0, 40)}`)
  })
}
