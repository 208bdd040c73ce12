// Days of a conversation that have messages.
import { useQuery } from '@tanstack/vue-query'
import { computed, type MaybeRefOrGetter, toValue } from 'vue'
import { api, call } from '../client'
import { loadState } from './state'

/** Days of a conversation that have messages; asked for when wanted turns true. */
export function useDays(cid: MaybeRefOrGetter<string>, wanted: MaybeRefOrGetter<boolean>) {
  const query = useQuery({
    queryKey: ['days', computed(() => toValue(cid))],
    enabled: computed(() => toValue(wanted)),
    queryFn: ({ signal }) =>
      call(
        api.GET('/conversations/{conversation_id}/days', {
          params: {
            path: { conversation_id: toValue(cid) },
            query: { tz: Intl.DateTimeFormat().resolvedOptions().timeZone },
          },
          signal,
        }),
      ),
  })
  return { days: computed(() => query.data.value?.items ?? []), retry: query.refetch, ...loadState(query) }
}
