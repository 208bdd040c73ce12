// Scrolling under a finger and by a fling, and jumps over the whole conversation.
import type { CDPSession } from 'playwright-core'
import type { Ground } from './ground'
import { countFrames, goTo, stopFrames } from './inpage'
import { pause, type Phone, slow, type Visit } from './phone'
import { quantile, type Report } from './report'

const rounds = 3
const idleBeforeMs = 1500
const middleX = 195

/** How smooth a motion was. */
interface Smoothness {
  fps: number
  p95Ms: number
  longestMs: number
}

function smoothness(times: readonly number[]): Smoothness {
  const gaps = times.slice(1).map((at, i) => at - (times[i] ?? at))
  const total = gaps.reduce((sum, gap) => sum + gap, 0)
  return { fps: (gaps.length * 1000) / total, p95Ms: quantile(gaps, 0.95), longestMs: Math.max(...gaps) }
}

/** Swipes with a finger, again and again, towards older messages. */
async function swipe(cdp: CDPSession, pxPerSecond: number, swipes: number): Promise<void> {
  const [from, to] = [180, 760]
  const stepMs = 16
  for (let i = 0; i < swipes; i++) {
    await cdp.send('Input.dispatchTouchEvent', { type: 'touchStart', touchPoints: [{ x: middleX, y: from }] })
    const began = performance.now()
    for (let y = from; y < to; ) {
      await pause(stepMs)
      y = Math.min(to, from + ((performance.now() - began) * pxPerSecond) / 1000)
      await cdp.send('Input.dispatchTouchEvent', { type: 'touchMove', touchPoints: [{ x: middleX, y }] })
    }
    await cdp.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] })
  }
}

/** Flings over many screens, towards older messages. */
async function fling(cdp: CDPSession, pxPerSecond: number): Promise<void> {
  for (let i = 0; i < 2; i++) {
    await cdp.send('Input.synthesizeScrollGesture', {
      x: middleX,
      y: 400,
      yDistance: 12_000,
      speed: pxPerSecond,
      gestureSourceType: 'mouse',
      preventFling: false,
    })
  }
}

/** Smoothness of a motion in the chat; of several rounds the one with the most frames. */
async function bestOf({ url, landing, target }: Ground, phone: Phone, move: (cdp: CDPSession) => Promise<void>): Promise<Smoothness> {
  const found: Smoothness[] = []
  for (let round = 0; round < rounds; round++) {
    found.push(
      await phone.at(url + landing, slow, async ({ page, cdp }) => {
        await page.locator(`article[data-id="${target}"]`).waitFor()
        await pause(idleBeforeMs)
        const place = () => page.evaluate(() => document.querySelector('.runway')?.scrollTop ?? 0)
        const before = await place()
        await page.evaluate(countFrames)
        await move(cdp)
        const times = await page.evaluate(stopFrames)
        if (Math.abs((await place()) - before) < 3000) throw new Error('the chat was hardly scrolled')
        return smoothness(times)
      }),
    )
  }
  return found.reduce((best, one) => (one.fps > best.fps ? one : best))
}

/** Frames while the chat is scrolled. */
export async function measureScrolling(ground: Ground, phone: Phone, report: Report): Promise<void> {
  const note = `best of ${rounds}`
  const finger = await bestOf(ground, phone, (cdp) => swipe(cdp, 2000, 16))
  report.add({ name: 'finger 2,000 px/s, 4x CPU, frames', measured: finger.fps, unit: 'fps', budget: 55, floor: true, clock: true, note })
  report.add({ name: 'finger 2,000 px/s, 4x CPU, p95 frame', measured: finger.p95Ms, unit: 'ms', budget: 34, clock: true })
  report.add({ name: 'finger 2,000 px/s, 4x CPU, longest frame', measured: finger.longestMs, unit: 'ms', budget: 70, clock: true })
  const flung = await bestOf(ground, phone, (cdp) => fling(cdp, 8000))
  report.add({ name: 'fling 8,000 px/s, 4x CPU, frames', measured: flung.fps, unit: 'fps', budget: 48, floor: true, clock: true, note })
  report.add({ name: 'fling 8,000 px/s, 4x CPU, p95 frame', measured: flung.p95Ms, unit: 'ms', budget: 50, clock: true })
}

/** Jumps to messages all over the conversation. */
export async function measureJumps({ url, landing, target, targets }: Ground, phone: Phone, messages: number, report: Report): Promise<void> {
  const jumpAround = async ({ page }: Visit): Promise<number[]> => {
    await page.locator(`article[data-id="${target}"]`).waitFor()
    await pause(idleBeforeMs)
    const times: number[] = []
    for (const id of targets) {
      times.push((await page.evaluate(goTo, { by: 'link' as const, id })).ms)
      await pause(250)
    }
    return times
  }
  const found: number[][] = []
  for (let round = 0; round < rounds; round++) found.push(await phone.at(url + landing, slow, jumpAround))
  const best = found.reduce((a, b) => (quantile(b, 0.95) < quantile(a, 0.95) ? b : a))
  report.add({
    name: `jump to any of ${messages} messages until steady, 4x CPU, p95`,
    measured: quantile(best, 0.95),
    unit: 'ms',
    budget: 250,
    clock: true,
    note: `p50 ${Math.round(quantile(best))}, best of ${rounds} x ${targets.length}`,
  })
}
