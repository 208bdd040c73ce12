// A browser on the built front end, with the mock server behind it.
import type { Server } from 'node:http'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { expect } from 'vitest'
import { start } from '../mock/server.mjs'
import { complaintsOf, launch, shellPath } from './chromium'
import { screens } from './devices'

/** A page, and what it complained about. */
export interface Opened {
  page: Page
  complaints: string[]
}

/** The browser and the server of one test file. */
export class Stage {
  private constructor(
    private readonly browser: Browser,
    private readonly server: Server,
    readonly url: string,
  ) {}

  private readonly contexts: BrowserContext[] = []

  /** Starts both. */
  static async set(): Promise<Stage> {
    const { server, url } = await start()
    return new Stage(await launch(shellPath), server, url)
  }

  /**
   * Opens a path in a context of its own. With a fixed time, a picture is to be taken:
   * the clock stands, and the content policy lets the test hide what is not to be in it.
   */
  async open(
    path: string,
    screen: keyof typeof screens = 'phone',
    colorScheme: 'light' | 'dark' = 'light',
    fixed?: Date,
  ): Promise<Opened> {
    const context = await this.browser.newContext({
      ...screens[screen],
      colorScheme,
      locale: 'zh-CN',
      timezoneId: 'Asia/Shanghai',
      reducedMotion: 'reduce',
      bypassCSP: fixed !== undefined,
    })
    context.setDefaultTimeout(60_000)
    if (fixed) await context.clock.setFixedTime(fixed)
    this.contexts.push(context)
    const page = await context.newPage()
    const complaints = complaintsOf(page)
    await page.goto(this.url + path)
    return { page, complaints }
  }

  /** Ends everything. */
  async strike(): Promise<void> {
    await Promise.all(this.contexts.map((context) => context.close()))
    await this.browser.close()
    this.server.closeAllConnections()
    await new Promise((resolve) => this.server.close(resolve))
  }
}

/** The row of message id. */
export const row = (page: Page, id: string) => page.locator(`article[data-id="${id}"]`)

/** Distance of a row's top from the top of the runway, px. */
export async function offsetOf(page: Page, id: string): Promise<number> {
  return page.evaluate((wanted) => {
    const view = document.querySelector('.runway')
    const found = document.querySelector(`article[data-id="${wanted}"]`)
    if (!view || !found) throw new Error(`no row ${wanted}`)
    return found.getBoundingClientRect().top - view.getBoundingClientRect().top
  }, id)
}

/** Scrolls the runway by px and lets two frames pass. */
export async function scrollBy(page: Page, px: number): Promise<void> {
  await page.evaluate(async (by) => {
    document.querySelector('.runway')?.scrollBy(0, by)
    await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))
  }, px)
}

/** Expects that the page never complained, also about its content policy. */
export function expectQuiet(opened: Opened): void {
  expect(opened.complaints).toEqual([])
}
