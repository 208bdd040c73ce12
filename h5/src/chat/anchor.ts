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

/** A row in view. */
export interface Seen {
  row: HTMLElement
  /** Where it is on screen. */
  box: DOMRect
  /** Where the viewport's top is on screen, px. */
  edge: number
}

/**
 * The first row that reaches below the viewport's top. It is asked for in every frame
 * of a scroll: near, the row found last, saves looking at all of them.
 */
export function firstVisibleRow(scroller: HTMLElement, near?: HTMLElement): Seen | undefined {
  const edge = scroller.getBoundingClientRect().top
  return (near?.isConnected && besideRow(near, edge)) || amongPages(scroller, edge)
}

/** The row wanted when it is near or right before or after it in its page. */
function besideRow(near: HTMLElement, edge: number): Seen | undefined {
  const box = near.getBoundingClientRect()
  const reaches = box.bottom > edge + 1
  const other = (reaches ? near.previousElementSibling : near.nextElementSibling) as HTMLElement | null
  const otherBox = other?.getBoundingClientRect()
  if (!other || !otherBox || otherBox.bottom > edge + 1 === reaches) return undefined
  return reaches ? { row: near, box, edge } : { row: other, box: otherBox, edge }
}

function amongPages(scroller: HTMLElement, edge: number): Seen | undefined {
  const reaches = (element: Element) => element.getBoundingClientRect().bottom > edge + 1
  const pages = pageElements(scroller)
  const page = pages[lowerBound(pages, reaches)]
  const rows = page ? [...page.children] : []
  const row = rows[lowerBound(rows, reaches)] as HTMLElement | undefined
  return row && { row, box: row.getBoundingClientRect(), edge }
}

/** The mounted pages of rows, top to bottom. */
export function pageElements(scroller: HTMLElement): HTMLElement[] {
  const columns = [...scroller.getElementsByClassName('column')]
  return columns.flatMap((column) => [...column.children] as HTMLElement[]).filter((child) => child.hasAttribute('data-page'))
}

/** The anchor of the first row in view. */
export function firstVisible(scroller: HTMLElement): Anchor | undefined {
  return anchorOf(firstVisibleRow(scroller))
}

/** The anchor of a row in view. */
export function anchorOf(seen: Seen | undefined): Anchor | undefined {
  const id = seen?.row.dataset.id
  return seen && id ? { id, offset: seen.box.top - seen.edge } : undefined
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
