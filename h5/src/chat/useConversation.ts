// The conversation itself, for one chat page. Not through the query library:
// the landing from an alert does without it.
import { onScopeDispose, type Ref, ref, shallowRef, watch } from 'vue'
import type { Api } from '@/api/client'
import { type Problem, toProblem } from '@/api/problem'
import { fetchConversation } from '@/api/queries/chat'

/** How long changes are gathered before the conversation is read again, ms. */
const gatherMs = 2000

/**
 * The conversation cid as seen from the employee as; loaded anew when that
 * changes. After a change of its own it is read again while its details are in
 * view, or when they come into view.
 */
export function useConversation(cid: string, as: Ref<string>, inView: Ref<boolean>) {
  const detail = shallowRef<Api['ConversationDetail']>()
  const state = ref<'loading' | 'done' | 'error'>('loading')
  const problem = shallowRef<Problem>()
  let abort: AbortController | undefined
  let timer: ReturnType<typeof setTimeout> | undefined
  let stale = false

  /** Reads the conversation; what is shown already outlives a failure. */
  async function read(): Promise<void> {
    abort?.abort()
    const mine = (abort = new AbortController())
    stale = false
    try {
      const found = await fetchConversation(cid, as.value, mine.signal)
      if (mine.signal.aborted) return
      detail.value = found
      problem.value = undefined
      state.value = 'done'
    } catch (thrown) {
      if (mine.signal.aborted || state.value === 'done') return
      problem.value = toProblem(thrown)
      state.value = 'error'
    }
  }

  function load(): Promise<void> {
    state.value = 'loading'
    return read()
  }

  /** Tells that the conversation has changed on the server. */
  function changed(): void {
    stale = true
    timer ??= setTimeout(() => {
      timer = undefined
      if (stale && inView.value) void read()
    }, gatherMs)
  }

  onScopeDispose(() => {
    abort?.abort()
    clearTimeout(timer)
  })
  watch(as, load, { immediate: true })
  watch(inView, (now) => now && stale && void read())
  return { detail, state, problem, retry: load, changed }
}
