// Violations in scope, what is done about them, and whom they were pushed to.
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/vue-query'
import { computed, type MaybeRefOrGetter, toValue } from 'vue'
import { csrfHeader } from '@/app/session'
import { type Api, api, call } from '../client'
import { paging } from './paging'
import { loadState } from './state'

/** State of a violation. */
export type ViolationState = Api['Violation']['state']

/** Which violations are wanted. */
export interface ViolationFilter {
  tab: 'all' | 'words' | 'behaviours'
  state: ViolationState | 'all'
}

const pageSize = 40

/** Violations, newest first, page by page; total counts the open ones. */
export function useViolations(filter: MaybeRefOrGetter<ViolationFilter>) {
  const query = useInfiniteQuery({
    queryKey: ['violations', computed(() => toValue(filter))],
    initialPageParam: '',
    queryFn: ({ pageParam, signal }) => {
      const { tab, state } = toValue(filter)
      const wanted = {
        tab: tab === 'all' ? undefined : tab,
        state: state === 'all' ? undefined : state,
        cursor: pageParam || undefined,
        limit: pageSize,
      }
      return call(api.GET('/violations', { params: { query: wanted }, signal }))
    },
    getNextPageParam: (page) => page.next || undefined,
  })
  const violations = computed(() => query.data.value?.pages.flatMap((page) => page.items) ?? [])
  const open = computed(() => query.data.value?.pages[0]?.total)
  return { violations, open, ...paging(query), ...loadState(query) }
}

/** One violation with its context and pushes. */
export function useViolation(id: MaybeRefOrGetter<string>) {
  const query = useQuery({
    queryKey: ['violation', computed(() => toValue(id))],
    enabled: computed(() => toValue(id) !== ''),
    queryFn: ({ signal }) =>
      call(api.GET('/violations/{violation_id}', { params: { path: { violation_id: toValue(id) } }, signal })),
  })
  return { detail: query.data, retry: query.refetch, ...loadState(query) }
}

/** Marks a violation; lists and the violation itself are read again. */
export function useMarkViolation() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: ({ id, state, note }: { id: string; state: ViolationState; note: string }) =>
      call(
        api.PATCH('/violations/{violation_id}', {
          params: { path: { violation_id: id }, header: csrfHeader },
          body: { state, note },
        }),
      ),
    onSuccess: (violation) => {
      client.setQueryData<Api['ViolationDetail']>(['violation', violation.id], (old) => old && { ...old, violation })
      void client.invalidateQueries({ queryKey: ['violations'] })
    },
  })
}

/** Pushed app messages, newest first, page by page. */
export function usePushes() {
  const query = useInfiniteQuery({
    queryKey: ['pushes'],
    initialPageParam: '',
    queryFn: ({ pageParam, signal }) =>
      call(api.GET('/alerts', { params: { query: { cursor: pageParam || undefined, limit: pageSize } }, signal })),
    getNextPageParam: (page) => page.next || undefined,
  })
  const pushes = computed(() => query.data.value?.pages.flatMap((page) => page.items) ?? [])
  return { pushes, ...paging(query), ...loadState(query) }
}
