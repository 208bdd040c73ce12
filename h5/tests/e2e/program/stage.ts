// People with a browser each, on the real programs.
import { mkdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { expect } from 'vitest'
import { tooSmall, violations } from '../checks'
import { complaintsOf, launch, shellPath } from '../chromium'
import { screens, wxwork } from '../devices'
import { bridgeStub } from './bridge'
import { canary } from './hostile/harm'
import { type Addresses, secrets } from './world'

/** One of the two screens that everything is tried on. */
export type Screen = keyof typeof screens

/** Both screens. */
export const bothScreens: Screen[] = ['phone', 'desktop']

const shots = process.env.HUICUN_SHOTS === '1'
const shotsFolder = fileURLToPath(new URL('../../../../docs/screenshots/', import.meta.url))

/** Somebody's browser. */
export interface Actor {
  page: Page
  context: BrowserContext
  screen: Screen
  complaints: string[]
  /** Requests to strangers, dialogs and frames that left: what nobody asked for. */
  strayed: string[]
}

/** How a device wants pages to look. */
export type Look = 'light' | 'dark'

/** The browser of one test file, in front of one huicun. */
export class Stage {
  private constructor(
    private readonly browser: Browser,
    private readonly at: Addresses,
  ) {}

  private readonly actors: Actor[] = []
  private readonly gone = new Set<BrowserContext>()
  /** What people are signed in already, by screen and userid. */
  private readonly signedIn = new Map<string, Awaited<ReturnType<BrowserContext['storageState']>>>()
  /** What was typed, said or handed out and belongs in no log. */
  private readonly planted = new Set<string>(Object.values(secrets))

  static async set(at: Addresses, browser = shellPath): Promise<Stage> {
    return new Stage(await launch(browser), at)
  }

  /** Opens an empty page: on a phone inside WeCom, on a desktop in a browser. */
  async open(screen: Screen, storageState?: Awaited<ReturnType<BrowserContext['storageState']>>, look: Look = 'light'): Promise<Actor> {
    const userAgent = look === 'dark' ? wxwork.replace('ColorScheme/Light', 'ColorScheme/Dark') : wxwork
    const context = await this.browser.newContext({
      ...screens[screen],
      ...(screen === 'phone' && { userAgent, deviceScaleFactor: shots ? 2 : 1 }),
      storageState,
      colorScheme: look,
      locale: 'zh-CN',
      timezoneId: 'Asia/Shanghai',
      reducedMotion: 'reduce',
    })
    context.setDefaultTimeout(60_000)
    await context.addInitScript(canary)
    if (screen === 'phone') await context.addInitScript(bridgeStub)
    const page = await context.newPage()
    const actor = { page, context, screen, complaints: complaintsOf(page), strayed: strayedOf(page, [this.at.huicun, this.at.sim]) }
    this.actors.push(actor)
    return actor
  }

  /** Opens path of huicun as userid, who signs in on WeCom's page the first time. */
  async as(userid: string, screen: Screen, path: string, look: Look = 'light'): Promise<Actor> {
    const key = `${screen} ${userid}`
    const actor = await this.open(screen, this.signedIn.get(key), look)
    await actor.page.goto(this.at.huicun + path)
    if (!this.signedIn.has(key)) {
      await chooseMember(actor.page, userid)
      await actor.page.waitForURL(this.at.huicun + path)
      this.signedIn.set(key, await actor.context.storageState())
    }
    return actor
  }

  /** Remembers a text that belongs in no log, and gives it back. */
  plant(text: string): string {
    this.planted.add(text)
    return text
  }

  /** Closes somebody's browser, remembering its cookies as what belongs in no log. */
  async leave({ context }: Actor): Promise<void> {
    if (this.gone.has(context)) return
    this.gone.add(context)
    for (const cookie of await context.cookies(this.at.huicun)) {
      if (cookie.name !== 'wecomsim_member' && cookie.value) this.planted.add(cookie.value)
    }
    await context.close()
  }

  /** Ends everything, and expects that nothing planted came into the log. */
  async strike(): Promise<void> {
    for (const actor of this.actors) await this.leave(actor)
    await this.browser.close()
    const log = readFileSync(this.at.log, 'utf8')
    expect(log).not.toBe('')
    expect([...this.planted].filter((text) => log.includes(text))).toEqual([])
    expect(log.match(/.*(content security policy violated|failure in a browser|"level":"ERROR").*/g) ?? []).toEqual([])
  }
}

/** Chooses who signs in on wecomsim's page. */
export async function chooseMember(page: Page, userid: string): Promise<void> {
  await page.getByRole('button', { name: userid }).click()
}

/** Expects a screen that everybody can use, and that its page never complained. */
export async function expectFine(actor: Actor, ...known: RegExp[]): Promise<void> {
  expect(await violations(actor.page)).toEqual([])
  if (actor.screen === 'phone') expect(await tooSmall(actor.page)).toEqual([])
  expectQuiet(actor, ...known)
}

/** Collects where a page goes and whom it asks besides the addresses at. */
function strayedOf(page: Page, at: string[]): string[] {
  const strayed: string[] = []
  const known = (url: string) => at.some((one) => url.startsWith(`${one}/`)) || /^(about:blank|data:|blob:)/.test(url)
  page.on('request', (request) => known(request.url()) || strayed.push(`request ${request.url()}`))
  page.on('framenavigated', (frame) => known(frame.url()) || strayed.push(`navigation ${frame.url()}`))
  page.on('popup', (popup) => strayed.push(`popup ${popup.url()}`))
  page.on('download', (download) => strayed.push(`download ${download.url()}`))
  page.on('dialog', (dialog) => {
    strayed.push(`dialog ${dialog.message()}`)
    void dialog.dismiss()
  })
  return strayed
}

/** Expects that the page complained about nothing but what is known, and asked no stranger. */
export function expectQuiet(actor: Actor, ...known: RegExp[]): void {
  expect(actor.strayed).toEqual([])
  expect(actor.complaints.filter((line) => !known.some((one) => one.test(line)))).toEqual([])
}

/** Takes a picture for the README when HUICUN_SHOTS is 1. */
export async function shoot(actor: Actor, name: string): Promise<void> {
  if (!shots) return
  mkdirSync(shotsFolder, { recursive: true })
  await actor.page.locator('.toast').waitFor({ state: 'hidden' })
  await actor.page.evaluate(() => document.fonts.ready)
  await actor.page.screenshot({ path: `${shotsFolder}${name}.png`, animations: 'disabled', caret: 'hide' })
}
