// Which pages of the runway are mounted, and where they lie: pure arithmetic.

/** A page further from the viewport than this collapses, px. */
export const collapseBeyond = 3200
/** A page nearer to the viewport than this is mounted again, px. */
export const mountWithin = 2100
/** More is asked for at this distance from an end, px. */
export const askWithin = 1400
/** Height of the runway while its ends are unknown, px. */
export const runwayHeight = 1_000_000
/** The runway is re-centred, while idle, further than this from the split, px. */
export const recentreBeyond = 400_000

/** A page with its height, in the order from top to bottom. */
export interface Box {
  key: number
  height: number
}

/** A page's place: distance of its top and bottom from the split, px. */
export interface Place {
  key: number
  top: number
  bottom: number
}

/** Places of both columns; the split is 0, above it negative. */
export function places(up: readonly Box[], down: readonly Box[]): Place[] {
  const found: Place[] = []
  let top = -up.reduce((sum, box) => sum + box.height, 0)
  for (const box of [...up, ...down]) {
    found.push({ key: box.key, top, bottom: top + box.height })
    top += box.height
  }
  return found
}

/** How far a place is from the viewport [top, bottom]; 0 when they touch. */
export function distance(place: Place, top: number, bottom: number): number {
  return Math.max(0, top - place.bottom, place.top - bottom)
}

/** Keys to be mounted: near ones, and those mounted that are not yet far. */
export function toMount(
  all: readonly Place[],
  mounted: ReadonlySet<number>,
  top: number,
  bottom: number,
): Set<number> {
  const keys = new Set<number>()
  for (const place of all) {
    const away = distance(place, top, bottom)
    if (away <= mountWithin || (away <= collapseBeyond && mounted.has(place.key))) keys.add(place.key)
  }
  return keys
}

/** A mounted page, or a run of collapsed ones as one box of their height. */
export type Slot<P> = { kind: 'page'; page: P } | { kind: 'gap'; key: string; height: number }

/** pages as slots; one whose height is not known has to be mounted to be measured. */
export function slots<P extends { key: number }>(
  pages: readonly P[],
  mounted: ReadonlySet<number>,
  heightOf: (page: P) => number | undefined,
): Slot<P>[] {
  const found: Slot<P>[] = []
  for (const page of pages) {
    const height = heightOf(page)
    const last = found[found.length - 1]
    if (mounted.has(page.key) || height === undefined) found.push({ kind: 'page', page })
    else if (last?.kind === 'gap') last.height += height
    else found.push({ kind: 'gap', key: `gap-${page.key}`, height })
  }
  return found
}

/** Rows that come in together. */
export const slice = 4

/** How many rows of each page came in, by its key; all of a page that is done: Infinity. */
export type Entered = ReadonlyMap<number, number>

interface Sliced {
  readonly key: number
  readonly rows: readonly unknown[]
}

/**
 * What came in of a column's pages, and the pages that still wait or do so in part;
 * those lie at the outer end, and come in from the split's side.
 */
export function parted<P extends Sliced>(pages: readonly P[], entered: Entered, column: 'up' | 'down'): { inside: P[]; waiting: P[] } {
  const inside: P[] = []
  const waiting: P[] = []
  for (const page of pages) {
    const count = entered.get(page.key) ?? 0
    if (count === Infinity) inside.push(page)
    else {
      waiting.push(page)
      if (count) inside.push({ ...page, rows: column === 'up' ? page.rows.slice(-count) : page.rows.slice(0, count) })
    }
  }
  return { inside, waiting }
}

/** entered with one more slice of page, or with all of it. */
export function lettingIn(entered: Entered, page: Sliced, count = slice): Entered {
  const now = (entered.get(page.key) ?? 0) + count
  return new Map(entered).set(page.key, now < page.rows.length ? now : Infinity)
}

/**
 * The pages that a new window begins with, those at the split: all that an answer has
 * above it, as browsers count it as a shift of the layout when that column grows.
 */
export function firstIn(columns: { up: readonly Sliced[]; down: readonly Sliced[] }): Entered {
  const { up, down } = columns
  return new Map([...up.slice(-3), ...down.slice(0, 2)].map((page) => [page.key, Infinity]))
}

/** Where the ends of the chat lie in the runway. */
export interface Extent {
  /** Distance of the split from the runway's top, px. */
  split: number
  /** Height of the runway, px. */
  height: number
}

/** The runway's extent for columns of these heights. */
export function extent(upHeight: number, downHeight: number, hasOlder: boolean, hasNewer: boolean): Extent {
  const split = hasOlder ? Math.max(runwayHeight / 2, upHeight) : upHeight
  return { split, height: hasNewer ? split + Math.max(runwayHeight / 2, downHeight) : split + downHeight }
}

/** scrollTop kept off the empty runway beyond what is loaded. */
export function clampScroll(
  scrollTop: number,
  viewport: number,
  split: number,
  upHeight: number,
  downHeight: number,
): number {
  const min = split - upHeight
  const max = Math.max(min, split + downHeight - viewport)
  return Math.min(max, Math.max(min, scrollTop))
}
