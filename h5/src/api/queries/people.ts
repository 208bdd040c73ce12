// Employees in scope and their conversations.
import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/vue-query'
import { computed, type MaybeRefOrGetter, toValue } from 'vue'
import { type Api, api, call } from '../client'
import { paging } from './paging'
import { loadState } from './state'

/** Which employees are wanted. */
export interface EmployeeFilter {
  q: string
  department: string
  state: 'all' | 'archived' | 'formerly' | 'left'
}

/** The three tabs of an employee's conversations. */
export type ContactTab = 'customers' | 'colleagues' | 'groups'

/** Departments that hold somebody in scope. */
export function useDepartments() {
  const query = useQuery({
    queryKey: ['departments'],
    queryFn: async ({ signal }) => (await call(api.GET('/departments', { signal }))).items,
    staleTime: 5 * 60_000,
  })
  return { departments: query.data, retry: query.refetch, ...loadState(query) }
}

/** Employees in scope, page by page. */
export function useEmployees(filter: MaybeRefOrGetter<EmployeeFilter>) {
  const query = useInfiniteQuery({
    queryKey: ['employees', computed(() => toValue(filter))],
    initialPageParam: '',
    queryFn: async ({ pageParam, signal }) => {
      const { q, department, state } = toValue(filter)
      const wanted = {
        q: q || undefined,
        department: department || undefined,
        state,
        cursor: pageParam || undefined,
        limit: 60,
      }
      return call(api.GET('/employees', { params: { query: wanted }, signal }))
    },
    getNextPageParam: (page) => page.next || undefined,
    placeholderData: keepPreviousData,
  })
  const employees = computed(() => query.data.value?.pages.flatMap((page) => page.items) ?? [])
  const total = computed(() => query.data.value?.pages[0]?.total ?? 0)
  return { employees, total, ...paging(query), ...loadState(query) }
}

/** One employee in scope; uid is the canonical person id. */
export function useEmployee(uid: MaybeRefOrGetter<string>) {
  const query = useQuery({
    queryKey: ['employee', computed(() => toValue(uid))],
    enabled: computed(() => toValue(uid) !== ''),
    queryFn: ({ signal }) =>
      call(
        api.GET('/employees/{employee_id}', {
          params: { path: { employee_id: toValue(uid) } },
          signal,
        }),
      ),
  })
  return { employee: query.data, retry: query.refetch, ...loadState(query) }
}

/** Conversations of one employee in one tab, newest message first. */
export function useConversations(
  uid: MaybeRefOrGetter<string>,
  tab: MaybeRefOrGetter<ContactTab>,
  q: MaybeRefOrGetter<string>,
) {
  const query = useInfiniteQuery({
    queryKey: conversationsKey(uid, tab, q),
    initialPageParam: '',
    queryFn: ({ pageParam, signal }) =>
      call(
        api.GET('/employees/{employee_id}/conversations', {
          params: {
            path: { employee_id: toValue(uid) },
            query: {
              tab: toValue(tab),
              q: toValue(q) || undefined,
              cursor: pageParam || undefined,
              limit: 60,
            },
          },
          signal,
        }),
      ),
    getNextPageParam: (page) => page.next || undefined,
  })
  const conversations = computed(
    () => query.data.value?.pages.flatMap((page) => page.items) ?? ([] as Api['Conversation'][]),
  )
  const counts = computed(() => query.data.value?.pages[0]?.counts)
  return { conversations, counts, ...paging(query), ...loadState(query) }
}

function conversationsKey(
  uid: MaybeRefOrGetter<string>,
  tab: MaybeRefOrGetter<ContactTab>,
  q: MaybeRefOrGetter<string>,
) {
  return [
    'conversations',
    computed(() => toValue(uid)),
    computed(() => toValue(tab)),
    computed(() => toValue(q)),
  ] as const
}
