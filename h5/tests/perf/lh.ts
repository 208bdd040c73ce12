// npm run lh: Lighthouse as on a phone, on the chat that an alert opens and on the
// list of alerts. Docs: docs/performance-h5.md.
import { parseArgs } from 'node:util'
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import lighthouse, { type Flags, type RunnerResult } from 'lighthouse'
import { chromium } from 'playwright-core'
import { chromiumPath, flags } from '../e2e/chromium'
import { wrongMessages } from './arguments'
import { type Ground, onGround } from './ground'
import { pause, type Signed } from './phone'
import { Report } from './report'

const usage = `usage: npm run lh -- [--messages N] [--strict]
--strict: the performance score fails the run too; the machine has to be idle`

const rounds = 3
const browserWithinMs = 30_000
const reports = fileURLToPath(new URL('../../test-results/lighthouse/', import.meta.url))
const categories = ['performance', 'accessibility', 'best-practices'] as const

/** What Lighthouse says of a page: points from 0 to 100, and how much the layout moved. */
interface Score {
  performance: number
  accessibility: number
  bestPractices: number
  cls: number
  /** Audits that cost points. */
  faults: string[]
}

/** A browser that Lighthouse can drive, with somebody signed in. */
async function withBrowser<T>(signed: Signed, work: (port: number) => Promise<T>): Promise<T> {
  const profile = mkdtempSync(join(tmpdir(), 'huicun-lh-'))
  const child = spawn(chromiumPath, [...flags, '--remote-debugging-port=0', `--user-data-dir=${profile}`, '--lang=zh-CN', 'about:blank'], { stdio: 'ignore' })
  const kill = () => child.kill('SIGKILL')
  process.once('exit', kill)
  try {
    const port = await portOf(child, profile)
    const browser = await chromium.connectOverCDP(`http://127.0.0.1:${port}`)
    await browser.contexts()[0]?.addCookies(signed.cookies)
    await browser.close() // only the connection
    return await work(port)
  } finally {
    const over = new Promise((resolve) => child.once('exit', resolve))
    if (child.exitCode === null && child.signalCode === null && kill()) await over
    process.off('exit', kill)
    removeSoon(profile)
  }
}

/** Removes a profile; what a process of the browser that ends late still writes there stays, and hides no failure. */
function removeSoon(profile: string): void {
  try {
    rmSync(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 })
  } catch (failure) {
    console.warn(`${profile} is left: ${(failure as Error).message}`)
  }
}

/** The port that the browser has chosen. */
async function portOf(child: ChildProcess, profile: string): Promise<number> {
  const deadline = Date.now() + browserWithinMs
  while (Date.now() < deadline && child.exitCode === null) {
    try {
      const [port] = readFileSync(join(profile, 'DevToolsActivePort'), 'utf8').split('\n')
      if (port) return Number(port)
    } catch {
      // not written yet
    }
    await pause(100)
  }
  throw new Error(`${chromiumPath} did not start`)
}

async function rate(url: string, port: number, file: string): Promise<Score> {
  const options: Flags = { port, output: 'html', logLevel: 'error', onlyCategories: [...categories], formFactor: 'mobile', locale: 'en' }
  const found = await lighthouse(url, options)
  if (!found) throw new Error(`Lighthouse says nothing about ${url}`)
  if (found.lhr.runtimeError) throw new Error(`${url}: ${found.lhr.runtimeError.message}`)
  const asked = new URL(url)
  const shown = new URL(found.lhr.finalDisplayedUrl)
  if (asked.pathname !== shown.pathname) throw new Error(`${asked.pathname} led to ${shown.pathname}`)
  writeFileSync(file, String(found.report))
  return scoreOf(found)
}

function scoreOf({ lhr }: RunnerResult): Score {
  const points = (category: (typeof categories)[number]) => Math.round((lhr.categories[category]?.score ?? 0) * 100)
  const audits = categories.slice(1).flatMap((category) => lhr.categories[category]?.auditRefs.filter(({ weight }) => weight > 0) ?? [])
  return {
    performance: points('performance'),
    accessibility: points('accessibility'),
    bestPractices: points('best-practices'),
    cls: lhr.audits['cumulative-layout-shift']?.numericValue ?? Infinity,
    faults: audits.map(({ id }) => id).filter((id) => (lhr.audits[id]?.score ?? 1) < 1),
  }
}

async function ratePages({ url, landing }: Ground, signed: Signed, report: Report): Promise<void> {
  mkdirSync(reports, { recursive: true })
  const pages = { '/c/…': url + landing, '/alerts': `${url}/alerts` }
  for (const [i, [name, address]] of Object.entries(pages).entries()) {
    const scores: Score[] = []
    for (let round = 0; round < rounds; round++) {
      const file = join(reports, `page-${i + 1}-${round + 1}.html`)
      scores.push(await withBrowser(signed, (port) => rate(address, port, file)))
    }
    const all = scores.map((one) => one.performance).join(', ')
    const note = [...new Set(scores.flatMap((one) => one.faults))].join(', ')
    const least = (of: (one: Score) => number) => Math.min(...scores.map(of))
    report.add({
      name: `${name}, performance`,
      measured: Math.max(...scores.map((one) => one.performance)),
      unit: 'points',
      budget: 92,
      floor: true,
      clock: true,
      note: `best of ${rounds}: ${all}`,
    })
    report.add({ name: `${name}, accessibility`, measured: least((one) => one.accessibility), unit: 'points', budget: 100, floor: true, note })
    report.add({ name: `${name}, best practices`, measured: least((one) => one.bestPractices), unit: 'points', budget: 100, floor: true, note })
    report.add({ name: `${name}, layout shift`, measured: Math.max(...scores.map((one) => one.cls)), unit: '', budget: 0 })
  }
}

/** Rates both pages; gives the exit status. */
export async function main(args: string[]): Promise<number> {
  let given
  try {
    given = parseArgs({
      args,
      options: {
        messages: { type: 'string', default: '5000' },
        strict: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }).values
  } catch (failure) {
    console.error(`${(failure as Error).message}\n${usage}`)
    return 2
  }
  if (given.help) {
    console.log(usage)
    return 0
  }
  const messages = Number(given.messages)
  const wrong = wrongMessages(given.messages, 200)
  if (wrong) {
    console.error(wrong)
    return 2
  }
  const report = new Report(given.strict)
  await onGround(messages, async (ground, phone) => {
    const { signed } = phone
    if (!signed) throw new Error('nobody is signed in')
    await phone.close()
    await ratePages(ground, signed, report)
  })
  console.log(`reports: ${reports}`)
  return report.close()
}
