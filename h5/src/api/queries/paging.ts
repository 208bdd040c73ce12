// The paging side of lists that are read page by page.
import { computed } from 'vue'

/** The part of an infinite query that paging is read from. */
interface PagedQuery {
  hasNextPage: { value: boolean }
  isFetchingNextPage: { value: boolean }
  fetchNextPage: () => Promise<unknown>
  refetch: () => Promise<unknown>
}

/** Whether there is more, whether it is on its way, and how to ask for it. */
export function paging(query: PagedQuery) {
  return {
    hasMore: computed(() => query.hasNextPage.value),
    loadingMore: computed(() => query.isFetchingNextPage.value),
    retry: () => query.refetch(),
    loadMore(): void {
      if (query.hasNextPage.value && !query.isFetchingNextPage.value) void query.fetchNextPage()
    },
  }
}
