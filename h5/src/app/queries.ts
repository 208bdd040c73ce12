// What is kept out of the way of chats, since a push alert lands on a page that
// does not need it: the query library, and the texts of other pages.
import type { App } from 'vue'
import { loadPageTexts } from '@/i18n/t'

let host: App | undefined
let ready: Promise<void> | undefined

/** Names the app that the query library is installed into when it is needed. */
export function offerQueries(app: App): void {
  host = app
}

async function install(): Promise<void> {
  const [{ VueQueryPlugin }, { newQueryClient }] = await Promise.all([
    import('@tanstack/vue-query'),
    import('./queryClient'),
  ])
  host?.use(VueQueryPlugin, { queryClient: newQueryClient() })
}

/** A loader that has the query library in place before its page is made. */
export function withQueries<T>(load: () => Promise<T>): () => Promise<T> {
  return async () => {
    ready ??= install().catch((failure: unknown) => {
      ready = undefined // the next attempt asks again
      throw failure
    })
    const [page] = await Promise.all([load(), ready])
    return page
  }
}

/** A loader that has the texts in place which the landing in a chat does without. */
export function withTexts<T>(load: () => Promise<T>): () => Promise<T> {
  return async () => {
    const [found] = await Promise.all([load(), loadPageTexts()])
    return found
  }
}

/** A loader that has both in place. */
export function withPageTexts<T>(load: () => Promise<T>): () => Promise<T> {
  return withTexts(withQueries(load))
}
