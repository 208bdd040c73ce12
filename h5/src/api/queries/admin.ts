// Accounts and the archive's health, for admins.
import { useMutation, useQuery, useQueryClient } from '@tanstack/vue-query'
import { computed, type MaybeRefOrGetter, toValue } from 'vue'
import { csrfHeader } from '@/app/session'
import { type Api, api, call } from '../client'
import { loadState } from './state'

/** All accounts. */
export function useViewers() {
  const query = useQuery({
    queryKey: ['viewers'],
    queryFn: async ({ signal }) => (await call(api.GET('/viewers', { signal }))).items,
  })
  return { viewers: query.data, retry: query.refetch, ...loadState(query) }
}

/** Adds an account, or changes the one with the id. */
export function useSaveViewer() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: ({ id, viewer }: { id: string; viewer: Api['ViewerInput'] }) =>
      id
        ? call(api.PUT('/viewers/{viewer_id}', { params: { path: { viewer_id: id }, header: csrfHeader }, body: viewer }))
        : call(api.POST('/viewers', { params: { header: csrfHeader }, body: viewer })),
    onSuccess: () => client.invalidateQueries({ queryKey: ['viewers'] }),
  })
}

/** How often the health page asks again, ms. */
const statusEveryMs = 5000

/** The archive's state, asked again and again while watched is true. */
export function useStatus(watched: MaybeRefOrGetter<boolean>) {
  const query = useQuery({
    queryKey: ['status'],
    queryFn: ({ signal }) => call(api.GET('/status', { signal })),
    refetchInterval: computed(() => toValue(watched) && statusEveryMs),
    staleTime: 0,
  })
  return { status: query.data, readAt: query.dataUpdatedAt, retry: query.refetch, ...loadState(query) }
}

/** Changes the viewer's own settings; answers the viewer. */
export function saveMe(settings: Api['MeUpdate']): Promise<Api['Me']> {
  return call(api.PATCH('/me', { params: { header: csrfHeader }, body: settings }))
}
