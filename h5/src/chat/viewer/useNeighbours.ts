// The pictures and videos around one: those of its conversation, in time.
import { computed, onScopeDispose, ref, shallowRef } from 'vue'
import type { Api } from '@/api/client'
import { fetchVisual } from './fresh'
import type { FileRef } from './stage'

type Item = Api['MediaItem']

/** This close to an end of what is read, more is. */
const ahead = 3

/** What is open, and what lies to both sides of it. */
export function useNeighbours() {
  /** Newest first. */
  const items = shallowRef<readonly Item[]>([])
  const index = ref(-1)
  const start = shallowRef<FileRef>()
  /** Cursors of what lies beyond both ends; undefined: nothing. */
  let ends: { older?: string | undefined; newer?: string | undefined } = {}
  let abort: AbortController | undefined
  let loading = false

  onScopeDispose(() => abort?.abort())

  /** Begins at a picture; its neighbours come as soon as they are known. */
  async function begin(of: FileRef): Promise<void> {
    abort?.abort()
    const { signal } = (abort = new AbortController())
    start.value = of
    items.value = []
    index.value = -1
    ends = {}
    loading = false
    const page = await read({ around: of.messageId }, signal)
    if (!page) return
    ends = { older: page.next, newer: page.prev }
    items.value = inOrder(page.items)
    index.value = items.value.findIndex((item) => isOf(item, of))
    void readAhead()
  }

  /** A page of the list; undefined when it cannot be had: what is open can be seen without its neighbours. */
  async function read(part: { around: string } | { cursor: string }, signal: AbortSignal): Promise<Api['MediaPage'] | undefined> {
    const of = start.value
    if (!of || loading) return undefined
    loading = true
    try {
      const page = await fetchVisual(of.cid, part, signal)
      return signal.aborted ? undefined : page
    } catch {
      return undefined
    } finally {
      if (!signal.aborted) loading = false
    }
  }

  async function readAhead(): Promise<void> {
    if (!abort || index.value < 0) return
    const { older, newer } = ends
    if (older && index.value + ahead >= items.value.length) await readOlder(older, abort.signal)
    if (newer && index.value < ahead) await readNewer(newer, abort.signal)
  }

  async function readOlder(cursor: string, signal: AbortSignal): Promise<void> {
    const page = await read({ cursor }, signal)
    if (!page) return
    ends.older = page.next
    put([...items.value, ...page.items])
  }

  async function readNewer(cursor: string, signal: AbortSignal): Promise<void> {
    const page = await read({ cursor }, signal)
    if (!page) return
    ends.newer = page.prev
    put([...page.items, ...items.value])
  }

  /** Takes a longer list; what is in view stays. */
  function put(longer: readonly Item[]): void {
    const seen = items.value[index.value]
    items.value = inOrder(longer)
    index.value = items.value.findIndex((item) => item === seen)
  }

  function at(i: number): FileRef | undefined {
    const item = items.value[i]
    return item && start.value ? refOf(item, start.value.locate) : undefined
  }

  /** Those to be drawn: the one before in time, the current, the one after. */
  const previous = computed(() => (index.value < 0 ? undefined : at(index.value + 1)))
  const next = computed(() => (index.value < 1 ? undefined : at(index.value - 1)))
  const current = computed(() => {
    const of = start.value
    const found = index.value < 0 ? undefined : at(index.value)
    // What was opened is shown as it was given, so that nothing is loaded twice.
    return of && found && sameFile(of, found) ? of : (found ?? of)
  })

  /** Goes on by one: 1 to what came after in time, -1 to what came before. */
  function step(by: 1 | -1): void {
    if (!(by === 1 ? next.value : previous.value)) return
    index.value -= by
    void readAhead()
  }

  return { begin, step, previous, next, current }
}

/** Newest first also within a message, of which the list has the parts in reading order. */
function inOrder(items: readonly Item[]): Item[] {
  const runs: Item[][] = []
  for (const item of items) {
    const run = runs[runs.length - 1]
    if (run?.[0]?.message_id === item.message_id) run.push(item)
    else runs.push([item])
  }
  return runs.flatMap((run) => run.sort((a, b) => b.pos - a.pos))
}

function isOf(item: Item, of: FileRef): boolean {
  return item.message_id === of.messageId && item.content.media?.id === of.content.media?.id
}

function sameFile(a: FileRef, b: FileRef): boolean {
  return a.messageId === b.messageId && a.content.media?.id === b.content.media?.id
}

/** An item of the list as the viewer and the sheet take it. */
export function refOf(item: Item, locate: FileRef['locate']): FileRef {
  const { message_id: messageId, conversation_id: cid, sent_at: sentAt, sender, content } = item
  return { messageId, cid, sentAt, sender, content, locate }
}
