// The way from a tap on a push to the message on screen: bytes, and time.
import { gzipSync } from 'node:zlib'
import type { Response } from 'playwright-core'
import type { Ground } from './ground'
import { watchFor } from './inpage'
import { pause, type Phone, quick, slow, slow3g, type Slowness } from './phone'
import { quantile, type Report } from './report'

const kb = 1024
const runs = 5
const rounds = 3
/** How long a page may still load something after it is complete, ms. */
const settleMs = 2500

/** What a page has loaded. */
interface Weight {
  /** KB, each file compressed by gzip as far as it goes. */
  js: number
  css: number
  files: number
  /** KB of all files as they came over the wire. */
  wire: number
}

/** Weighs the scripts and styles that a path loads with an empty cache. */
async function weigh(phone: Phone, url: string, ready: string): Promise<Weight> {
  const answers = new Map<string, Response>()
  const note = (answer: Response) => {
    if (/\.(js|css)$/.test(new URL(answer.url()).pathname)) answers.set(answer.url(), answer)
  }
  return phone.at(
    url,
    quick,
    async ({ page }) => {
      await page.locator(ready).first().waitFor()
      await pause(settleMs)
      const weight: Weight = { js: 0, css: 0, files: answers.size, wire: 0 }
      for (const [address, answer] of answers) {
        const size = gzipSync(await answer.body(), { level: 9 }).length / kb
        if (address.endsWith('.js')) weight.js += size
        else weight.css += size
        weight.wire += (await answer.request().sizes()).responseBodySize / kb
      }
      return weight
    },
    async ({ page }) => page.on('response', note),
  )
}

/** Bytes of the alert landing, and of the other routes that a tab opens. */
export async function measureBytes({ url, chat, landing, target }: Ground, phone: Phone, report: Report): Promise<void> {
  const alert = await weigh(phone, url + landing, `article[data-id="${target}"]`)
  const wire = `${Math.round(alert.wire)} KB of both over the wire`
  report.add({ name: 'alert landing, JS gz', measured: alert.js, unit: 'KB', budget: 85, note: wire })
  report.add({ name: 'alert landing, CSS gz', measured: alert.css, unit: 'KB', budget: 14 })
  report.add({ name: 'alert landing, JS and CSS files', measured: alert.files, unit: '', budget: 10 })
  const routes = {
    '/alerts': 'main a[href^="/alerts/"]',
    '/people': '.virtual-list a',
    [`/people/${chat.employee.toLowerCase()}`]: '.virtual-list a',
    '/me': 'main',
    '/admin': 'main a',
  }
  for (const [path, ready] of Object.entries(routes)) {
    const { js, css } = await weigh(phone, url + path, ready)
    report.add({ name: `${path}, JS gz`, measured: js, unit: 'KB', budget: 110, note: `CSS ${Math.round(css)} KB` })
  }
}

/** Time from the navigation to the painted message, ms. */
async function land({ url, landing, target }: Ground, phone: Phone, slowness: Slowness): Promise<number> {
  return phone.at(
    url + landing,
    slowness,
    async ({ page }) => {
      const shown = await page.waitForFunction(() => window.shownAt)
      return (await shown.jsonValue()) ?? Infinity
    },
    ({ context }) => context.addInitScript(watchFor, target),
  )
}

/** Medians of the landing; of several rounds the best, since others work on the machine too. */
export async function measureLanding(ground: Ground, phone: Phone, report: Report): Promise<void> {
  const ways = [
    { name: 'navigation to message, 1.6 Mbit/s, 150 ms, 4x CPU, p50', slowness: slow3g, budget: 1800 },
    { name: 'navigation to message, 4x CPU, p50', slowness: slow, budget: 1200 },
    { name: 'navigation to message, 1x CPU, p50', slowness: quick, budget: 400 },
  ]
  for (const { name, slowness, budget } of ways) {
    const medians: number[] = []
    for (let round = 0; round < rounds; round++) {
      const times: number[] = []
      for (let run = 0; run < runs; run++) times.push(await land(ground, phone, slowness))
      medians.push(quantile(times))
    }
    const note = `best of ${rounds} x ${runs}: ${medians.map((ms) => Math.round(ms)).join(', ')}`
    report.add({ name, measured: Math.min(...medians), unit: 'ms', budget, clock: true, note })
  }
}
