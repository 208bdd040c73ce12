import { describe, expect, it } from 'vitest'
import { clampScroll, collapseBeyond, distance, extent, firstIn, lettingIn, mountWithin, parted, places, runwayHeight, slots, toMount } from '@/chat/geometry'

const boxes = (from: number, heights: number[]) => heights.map((height, i) => ({ key: from + i, height }))

describe('places', () => {
  it('counts from the split, upwards negative', () => {
    expect(places(boxes(1, [100, 50]), boxes(3, [30]))).toEqual([
      { key: 1, top: -150, bottom: -50 },
      { key: 2, top: -50, bottom: 0 },
      { key: 3, top: 0, bottom: 30 },
    ])
  })
})

describe('distance', () => {
  for (const [name, place, want] of [
    ['touching', { key: 1, top: 0, bottom: 100 }, 0],
    ['above', { key: 1, top: -300, bottom: -200 }, 200],
    ['below', { key: 1, top: 1500, bottom: 1600 }, 500],
  ] as const) {
    it(name, () => expect(distance(place, 0, 1000)).toBe(want))
  }
})

describe('toMount', () => {
  const all = [
    { key: 1, top: -mountWithin - 200, bottom: -mountWithin - 100 },
    { key: 2, top: 0, bottom: 100 },
    { key: 3, top: 900 + collapseBeyond, bottom: 1100 + collapseBeyond },
  ]

  it('leaves a page between the limits as it is', () => {
    expect(toMount(all, new Set([1]), 0, 800)).toEqual(new Set([1, 2]))
    expect(toMount(all, new Set(), 0, 800)).toEqual(new Set([2]))
  })

  it('collapses what is further', () => {
    expect(toMount(all, new Set([3]), 0, 800).has(3)).toBe(false)
  })
})

describe('slots', () => {
  const pages = [{ key: 1 }, { key: 2 }, { key: 3 }, { key: 4 }]

  it('merges runs of collapsed pages', () => {
    expect(slots(pages, new Set([3]), () => 50)).toEqual([
      { kind: 'gap', key: 'gap-1', height: 100 },
      { kind: 'page', page: { key: 3 } },
      { kind: 'gap', key: 'gap-4', height: 50 },
    ])
  })

  it('mounts a page whose height is not known', () => {
    const heightOf = (page: { key: number }) => (page.key === 2 ? undefined : 50)
    expect(slots(pages, new Set(), heightOf)[1]).toEqual({ kind: 'page', page: { key: 2 } })
  })
})

const page = (key: number, ...rows: string[]) => ({ key, rows })

describe('parted', () => {
  const pages = [page(1, 'a'), page(2, 'b', 'c', 'd'), page(3, 'e')]
  const entered = new Map([[3, Infinity], [2, 2], [9, Infinity]])

  it('has the rows next to the split of what came in in part, above it', () => {
    expect(parted(pages, entered, 'up')).toEqual({ inside: [page(2, 'c', 'd'), pages[2]], waiting: [pages[0], pages[1]] })
  })
  it('and below it', () => {
    expect(parted(pages.slice(1).reverse(), entered, 'down')).toEqual({ inside: [pages[2], page(2, 'b', 'c')], waiting: [pages[1]] })
  })
})

describe('lettingIn', () => {
  const rows = page(1, 'a', 'b', 'c', 'd', 'e')

  it('lets a slice in, then the rest', () => {
    const once = lettingIn(new Map(), rows, 3)
    expect(once).toEqual(new Map([[1, 3]]))
    expect(lettingIn(once, rows, 3)).toEqual(new Map([[1, Infinity]]))
  })
  it('is done with what was let in as a whole, also when it gets more rows', () => {
    const whole = lettingIn(new Map(), page(1, 'a'), 3)
    expect(parted([rows], whole, 'down')).toEqual({ inside: [rows], waiting: [] })
  })
})

describe('firstIn', () => {
  const up = [page(0), page(1), page(2), page(3)]
  const down = [page(4), page(5), page(6)]
  const keys = (window: { up: typeof up; down: typeof down }) => [...firstIn(window).keys()]

  it('begins at the split', () => expect(keys({ up, down })).toEqual([1, 2, 3, 4, 5]))
  it('begins at the end when nothing lies below the split', () => expect(keys({ up, down: [] })).toEqual([1, 2, 3]))
  it('has nothing of an empty window', () => expect(keys({ up: [], down: [] })).toEqual([]))
})

describe('extent', () => {
  it('has the split in the middle while both ends are unknown', () => {
    expect(extent(2000, 1000, true, true)).toEqual({ split: runwayHeight / 2, height: runwayHeight })
  })

  it('begins at the first message once it is known', () => {
    expect(extent(2000, 1000, false, true).split).toBe(2000)
  })

  it('ends at the newest message', () => {
    expect(extent(2000, 1000, false, false)).toEqual({ split: 2000, height: 3000 })
  })

  it('grows when the upper column is taller than its half', () => {
    expect(extent(600_000, 0, true, false)).toEqual({ split: 600_000, height: 600_000 })
  })
})

describe('clampScroll', () => {
  for (const [name, top, want] of [
    ['inside', 4000, 4000],
    ['above the oldest row', 1000, 3000],
    ['below the newest row', 9000, 5200],
  ] as const) {
    it(name, () => expect(clampScroll(top, 800, 5000, 2000, 1000)).toBe(want))
  }

  it('keeps to the top when the chat is shorter than the page', () => {
    expect(clampScroll(300, 800, 100, 100, 50)).toBe(0)
  })
})
