// Looking for text in one chat: hits newest first, and which one is shown. The bar
// over the chat and the list beside it share it.
import { computed, effectScope, type EffectScope, onScopeDispose, ref, shallowRef } from 'vue'
import type { Api } from '@/api/client'
import { toProblem, type Problem } from '@/api/problem'
import { findMessages } from '@/api/queries/find'
import { filledPage } from '@/api/queries/paging'

/** Looking for text in a chat. */
export type Find = ReturnType<typeof newFind>

/** First and last day that are looked at, 2026-01-31 in the device's zone; '' for no bound. */
export interface FindDays {
  from: string
  to: string
}

const finds = new Map<string, { find: Find; scope: EffectScope; users: number }>()

/** The one of the chat cid, for as long as somebody uses it. */
export function useFind(cid: string): Find {
  let shared = finds.get(cid)
  if (!shared) {
    const scope = effectScope(true)
    shared = { find: scope.run(() => newFind(cid)) as Find, scope, users: 0 }
    finds.set(cid, shared)
  }
  const mine = shared
  mine.users++
  onScopeDispose(() => {
    if (--mine.users) return
    mine.scope.stop()
    finds.delete(cid)
  })
  return mine.find
}

function newFind(cid: string) {
  const query = ref('')
  const days = shallowRef<FindDays>({ from: '', to: '' })
  const hits = shallowRef<Api['Hit'][]>([])
  const total = ref(0)
  /** total is exact, else there are at least so many. */
  const exact = ref(true)
  const index = ref(-1)
  const state = ref<'idle' | 'loading' | 'done' | 'error'>('idle')
  const problem = shallowRef<Problem>()
  const next = ref('')
  let abort: AbortController | undefined
  /** The page that is on its way. */
  let reading: Promise<void> | undefined
  /** On the way to a hit; until it is there, further steps are none. */
  let stepping = false
  /** Counts the searches: what an earlier one waited for is none of this one's. */
  let run = 0

  onScopeDispose(() => abort?.abort())

  /** Looks for text from the newest message on and goes to the first hit; empty text ends the search. */
  async function find(text: string, reveal = true): Promise<void> {
    abort?.abort()
    run++
    query.value = text.trim()
    hits.value = []
    total.value = 0
    index.value = -1
    next.value = ''
    state.value = 'idle'
    if (!query.value) return
    await fetchPage()
    if (reveal && hits.value.length) index.value = 0
  }

  /** Looks at these days only, for the same text. */
  async function within(wanted: FindDays, reveal: boolean): Promise<void> {
    days.value = wanted
    await find(query.value, reveal)
  }

  async function fetchPage(): Promise<void> {
    const mine = (abort = new AbortController())
    state.value = 'loading'
    problem.value = undefined
    try {
      const page = await filledPage((cursor) => findMessages(cid, query.value, days.value, cursor, mine.signal), next.value)
      if (mine.signal.aborted) return
      hits.value = [...hits.value, ...page.items]
      total.value = page.total
      exact.value = page.exact ?? true
      next.value = page.next ?? ''
      state.value = 'done'
    } catch (thrown) {
      if (mine.signal.aborted) return
      problem.value = toProblem(thrown)
      state.value = 'error'
    }
  }

  /** Reads the hits behind those that are there, or waits for them while they are read already. */
  async function more(): Promise<void> {
    if (state.value === 'loading') await reading
    else if (next.value) await (reading = fetchPage())
  }

  /** Goes to the hit that is older (+1) or newer (-1), round the ends; nowhere when the older ones cannot be read. */
  async function step(by: 1 | -1): Promise<void> {
    if (!hits.value.length || stepping) return
    stepping = true
    const [mine, from] = [run, index.value]
    const to = index.value + by
    if (to >= hits.value.length && next.value) await more()
    stepping = false
    const count = hits.value.length
    if (run !== mine || index.value !== from || !count || (to >= count && next.value)) return
    index.value = ((to % count) + count) % count
  }

  /** Goes to the hit at a place of the list. */
  function go(to: number): void {
    if (hits.value[to]) index.value = to
  }

  /** Id of the message that is shown; '' for none. */
  const shown = computed(() => hits.value[index.value]?.message.id ?? '')
  const position = computed(() => index.value + 1)
  const marks = computed(() => new Map(hits.value.map((hit) => [hit.message.id, hit.spans])))
  const hasMore = computed(() => next.value !== '')
  return { query, days, hits, total, exact, position, shown, state, problem, marks, hasMore, find, within, more, step, go }
}
