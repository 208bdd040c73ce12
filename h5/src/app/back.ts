// The way back from a page: where the viewer came from, else its parent.
import { type RouteLocationRaw, useRouter } from 'vue-router'

/** Goes back in the history of this app, or to parent when the page was opened by a link. */
export function useBack(parent: RouteLocationRaw): () => void {
  const router = useRouter()
  return () => {
    if (window.history.state?.back) router.back()
    else void router.replace(parent)
  }
}
