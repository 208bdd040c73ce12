// Searching in everything that the viewer may see.
import { keepPreviousData, useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/vue-query'
import { computed, type MaybeRefOrGetter, toValue } from 'vue'
import { csrfHeader } from '@/app/session'
import { type Api, api, call } from '../client'
import { paging } from './paging'
import { loadState } from './state'

const pageSize = 40
/** A list of hits stays as it was read while one walks through it: only a new search reads again. */
const keptMs = Infinity

/** Hits of a search, page by page; nothing is asked for while wanted is false. */
export function useHits(query: MaybeRefOrGetter<Api['SearchQuery']>, wanted: MaybeRefOrGetter<boolean>) {
  const found = useInfiniteQuery({
    queryKey: ['search', 'hits', computed(() => toValue(query))],
    enabled: computed(() => toValue(wanted)),
    initialPageParam: '',
    queryFn: ({ pageParam, signal }) =>
      call(api.GET('/search', { params: { query: { ...toValue(query), cursor: pageParam || undefined, limit: pageSize } }, signal })),
    getNextPageParam: (page) => page.next || undefined,
    staleTime: keptMs,
  })
  const pages = computed(() => found.data.value?.pages ?? [])
  return {
    hits: computed(() => pages.value.flatMap((page) => page.items)),
    total: computed(() => pages.value[0]?.total),
    /** The engine's own words on the newest page. */
    said: computed(() => pages.value[pages.value.length - 1]),
    fetchNext: () => found.fetchNextPage(),
    moreFailed: computed(() => found.isFetchNextPageError.value),
    ...paging(found),
    ...loadState(found),
  }
}

/** Conversations that a search finds something in. */
export function useHitConversations(query: MaybeRefOrGetter<Api['SearchQuery']>, wanted: MaybeRefOrGetter<boolean>) {
  const asked = computed(() => ({ ...toValue(query), order: undefined }))
  const found = useInfiniteQuery({
    queryKey: ['search', 'conversations', asked],
    enabled: computed(() => toValue(wanted)),
    initialPageParam: '',
    queryFn: ({ pageParam, signal }) =>
      call(api.GET('/search/conversations', { params: { query: { ...asked.value, cursor: pageParam || undefined, limit: pageSize } }, signal })),
    getNextPageParam: (page) => page.next || undefined,
    staleTime: keptMs,
  })
  const pages = computed(() => found.data.value?.pages ?? [])
  return {
    conversations: computed(() => pages.value.flatMap((page) => page.items)),
    said: computed(() => pages.value[pages.value.length - 1]),
    ...paging(found),
    ...loadState(found),
  }
}

/** Has a search that is begun answered anew, whatever was found by it before. */
export function useForgetHits() {
  const client = useQueryClient()
  return (query: Api['SearchQuery']): void => {
    client.removeQueries({ queryKey: ['search', 'hits', query], exact: true })
    client.removeQueries({ queryKey: ['search', 'conversations', { ...query, order: undefined }], exact: true })
  }
}

/** People and groups by what is typed of their names; none while it is empty. */
export function useSuggestions(typed: MaybeRefOrGetter<string>, limit: number) {
  const query = useQuery({
    queryKey: ['search', 'suggestions', computed(() => toValue(typed)), limit],
    enabled: computed(() => toValue(typed) !== ''),
    queryFn: async ({ signal }) => (await call(api.GET('/search/suggestions', { params: { query: { q: toValue(typed), limit } }, signal }))).items,
    placeholderData: keepPreviousData,
    retry: false,
  })
  return { suggestions: computed(() => (toValue(typed) ? (query.data.value ?? []) : [])), ...loadState(query) }
}

/** What the viewer searched for lately. */
export function useRecentSearches() {
  const query = useQuery({
    queryKey: ['search', 'recent'],
    queryFn: async ({ signal }) => (await call(api.GET('/search/recent', { signal }))).items,
    staleTime: 0,
  })
  return { recent: query.data, retry: query.refetch, ...loadState(query) }
}

/** Saved searches: the viewer's own, and those that others share. */
export function useSavedSearches() {
  const query = useQuery({
    queryKey: ['searches'],
    queryFn: async ({ signal }) => (await call(api.GET('/searches', { signal }))).items,
  })
  return { saved: query.data, retry: query.refetch, ...loadState(query) }
}

/** Keeps a search, or changes the viewer's own that has the id. */
export function useSaveSearch() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: ({ id, input }: { id: string; input: Api['SavedSearchInput'] }) =>
      id
        ? call(api.PUT('/searches/{search_id}', { params: { path: { search_id: id }, header: csrfHeader }, body: input }))
        : call(api.POST('/searches', { params: { header: csrfHeader }, body: input })),
    onSuccess: () => client.invalidateQueries({ queryKey: ['searches'] }),
  })
}

/** Has the viewer told when a search of their own is said again, or no longer; answers what the rule leaves out. */
export function useRemind() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: async ({ id, on }: { id: string; on: boolean }): Promise<string[]> => {
      const params = { path: { search_id: id }, header: csrfHeader }
      if (on) return (await call(api.POST('/searches/{search_id}/rule', { params }))).rule_left_out ?? []
      await call(api.DELETE('/searches/{search_id}/rule', { params }))
      return []
    },
    onSuccess: () => client.invalidateQueries({ queryKey: ['searches'] }),
  })
}

/** Deletes a search of the viewer's own. */
export function useDeleteSearch() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (id: string) => call(api.DELETE('/searches/{search_id}', { params: { path: { search_id: id }, header: csrfHeader } })),
    onSuccess: () => client.invalidateQueries({ queryKey: ['searches'] }),
  })
}
