import { describe, expect, it } from 'vitest'
import { clampScroll, collapseBeyond, distance, extent, firstIn, mountWithin, parted, places, runwayHeight, slots, toMount } from '@/chat/geometry'

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

describe('parted', () => {
  it('keeps the order on both sides', () => {
    const pages = [{ key: 1 }, { key: 2 }, { key: 3 }, { key: 4 }]
    expect(parted(pages, new Set([3, 4, 9]))).toEqual({ inside: [{ key: 3 }, { key: 4 }], waiting: [{ key: 1 }, { key: 2 }] })
  })
})

describe('firstIn', () => {
  const up = [{ key: 1 }, { key: 2 }, { key: 3 }]
  const down = [{ key: 4 }, { key: 5 }, { key: 6 }]

  it('begins at the split', () => expect(firstIn({ up, down })).toEqual(new Set([3, 4, 5])))
  it('begins at the end when nothing lies below the split', () => expect(firstIn({ up, down: [] })).toEqual(new Set([2, 3])))
  it('has nothing of an empty window', () => expect(firstIn({ up: [], down: [] })).toEqual(new Set()))
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
