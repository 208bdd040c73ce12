// The pictures and videos around one: those of its conversation, in time.
import { computed, onScopeDispose, ref, shallowRef } from 'vue'
import type { Api } from '@/api/client'
import { fetchVisual } from './fresh'
import type { FileRef } from './stage'

/** Pages of the list that are read to find a picture: 5,000 of them. */
const maxPages = 50
/** This close to the end of what is read, more is. */
const ahead = 3

/** What is open, and what lies to both sides of it. */
export function useNeighbours() {
  /** Newest first, as the server lists them. */
  const items = shallowRef<readonly Api['MediaItem'][]>([])
  const index = ref(-1)
  const start = shallowRef<FileRef>()
  let next: string | undefined
  let abort: AbortController | undefined
  let loading = false

  onScopeDispose(() => abort?.abort())

  /** Begins at a picture; its neighbours come as soon as they are known. */
  async function begin(of: FileRef): Promise<void> {
    abort?.abort()
    abort = new AbortController()
    start.value = of
    items.value = []
    index.value = -1
    next = undefined
    loading = false
    for (let page = 0; page < maxPages && index.value < 0; page++) {
      if (!(await more(abort.signal)) || abort.signal.aborted) return
      index.value = items.value.findIndex((item) => isOf(item, of))
    }
    void readAhead()
  }

  /** Reads the next page; false when there is none, or it cannot be had. */
  async function more(signal: AbortSignal): Promise<boolean> {
    const of = start.value
    if (loading || !of || (items.value.length && !next)) return false
    loading = true
    try {
      const page = await fetchVisual(of.cid, next, signal)
      if (signal.aborted) return false
      items.value = [...items.value, ...page.items]
      next = page.next
      return page.items.length > 0
    } catch {
      return false // what is open can be seen without its neighbours
    } finally {
      if (!signal.aborted) loading = false
    }
  }

  async function readAhead(): Promise<void> {
    if (abort && index.value >= 0 && index.value + ahead >= items.value.length) await more(abort.signal)
  }

  function at(i: number): FileRef | undefined {
    const item = items.value[i]
    return item && start.value ? refOf(item, start.value.locate) : undefined
  }

  /** Those to be drawn: the one before in time, the current, the one after. */
  const previous = computed(() => (index.value < 0 ? undefined : at(index.value + 1)))
  const next_ = computed(() => (index.value < 1 ? undefined : at(index.value - 1)))
  const current = computed(() => {
    const of = start.value
    const found = index.value < 0 ? undefined : at(index.value)
    // What was opened is shown as it was given, so that nothing is loaded twice.
    return of && found && sameFile(of, found) ? of : (found ?? of)
  })

  /** Goes on by one: 1 to what came after in time, -1 to what came before. */
  function step(by: 1 | -1): void {
    if (!(by === 1 ? next_.value : previous.value)) return
    index.value -= by
    void readAhead()
  }

  return { begin, step, previous, next: next_, current }
}

function isOf(item: Api['MediaItem'], of: FileRef): boolean {
  return item.message_id === of.messageId && item.content.media?.id === of.content.media?.id
}

function sameFile(a: FileRef, b: FileRef): boolean {
  return a.messageId === b.messageId && a.content.media?.id === b.content.media?.id
}

/** An item of the list as the viewer and the sheet take it. */
export function refOf(item: Api['MediaItem'], locate: FileRef['locate']): FileRef {
  const { message_id: messageId, conversation_id: cid, sent_at: sentAt, sender, content } = item
  return { messageId, cid, sentAt, sender, content, locate }
}
