// The files and links of one conversation.
import { type InfiniteData, useInfiniteQuery, useQueryClient } from '@tanstack/vue-query'
import { computed, type MaybeRefOrGetter, toValue } from 'vue'
import type { FileTab } from '@/chat/media/tabs'
import { type Api, api, call } from '../client'
import { paging } from './paging'
import { loadState } from './state'

type Page = Api['MediaPage']

/** How many are asked for at a time. */
const filesPerPage = 100
/** More pages than these are not read again as a whole. */
const fewPages = 5
/** How many where one message's are wanted, or the newest. */
const fewFiles = 40

/** The files or links of a conversation, newest first, page by page. */
export function useConversationFiles(cid: MaybeRefOrGetter<string>, tab: MaybeRefOrGetter<FileTab>) {
  const client = useQueryClient()
  const key = computed(() => ['files', toValue(cid), toValue(tab)] as const)
  const query = useInfiniteQuery({
    queryKey: key,
    initialPageParam: '',
    queryFn: ({ pageParam, signal }) => readFiles(toValue(cid), toValue(tab), { cursor: pageParam || undefined, limit: filesPerPage }, signal),
    getNextPageParam: (page) => page.next || undefined,
  })
  const items = computed(() => query.data.value?.pages.flatMap((page) => page.items) ?? [])

  /** Reads those of a message again, or without one the newest, and what the answer has beside them. */
  async function refresh(around?: string): Promise<string[]> {
    const of = key.value
    const page = await readFiles(of[1], of[2], { around, limit: fewFiles })
    client.setQueryData<InfiniteData<Page, string>>(of, (old) => old && { ...old, pages: withFiles(old.pages, page.items, around === undefined) })
    return page.items.map((item) => item.message_id)
  }

  /** The other tabs are read again when they are opened. */
  function othersChanged(): void {
    void client.invalidateQueries({ queryKey: ['files', key.value[1]], refetchType: 'none', predicate: (one) => one.queryKey[2] !== key.value[2] })
  }

  /** Reads all that is there again, unless that is too much: false. */
  function readAgain(): boolean {
    othersChanged()
    if ((query.data.value?.pages.length ?? 0) > fewPages) return false
    void query.refetch()
    return true
  }

  return { items, refresh, othersChanged, readAgain, ...paging(query), ...loadState(query) }
}

function readFiles(cid: string, tab: FileTab, part: { cursor?: string; around?: string; limit: number }, signal?: AbortSignal): Promise<Page> {
  return call(api.GET('/conversations/{conversation_id}/media', { params: { path: { conversation_id: cid }, query: { tab, ...part } }, signal }))
}

/** Pages with items as they were read now; with the newest, those that came since stand first. */
export function withFiles(pages: readonly Page[], items: readonly Api['MediaItem'][], newest: boolean): Page[] {
  const keyOf = (item: Api['MediaItem']) => `${item.message_id}/${item.pos}`
  const now = new Map(items.map((item) => [keyOf(item), item]))
  const known = new Set(pages.flatMap((page) => page.items.map(keyOf)))
  const first = pages[0]?.items[0]?.sent_at ?? ''
  const added = newest ? items.filter((item) => !known.has(keyOf(item)) && item.sent_at >= first) : []
  return pages.map((page, i) => {
    const own = page.items.map((item) => now.get(keyOf(item)) ?? item)
    return { ...page, items: i ? own : [...added, ...own] }
  })
}
