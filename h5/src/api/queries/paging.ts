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

/** How many empty pages are read through by itself. */
const mostEmpty = 4

/**
 * A page of a search. While an index lags, of what it names some may not be had, or
 * all: empty pages that more follows are read through, as far as is quick.
 */
export async function filledPage<P extends { items: readonly unknown[]; next?: string }>(read: (cursor: string) => Promise<P>, cursor: string): Promise<P> {
  const first = await read(cursor)
  let page = first
  for (let i = 0; i < mostEmpty && !page.items.length && page.next; i++) page = await read(page.next)
  return { ...first, ...page, next: page.next } // the total comes with the first
}
