// Finding rows in the page, and remembering where the reader was.

/** A message and how far its row's top lies below the top of the viewport, px. */
export interface Anchor {
  id: string
  offset: number
}

/** The rows in the page, top to bottom. */
export function rowElements(root: HTMLElement): HTMLElement[] {
  return [...root.querySelectorAll<HTMLElement>('article[data-id]')]
}

/** The row of message id, if it is in the page. */
export function rowElement(root: HTMLElement, id: string): HTMLElement | null {
  return root.querySelector<HTMLElement>(`article[data-id="${CSS.escape(id)}"]`)
}

/** The first row that reaches below the viewport's top. */
export function firstVisibleRow(scroller: HTMLElement): HTMLElement | undefined {
  const top = scroller.getBoundingClientRect().top
  const rows = rowElements(scroller)
  return rows[lowerBound(rows, (row) => row.getBoundingClientRect().bottom > top + 1)]
}

/** The anchor of that row. */
export function firstVisible(scroller: HTMLElement): Anchor | undefined {
  return anchorOf(firstVisibleRow(scroller), scroller)
}

/** The anchor of a row of scroller. */
export function anchorOf(row: HTMLElement | undefined, scroller: HTMLElement): Anchor | undefined {
  if (!row?.dataset.id) return undefined
  return { id: row.dataset.id, offset: row.getBoundingClientRect().top - scroller.getBoundingClientRect().top }
}

/** Index of the first item for which test holds; items are ordered by it. */
export function lowerBound<T>(items: readonly T[], test: (item: T) => boolean): number {
  let low = 0
  let high = items.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (test(items[middle] as T)) high = middle
    else low = middle + 1
  }
  return low
}

/** The anchor kept in the history entry, if the entry is of this chat. */
export function savedAnchor(cid: string): Anchor | undefined {
  const state = window.history.state as { chat?: Anchor & { cid: string } } | null
  return state?.chat?.cid === cid ? { id: state.chat.id, offset: state.chat.offset } : undefined
}

/** Keeps the anchor in the history entry, so that a return finds the place again. */
export function saveAnchor(cid: string, anchor: Anchor): void {
  window.history.replaceState({ ...window.history.state, chat: { cid, ...anchor } }, '')
}
