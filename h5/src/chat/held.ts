// The row that the reader looks at, held in its place when something above it
// changes its height by itself: a mark that comes in live, a page mounted anew.
import type { Ref } from 'vue'
import { firstVisibleRow, type Seen } from './anchor'

/** Moves smaller than this are rounding, px. */
const noticeable = 0.5

/** Remembers the first row in view of scroller, whose columns meet at splitLine. */
export function useHeldRow(scroller: Ref<HTMLElement | undefined>, splitLine: Ref<HTMLElement | undefined>, upColumn: Ref<HTMLElement | undefined>) {
  let held: { row: HTMLElement; place: number } | undefined

  /** Where a row stands from the split: its edge on that side, which its own growth leaves alone. */
  function placeOf(row: HTMLElement, box = row.getBoundingClientRect()): number {
    const line = splitLine.value?.getBoundingClientRect().top ?? 0
    return (upColumn.value?.contains(row) ? box.bottom : box.top) - line
  }

  /** Holds the row that is first in view now; gives it. */
  function remember(): Seen | undefined {
    const seen = scroller.value && firstVisibleRow(scroller.value, held?.row)
    held = seen && { row: seen.row, place: placeOf(seen.row, seen.box) }
    return seen
  }

  /** Scrolls by as much as the held row has moved; to be called before the frame is painted. */
  function restore(): void {
    const view = scroller.value
    if (!view || !held?.row.isConnected) return
    const moved = placeOf(held.row) - held.place
    if (Math.abs(moved) < noticeable) return
    view.scrollTop += moved
    held.place += moved
  }

  return { remember, restore }
}
