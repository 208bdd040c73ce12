// Searching in everything that the viewer may see.
import { keepPreviousData, onlineManager, useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/vue-query'
import { computed, type MaybeRefOrGetter, onActivated, onBeforeUnmount, onMounted, type Ref, ref, toValue } from 'vue'
import { type Api, api, call } from '../client'
import { filledPage, paging } from './paging'
import { loadState } from './state'

const pageSize = 40
/** A list of hits stays as it was read while one walks through it: only a new search reads again. */
const keptMs = Infinity

const chinaMs = 8 * 3_600_000
/** How often is looked whether a new day has begun, ms. */
const lookMs = 30_000

/** The day in China, 2026-01-31, where the server's days begin. */
function dayNow(): string {
  return new Date(Date.now() + chinaMs).toISOString().slice(0, 10)
}

/** The day in China, as days go by. */
function useToday() {
  const today = ref(dayNow())
  const look = () => void (today.value = dayNow())
  let timer: ReturnType<typeof setInterval>
  onMounted(() => (timer = setInterval(look, lookMs)))
  onActivated(look)
  onBeforeUnmount(() => clearInterval(timer))
  return today
}

/** What tells a search from others: one of the last days is another one each day. */
function keyOf(query: Api['SearchQuery'], today: string) {
  return query.days ? { ...query, today } : query
}

function hitsOf(pages: readonly Api['SearchPage'][] = []): Api['SearchHit'][] {
  return pages.flatMap((page) => page.items)
}

/** The part of a query's result that its waiting is read from. */
interface Waiting {
  isPending: Ref<boolean>
  fetchStatus: Ref<'fetching' | 'paused' | 'idle'>
  refetch: () => Promise<unknown>
}

/** A search that nothing is loaded of waits while the device says that it has no network; asked once more, it is tried all the same. */
function offline(found: Waiting) {
  return {
    waiting: computed(() => found.isPending.value && found.fetchStatus.value === 'paused'),
    retry: async () => {
      onlineManager.setOnline(true)
      await found.refetch()
      onlineManager.setOnline(navigator.onLine)
    },
  }
}

/** Hits of a search, page by page; nothing is asked for while wanted is false. */
export function useHits(query: MaybeRefOrGetter<Api['SearchQuery']>, wanted: MaybeRefOrGetter<boolean>) {
  const today = useToday()
  const found = useInfiniteQuery({
    queryKey: ['search', 'hits', computed(() => keyOf(toValue(query), today.value))],
    enabled: computed(() => toValue(wanted)),
    initialPageParam: '',
    queryFn: ({ pageParam, signal }) =>
      filledPage((cursor) => call(api.GET('/search', { params: { query: { ...toValue(query), cursor: cursor || undefined, limit: pageSize } }, signal })), pageParam),
    getNextPageParam: (page) => page.next || undefined,
    staleTime: keptMs,
  })
  const pages = computed(() => found.data.value?.pages ?? [])
  return {
    hits: computed(() => hitsOf(found.data.value?.pages)),
    total: computed(() => pages.value[0]?.total),
    /** The engine's own words on the newest page. */
    said: computed(() => pages.value[pages.value.length - 1]),
    /** Reads the next page, or waits for it while it is read already; all hits then, and what failed. */
    fetchNext: async () => {
      const now = await found.fetchNextPage({ cancelRefetch: false })
      return { hits: hitsOf(now.data?.pages), failed: now.error ?? undefined }
    },
    moreFailed: computed(() => found.isFetchNextPageError.value),
    ...paging(found),
    ...offline(found),
    ...loadState(found),
  }
}

/** Conversations that a search finds something in. */
export function useHitConversations(query: MaybeRefOrGetter<Api['SearchQuery']>, wanted: MaybeRefOrGetter<boolean>) {
  const today = useToday()
  const asked = computed(() => ({ ...toValue(query), order: undefined }))
  const found = useInfiniteQuery({
    queryKey: ['search', 'conversations', computed(() => keyOf(asked.value, today.value))],
    enabled: computed(() => toValue(wanted)),
    initialPageParam: '',
    queryFn: ({ pageParam, signal }) =>
      filledPage((cursor) => call(api.GET('/search/conversations', { params: { query: { ...asked.value, cursor: cursor || undefined, limit: pageSize } }, signal })), pageParam),
    getNextPageParam: (page) => page.next || undefined,
    staleTime: keptMs,
  })
  const pages = computed(() => found.data.value?.pages ?? [])
  return {
    conversations: computed(() => pages.value.flatMap((page) => page.items)),
    said: computed(() => pages.value[pages.value.length - 1]),
    ...paging(found),
    ...offline(found),
    ...loadState(found),
  }
}

/** Has a search that is begun answered anew, whatever was found by it before. */
export function useForgetHits() {
  const client = useQueryClient()
  return (query: Api['SearchQuery']): void => {
    client.removeQueries({ queryKey: ['search', 'hits', keyOf(query, dayNow())], exact: true })
    client.removeQueries({ queryKey: ['search', 'conversations', keyOf({ ...query, order: undefined }, dayNow())], exact: true })
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
  return {
    suggestions: computed(() => (toValue(typed) ? (query.data.value ?? []) : [])),
    /** They are those of what was typed before. */
    former: computed(() => query.isPlaceholderData.value),
    ...loadState(query),
  }
}
