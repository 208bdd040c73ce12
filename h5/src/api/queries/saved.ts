// Searches that are kept, and those that were made lately.
import { useMutation, useQuery, useQueryClient } from '@tanstack/vue-query'
import { csrfHeader } from '@/app/session'
import { type Api, api, call } from '../client'
import { loadState } from './state'

/** What the viewer searched for lately. */
export function useRecentSearches() {
  const query = useQuery({
    queryKey: ['search', 'recent'],
    queryFn: async ({ signal }) => (await call(api.GET('/search/recent', { signal }))).items,
    staleTime: 0,
  })
  return { recent: query.data, retry: query.refetch, ...loadState(query) }
}

/** Empties the list of what the viewer searched for lately. */
export function useClearRecent() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: () => call(api.DELETE('/search/recent', { params: { header: csrfHeader } })),
    onSuccess: () => client.invalidateQueries({ queryKey: ['search', 'recent'] }),
  })
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
    onSuccess: ({ rule_id: rule }) => {
      if (rule) void client.invalidateQueries({ predicate: ({ queryKey: [what] }) => what === 'rule' || what === 'rules' }) // it follows the words
      return client.invalidateQueries({ queryKey: ['searches'] })
    },
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
