// The search of the address, and the ways from one to the next.
import { shallowRef, watch } from 'vue'
import { useRoute, useRouter } from 'vue-router'
import { useForgetHits } from '@/api/queries/search'
import { emptySearch, packSearch, readSearch, type Search, toQuery, unpackSearch, writeSearch } from './query'

/** Resolves when no overlay has an entry in the history any more: then the address may change. */
function withoutOverlays(): Promise<void> {
  const state = window.history.state as { overlay?: number } | null
  if (!state?.overlay) return Promise.resolve()
  return new Promise((resolve) => {
    window.addEventListener('popstate', () => resolve(withoutOverlays()), { once: true })
  })
}

/** The search that the address asks for: its own, or the one that the open hit was found by. */
export function useSearch() {
  const route = useRoute()
  const router = useRouter()
  const forgetHits = useForgetHits()
  const search = shallowRef<Search>(unpackSearch(asked() ?? ''))

  /** undefined while the page is another's: the search stays what it was. */
  function asked(): string | undefined {
    if (route.name === 'search') return packSearch(readSearch(route.query))
    return typeof route.query.s === 'string' && route.query.s ? route.query.s : undefined
  }

  watch(asked, (packed) => {
    if (packed !== undefined && packed !== packSearch(search.value)) search.value = unpackSearch(packed)
  })

  /**
   * Changes the search; the address follows when sheets are closed. One that was made before is
   * made again. The way back leads to what was searched for before: other words are a step, and
   * so is emptying the field, but the next words take the place of the empty one.
   */
  async function change(part: Partial<Search>, emptied = false): Promise<void> {
    const { q } = search.value
    const before = packSearch(search.value)
    const next = { ...search.value, ...part }
    if (packSearch({ ...next, view: search.value.view }) !== before) forgetHits(toQuery(next))
    search.value = next
    await withoutOverlays()
    const to = { name: 'search', query: writeSearch(search.value), state: { emptied } }
    const stays = (window.history.state as { emptied?: boolean } | null)?.emptied || (before !== '' && next.q === q)
    if (!stays || route.name !== 'search') await router.push(to)
    else await router.replace(to)
  }

  return { search, change, clear: () => change(emptySearch()) }
}
