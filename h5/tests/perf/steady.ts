// What does not depend on the clock: that nothing moves under the reader, and
// that a long reading costs no more than a short one.
import type { Page } from 'playwright-core'
import { type Change, elements, pageThrough, type Shift, shiftOf } from './inpage'
import type { Report } from './report'

/** What is changed above the reader, by name. */
export const changes: { name: string; change: Change }[] = [
  { name: '40 rows prepended', change: { kind: 'prepend', by: 40, column: 'up' } },
  { name: '400 rows prepended', change: { kind: 'prepend', by: 400, column: 'up' } },
  { name: 'a row above grows 180 px, above the split', change: { kind: 'grow', by: 180, column: 'up' } },
  { name: 'a row above grows 180 px, below the split', change: { kind: 'grow', by: 180, column: 'down' } },
]

/** Most that a row in view may move in any painted frame, px. */
export const shiftBudgetPx = 1
/** Messages that are paged through before memory is looked at. */
export const pagedMessages = 1700
export const heapBudgetMb = 25
export const elementsBudget = 1500

/** Whether a measured shift was of what it was meant to be. */
export function checkShift({ kind, by }: Change, { frames, gained, rows }: Shift): void {
  if (frames < 30 || rows < 3) throw new Error(`only ${rows} rows were watched in ${frames} frames`)
  if (kind === 'prepend' && gained < by) throw new Error(`${gained} of ${by} rows came in`)
}

/** Shift of the rows in view by a change; the page shows a chat with many older messages. */
export async function shift(page: Page, change: Change): Promise<number> {
  const found = await page.evaluate(shiftOf, change)
  checkShift(change, found)
  return found.worst
}

/** Memory of the page after many messages. */
export interface Held {
  messages: number
  /** JS heap in use after a collection, MB. */
  heapMb: number
  elements: number
}

/** Pages through the chat on page, and looks at what it holds then. */
export async function heldAfterPaging(page: Page): Promise<Held> {
  const messages = await page.evaluate(pageThrough, pagedMessages)
  const cdp = await page.context().newCDPSession(page)
  await cdp.send('HeapProfiler.enable')
  await cdp.send('HeapProfiler.collectGarbage')
  const { usedSize } = await cdp.send('Runtime.getHeapUsage')
  return { messages, heapMb: usedSize / 1024 / 1024, elements: await page.evaluate(elements) }
}

/** Adds what paging through many messages costs. */
export function reportHeld(report: Report, { messages, heapMb, elements: count }: Held): void {
  report.add({ name: `JS heap after ${messages} messages`, measured: heapMb, unit: 'MB', budget: heapBudgetMb })
  report.add({ name: `elements after ${messages} messages`, measured: count, unit: '', budget: elementsBudget })
}
