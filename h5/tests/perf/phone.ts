// A phone as the budgets mean it: 390x844, inside WeCom, with a slow processor
// and a network of a given speed, driven through playwright and CDP.
import type { Browser, BrowserContext, CDPSession, Page } from 'playwright-core'
import { launch } from '../e2e/chromium'
import { phone, wxwork } from '../e2e/devices'
import { bridgeStub } from '../e2e/program/bridge'

/** How slow the phone and its way to the server are. */
export interface Slowness {
  /** The processor is that many times slower. */
  cpu: number
  /** Time that each answer takes besides its own, ms. */
  latencyMs: number
  /** Bits a second downwards; none: as fast as it goes. */
  bitsPerSecond?: number
}

/** A server that is warm: 20 ms away. */
const warmMs = 20
export const slow: Slowness = { cpu: 4, latencyMs: warmMs }
export const quick: Slowness = { cpu: 1, latencyMs: warmMs }
export const slow3g: Slowness = { cpu: 4, latencyMs: 150, bitsPerSecond: 1_600_000 }

/** An open page. */
export interface Visit {
  page: Page
  context: BrowserContext
  cdp: CDPSession
}

/** Cookies of somebody who is signed in. */
export type Signed = Awaited<ReturnType<BrowserContext['storageState']>>

/** The browser of a run. */
export class Phone {
  private constructor(private readonly browser: Browser) {}

  /** Whose cookies each visit has. */
  signed?: Signed

  static async start(): Promise<Phone> {
    return new Phone(await launch())
  }

  /** A new page with an empty cache; close its context afterwards. */
  async visit(slowness: Slowness): Promise<Visit> {
    const context = await this.browser.newContext({
      ...phone,
      userAgent: wxwork,
      locale: 'zh-CN',
      timezoneId: 'Asia/Shanghai',
      storageState: this.signed,
    })
    context.setDefaultTimeout(60_000)
    await context.addInitScript(bridgeStub)
    const page = await context.newPage()
    const cdp = await context.newCDPSession(page)
    await slowDown(cdp, slowness)
    return { page, context, cdp }
  }

  /** Opens a page, does something there, and closes it. */
  async at<T>(url: string, slowness: Slowness, act: (visit: Visit) => Promise<T>, prepare?: (visit: Visit) => Promise<unknown>): Promise<T> {
    const visit = await this.visit(slowness)
    try {
      await prepare?.(visit)
      await visit.page.goto(url, { waitUntil: 'commit' })
      return await act(visit)
    } finally {
      await visit.context.close()
    }
  }

  close(): Promise<void> {
    return this.browser.close()
  }
}

/** Makes the page as slow as wanted. */
async function slowDown(cdp: CDPSession, { cpu, latencyMs, bitsPerSecond }: Slowness): Promise<void> {
  await cdp.send('Network.enable')
  const throughput = bitsPerSecond ? bitsPerSecond / 8 : -1
  await cdp.send('Network.emulateNetworkConditions', {
    offline: false,
    latency: latencyMs,
    downloadThroughput: throughput,
    uploadThroughput: throughput,
  })
  await cdp.send('Emulation.setCPUThrottlingRate', { rate: cpu })
}

/** Waits until ms have passed: for what has to go on for a while, as a finger does. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
