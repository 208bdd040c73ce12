// The conversation that is open beside the list: brought into view once it is known.
import { nextTick, watch, type Ref } from 'vue'
import type { Api } from '@/api/client'

/** How many conversations are read to find it. */
const most = 300

/** The part of a list that is needed for it. */
interface Paged {
  conversations: Ref<readonly Api['Conversation'][]>
  hasMore: Ref<boolean>
  loadMore: () => void
}

/** Has list bring cid into view, '' for none, once. */
export function useChosen(list: Ref<{ reveal: (i: number) => void } | undefined>, cid: () => string, { conversations, hasMore, loadMore }: Paged): void {
  let shown = ''

  watch([cid, conversations, list], async () => {
    const wanted = cid()
    if (!wanted || wanted === shown || !list.value) return
    const at = conversations.value.findIndex((one) => one.id === wanted)
    if (at >= 0) {
      shown = wanted
      await nextTick() // the rows are there
      list.value?.reveal(at)
    } else if (conversations.value.length && conversations.value.length < most && hasMore.value) loadMore()
  })
}
