// Looking for text in one chat: hits newest first, and which one is shown.
import { computed, onScopeDispose, ref, shallowRef } from 'vue'
import type { Api } from '@/api/client'
import { findMessages } from '@/api/queries/chat'

/** Finds text in the chat cid; show is called with the id of the hit to go to. */
export function useFind(cid: string, show: (id: string) => void) {
  const query = ref('')
  const hits = shallowRef<Api['Hit'][]>([])
  const total = ref(0)
  const index = ref(-1)
  const state = ref<'idle' | 'loading' | 'done' | 'error'>('idle')
  let next = ''
  let abort: AbortController | undefined

  onScopeDispose(() => abort?.abort())

  /** Looks for text from the newest message on; empty text ends the search. */
  async function find(text: string, reveal = true): Promise<void> {
    abort?.abort()
    query.value = text.trim()
    hits.value = []
    total.value = 0
    index.value = -1
    next = ''
    state.value = 'idle'
    if (!query.value) return
    await fetchPage()
    if (reveal && hits.value.length) go(0)
  }

  async function fetchPage(): Promise<void> {
    const mine = (abort = new AbortController())
    state.value = 'loading'
    try {
      const page = await findMessages(cid, query.value, next, mine.signal)
      if (mine.signal.aborted) return
      hits.value = [...hits.value, ...page.items]
      total.value = page.total
      next = page.next ?? ''
      state.value = 'done'
    } catch {
      if (!mine.signal.aborted) state.value = 'error'
    }
  }

  function go(to: number): void {
    const hit = hits.value[to]
    if (!hit) return
    index.value = to
    show(hit.message.id)
  }

  /** Goes to the hit that is older (+1) or newer (-1), round the ends. */
  async function step(by: 1 | -1): Promise<void> {
    if (!hits.value.length || state.value === 'loading') return
    const to = index.value + by
    if (to >= hits.value.length && next) await fetchPage()
    const count = hits.value.length
    go(((to % count) + count) % count)
  }

  const position = computed(() => (index.value < 0 ? 0 : index.value + 1))
  return { query, hits, total, position, state, find, step }
}
