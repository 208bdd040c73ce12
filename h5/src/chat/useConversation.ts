// The conversation itself, for one chat page. Not through the query library:
// the landing from an alert does without it.
import { onScopeDispose, type Ref, ref, shallowRef, watch } from 'vue'
import type { Api } from '@/api/client'
import { type Problem, toProblem } from '@/api/problem'
import { fetchConversation } from '@/api/queries/chat'

/** The conversation cid as seen from the employee as; loaded anew when that changes. */
export function useConversation(cid: string, as: Ref<string>) {
  const detail = shallowRef<Api['ConversationDetail']>()
  const state = ref<'loading' | 'done' | 'error'>('loading')
  const problem = shallowRef<Problem>()
  let abort: AbortController | undefined

  async function load(): Promise<void> {
    abort?.abort()
    const mine = (abort = new AbortController())
    state.value = 'loading'
    try {
      const found = await fetchConversation(cid, as.value, mine.signal)
      if (mine.signal.aborted) return
      detail.value = found
      problem.value = undefined
      state.value = 'done'
    } catch (thrown) {
      if (mine.signal.aborted) return
      problem.value = toProblem(thrown)
      state.value = 'error'
    }
  }

  onScopeDispose(() => abort?.abort())
  watch(as, load, { immediate: true })
  return { detail, state, problem, retry: load }
}
