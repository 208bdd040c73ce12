// Reading what the gallery shows.
import { useQuery } from '@tanstack/vue-query'
import { computed, type MaybeRefOrGetter, toValue } from 'vue'
import { loadState } from '@/api/queries/state'
import { findSampleGroups, readSamples } from './samples'

/** The newest messages of a conversation; none while cid is empty. */
export function useSamples(cid: MaybeRefOrGetter<string>) {
  const query = useQuery({
    queryKey: ['samples', computed(() => toValue(cid))],
    enabled: computed(() => toValue(cid) !== ''),
    queryFn: ({ signal }) => readSamples(toValue(cid), signal),
  })
  return { chat: query.data, retry: query.refetch, ...loadState(query) }
}

/** Groups that the gallery is made for; asked for when wanted. */
export function useSampleGroups(wanted: MaybeRefOrGetter<boolean>) {
  const query = useQuery({
    queryKey: ['sample-groups'],
    enabled: computed(() => toValue(wanted)),
    queryFn: ({ signal }) => findSampleGroups(signal),
  })
  return { groups: computed(() => query.data.value ?? []), retry: query.refetch, ...loadState(query) }
}
