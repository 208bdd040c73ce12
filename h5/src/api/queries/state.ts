// What a query has come to, in the words StateView knows.
import { computed, type ComputedRef, type Ref } from 'vue'
import { type Problem, toProblem } from '../problem'

/** The part of a query's result that its state is read from. */
interface QueryLike {
  status: Ref<'pending' | 'error' | 'success'>
  error: Ref<Error | null>
}

/** What StateView is given. */
export interface LoadState {
  state: ComputedRef<'loading' | 'done' | 'error'>
  problem: ComputedRef<Problem | undefined>
}

/** The state and problem of a query. */
export function loadState(query: QueryLike): LoadState {
  const problem = computed(() => (query.error.value ? toProblem(query.error.value) : undefined))
  const state = computed(() => {
    if (problem.value) return 'error'
    return query.status.value === 'pending' ? 'loading' : 'done'
  })
  return { state, problem }
}
