// The loaded part of a chat, as two columns that grow away from where it was
// opened: pure paging logic, without a page or a server (H5.md section 5).
import { type Message, type Row, toRow, toRows } from './rows'

/** Rows per page: the unit that is mounted and collapsed. */
export const pageRows = 10
/** Pages kept; beyond that the outer end is dropped. */
export const maxPages = 400

/** Ten rows or fewer. A page is replaced when its rows change, its key stays. */
export interface Page {
  readonly key: number
  readonly rows: readonly Row[]
}

/** What the server answers. */
export interface Batch {
  items: readonly Message[]
  has_older: boolean
  has_newer: boolean
}

/** The loaded part of a chat. Immutable: each operation answers a new one. */
export interface ChatWindow {
  /** Counts how often the window was opened anew; answers for another one are stale. */
  readonly generation: number
  /** Pages above the split, top to bottom. */
  readonly up: readonly Page[]
  /** Pages below the split, top to bottom. */
  readonly down: readonly Page[]
  readonly hasOlder: boolean
  readonly hasNewer: boolean
}

let lastKey = 0

/** A window without messages. */
export function emptyWindow(generation = 0): ChatWindow {
  return { generation, up: [], down: [], hasOlder: false, hasNewer: false }
}

/**
 * A new window of batch, split above the message target; without it, or when it
 * is not there, everything lies above the split.
 */
export function openWindow(batch: Batch, target: string | undefined, generation: number): ChatWindow {
  const rows = toRows(unique(batch.items))
  const found = target ? rows.findIndex((row) => row.message.id === target) : -1
  const split = found < 0 ? rows.length : found
  return {
    generation,
    up: pagesUp(rows.slice(0, split)),
    down: pagesDown(rows.slice(split)),
    hasOlder: batch.has_older,
    hasNewer: batch.has_newer,
  }
}

/** The window with batch, which lies right before it, on top. */
export function prepend(window: ChatWindow, batch: Batch): ChatWindow {
  const known = idsOf(window)
  const fresh = unique(batch.items).filter((message) => !known.has(message.id))
  const rows = toRows(fresh)
  const last = rows[rows.length - 1]
  const joined = last ? withFirstRowAfter(window, last) : window
  const up = [...pagesUp(rows), ...joined.up]
  return trim({ ...joined, up, hasOlder: batch.has_older }, 'newer')
}

/** The window with batch, which lies right after it, below. */
export function append(window: ChatWindow, batch: Batch): ChatWindow {
  const known = idsOf(window)
  const fresh = unique(batch.items).filter((message) => !known.has(message.id))
  const rows = toRows(fresh, lastRow(window))
  const down = fillLast(window.down, rows)
  return trim({ ...window, down, hasNewer: batch.has_newer }, 'older')
}

/** The window with a message in place of the one of the same id; itself when there is none. */
export function replaceMessage(window: ChatWindow, message: Message): ChatWindow {
  const swap = (pages: readonly Page[]) => mapPages(pages, (row) =>
    row.message.id === message.id ? Object.freeze({ ...row, message }) : row,
  )
  const up = swap(window.up)
  const down = swap(window.down)
  return up === window.up && down === window.down ? window : { ...window, up, down }
}

/** Rows kept on either side when a window is split anew. */
export const keptAround = 200

/**
 * The window split above the message id, for the caller to open: for when the
 * reader is far from the split, or no measured height holds any more. Rows far
 * from id are dropped; they can be loaded again.
 */
export function resplit(window: ChatWindow, id: string): ChatWindow {
  const rows = allRows(window)
  const at = rows.findIndex((row) => row.message.id === id)
  if (at < 0) return window
  const from = Math.max(0, at - keptAround)
  const to = Math.min(rows.length, at + keptAround)
  return {
    generation: window.generation,
    up: pagesUp(rows.slice(from, at)),
    down: pagesDown(rows.slice(at, to)),
    hasOlder: window.hasOlder || from > 0,
    hasNewer: window.hasNewer || to < rows.length,
  }
}

/** Every row, oldest first. */
export function allRows(window: ChatWindow): Row[] {
  return [...window.up, ...window.down].flatMap((page) => page.rows)
}

/** The oldest row loaded. */
export function firstRow(window: ChatWindow): Row | undefined {
  return (window.up[0] ?? window.down[0])?.rows[0]
}

/** The newest row loaded. */
export function lastRow(window: ChatWindow): Row | undefined {
  const page = window.down[window.down.length - 1] ?? window.up[window.up.length - 1]
  return page?.rows[page.rows.length - 1]
}

/** The page that holds the message id. */
export function pageOf(window: ChatWindow, id: string): Page | undefined {
  const holds = (page: Page) => page.rows.some((row) => row.message.id === id)
  return window.down.find(holds) ?? window.up.find(holds)
}

function page(rows: readonly Row[]): Page {
  return Object.freeze({ key: ++lastKey, rows })
}

/** Pages counted from the bottom, so that the ragged one is at the outer end. */
function pagesUp(rows: readonly Row[]): Page[] {
  const pages: Page[] = []
  for (let end = rows.length; end > 0; end -= pageRows) {
    pages.unshift(page(rows.slice(Math.max(0, end - pageRows), end)))
  }
  return pages
}

function pagesDown(rows: readonly Row[]): Page[] {
  const pages: Page[] = []
  for (let at = 0; at < rows.length; at += pageRows) pages.push(page(rows.slice(at, at + pageRows)))
  return pages
}

/** pages with rows behind them: first into the last page, then into new ones. */
function fillLast(pages: readonly Page[], rows: readonly Row[]): Page[] {
  const last = pages[pages.length - 1]
  if (!last || last.rows.length >= pageRows) return [...pages, ...pagesDown(rows)]
  const room = pageRows - last.rows.length
  const filled = Object.freeze({ key: last.key, rows: [...last.rows, ...rows.slice(0, room)] })
  return [...pages.slice(0, -1), filled, ...pagesDown(rows.slice(room))]
}

/**
 * The window's first row, judged anew behind before. It keeps the time above it
 * only where before asks for one. That changes its height at the top only, where
 * the rows on top of it are new: nothing that is on screen moves.
 */
function withFirstRowAfter(window: ChatWindow, before: Row): ChatWindow {
  const column = window.up.length ? 'up' : 'down'
  const [first, ...rest] = window[column]
  const row = first?.rows[0]
  if (!first || !row) return window
  if (column === 'down') return window // its top is the split: it must not move
  const judged = toRow(row.message, before)
  const rows = [judged, ...first.rows.slice(1)]
  return { ...window, up: [Object.freeze({ key: first.key, rows }), ...rest] }
}

/** Whether the window holds more than it should: only splitting it anew helps then. */
export function tooLong(window: ChatWindow): boolean {
  return window.up.length + window.down.length > maxPages
}

/**
 * Drops whole pages at the end given beyond maxPages. What lies next to the
 * split on the reader's side of it stays: dropping it would move everything.
 */
function trim(window: ChatWindow, end: 'older' | 'newer'): ChatWindow {
  const extra = window.up.length + window.down.length - maxPages
  if (extra <= 0) return window
  if (end === 'older') {
    const dropped = Math.min(extra, window.up.length)
    return { ...window, up: window.up.slice(dropped), hasOlder: dropped > 0 || window.hasOlder }
  }
  const kept = window.down.length - Math.min(extra, window.down.length)
  return { ...window, down: window.down.slice(0, kept), hasNewer: kept < window.down.length || window.hasNewer }
}

function mapPages(pages: readonly Page[], change: (row: Row) => Row): readonly Page[] {
  let changed = false
  const mapped = pages.map((one) => {
    const rows = one.rows.map(change)
    if (rows.every((row, i) => row === one.rows[i])) return one
    changed = true
    return Object.freeze({ key: one.key, rows })
  })
  return changed ? mapped : pages
}

function idsOf(window: ChatWindow): Set<string> {
  return new Set(allRows(window).map((row) => row.message.id))
}

function unique(messages: readonly Message[]): Message[] {
  const seen = new Set<string>()
  return messages.filter((message) => !seen.has(message.id) && seen.add(message.id))
}
