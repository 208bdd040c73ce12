// The files and links of one conversation.
import { useInfiniteQuery } from '@tanstack/vue-query'
import { computed, type MaybeRefOrGetter, toValue } from 'vue'
import type { FileTab } from '@/chat/media/tabs'
import { api, call } from '../client'
import { paging } from './paging'
import { loadState } from './state'

/** How many are asked for at a time. */
const filesPerPage = 100

/** The files or links of a conversation, newest first, page by page. */
export function useConversationFiles(cid: MaybeRefOrGetter<string>, tab: MaybeRefOrGetter<FileTab>) {
  const query = useInfiniteQuery({
    queryKey: ['files', computed(() => toValue(cid)), computed(() => toValue(tab))],
    initialPageParam: '',
    queryFn: ({ pageParam, signal }) =>
      call(
        api.GET('/conversations/{conversation_id}/media', {
          params: {
            path: { conversation_id: toValue(cid) },
            query: { tab: toValue(tab), cursor: pageParam || undefined, limit: filesPerPage },
          },
          signal,
        }),
      ),
    getNextPageParam: (page) => page.next || undefined,
  })
  const items = computed(() => query.data.value?.pages.flatMap((page) => page.items) ?? [])
  return { items, ...paging(query), ...loadState(query) }
}
