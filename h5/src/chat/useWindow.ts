// The loaded part of one chat: opens, pages, and takes live messages.
import { onScopeDispose, ref, shallowRef, watch } from 'vue'
import { type Problem, toProblem } from '@/api/problem'
import { fetchMessages, type Part } from '@/api/queries/chat'
import { live } from '@/app/live'
import type { Anchor } from './anchor'
import type { Landing } from './ChatRunway.vue'
import { kindsReady } from './messages/registry'
import { waits } from './messages/waits'
import type { Message } from './rows'
import {
  allRows,
  append,
  type ChatWindow,
  emptyWindow,
  firstRow,
  lastRow,
  openWindow,
  pageOf,
  prepend,
  replaceMessage,
  resplit,
} from './window'

/** Where a chat is opened. */
export type Opening = { kind: 'newest' } | { kind: 'message'; id: string } | { kind: 'day'; at: string } | { kind: 'anchor'; anchor: Anchor }

type Direction = 'older' | 'newer'
type Progress = 'idle' | 'loading' | 'error'

/** The window of the chat cid. */
export function useWindow(cid: string) {
  const window = shallowRef<ChatWindow>(emptyWindow())
  const landing = shallowRef<Landing>({ kind: 'end' })
  const state = ref<'idle' | 'loading' | 'done' | 'error'>('idle')
  const problem = shallowRef<Problem>()
  const progress = { older: ref<Progress>('idle'), newer: ref<Progress>('idle') }
  /** Messages that came in live below what is loaded, or out of sight. */
  const unseen = ref(0)
  /** Where the live stream has to begin so that nothing is missed. */
  const liveId = ref('')
  /** The target that was asked for is not to be seen; its neighbour is shown. */
  const missing = ref(false)
  let generation = 0
  let abort: AbortController | undefined
  let started: Opening = { kind: 'newest' }

  onScopeDispose(() => abort?.abort())

  /** Opens the chat anew; answers of an older opening are dropped. */
  async function open(opening: Opening): Promise<void> {
    started = opening
    abort?.abort()
    abort = new AbortController()
    const mine = ++generation
    state.value = 'loading'
    try {
      const { page, lost } = await openingPage(opening, abort.signal)
      await kindsReady(page.items)
      if (mine !== generation) return
      take(page, opening, mine)
      missing.value = lost
      state.value = 'done'
      problem.value = undefined
    } catch (thrown) {
      if (mine !== generation) return
      problem.value = toProblem(thrown)
      state.value = 'error'
    }
  }

  async function openingPage(opening: Opening, signal: AbortSignal) {
    try {
      return { page: await fetchMessages(cid, partOf(opening), signal), lost: false }
    } catch (thrown) {
      // The message is purged or out of sight, the chat may still be readable.
      if (opening.kind === 'newest' || opening.kind === 'day' || toProblem(thrown).status !== 404) throw thrown
      return { page: await fetchMessages(cid, {}, signal), lost: opening.kind === 'message' }
    }
  }

  function take(page: Awaited<ReturnType<typeof fetchMessages>>, opening: Opening, mine: number): void {
    const target = page.target ?? (opening.kind === 'anchor' ? opening.anchor.id : undefined)
    if (opening.kind === 'anchor' && target === opening.anchor.id) landing.value = opening
    else landing.value = target ? { kind: 'message', id: target } : { kind: 'end' }
    window.value = openWindow(page, target, mine)
    liveId.value = page.live_id ?? liveId.value
    unseen.value = 0
    progress.older.value = progress.newer.value = 'idle'
  }

  /** Loads the next page in a direction; one request at a time for each. */
  async function more(direction: Direction, again = false): Promise<void> {
    const doing = progress[direction]
    const edge = direction === 'older' ? firstRow(window.value) : lastRow(window.value)
    const wanted = direction === 'older' ? window.value.hasOlder : window.value.hasNewer
    if (!edge || !wanted || doing.value === 'loading' || (doing.value === 'error' && !again)) return
    const mine = generation
    doing.value = 'loading'
    try {
      const part: Part = direction === 'older' ? { older: edge.message.id } : { newer: edge.message.id }
      const page = await fetchMessages(cid, part, abort?.signal)
      await kindsReady(page.items)
      if (mine !== generation) return
      doing.value = 'idle'
      window.value = direction === 'older' ? prepend(window.value, page) : append(window.value, page)
    } catch {
      if (mine === generation) doing.value = 'error'
    }
  }

  /** Takes a live message; true when it was put below the newest one shown. */
  function receive(message: Message): boolean {
    const known = pageOf(window.value, message.id)
    if (known) {
      window.value = replaceMessage(window.value, message)
      return false
    }
    markRevoked(message)
    unseen.value++
    if (window.value.hasNewer) return false
    window.value = append(window.value, { items: [message], has_older: false, has_newer: false })
    return true
  }

  /** A recall that comes in live marks the message it takes back. */
  function markRevoked(recall: Message): void {
    const id = recall.content.revoke?.message_id
    const row = id ? allRows(window.value).find((one) => one.message.id === id) : undefined
    if (!row) return
    const revoked = { by: recall.sender, at: recall.sent_at, message_id: recall.id }
    window.value = replaceMessage(window.value, { ...row.message, revoked })
  }

  /** The live stream lost its place: what came in between is loaded like a page. */
  function catchUp(): void {
    window.value = { ...window.value, hasNewer: true }
    void more('newer', true)
  }

  /** The stream is open, for the first time or again: files that came before are not told of. */
  async function readPending(): Promise<void> {
    if (!allRows(window.value).some(({ message }) => waits(message.content))) return
    const pending = await import('./pending')
    await pending.readPending(cid, window.value, (message) => pageOf(window.value, message.id) && receive(message))
  }
  watch(live.state, (now) => now === 'open' && live.follows(cid) && void readPending())

  /** Splits the window anew at the anchor. */
  function recentre(anchor: Anchor): void {
    const next = resplit(window.value, anchor.id)
    if (next === window.value) return
    landing.value = { kind: 'anchor', anchor }
    window.value = { ...next, generation: ++generation }
    progress.older.value = progress.newer.value = 'idle'
  }

  return {
    window,
    landing,
    state,
    problem,
    progress,
    unseen,
    liveId,
    missing,
    open,
    more,
    receive,
    catchUp,
    recentre,
    retry: () => open(started),
    holds: (id: string) => pageOf(window.value, id) !== undefined,
  }
}

function partOf(opening: Opening): Part {
  switch (opening.kind) {
    case 'message':
      return { around: opening.id }
    case 'anchor':
      return { around: opening.anchor.id }
    case 'day':
      return { at: opening.at }
    default:
      return {}
  }
}
