// The tabs of the navigation: those whose pages exist and that the viewer may open.
import { computed } from 'vue'
import { type RouteLocationNormalizedLoaded, useRouter } from 'vue-router'
import type { Key } from '@/i18n/t'
import type { IconName } from '@/ui/icons'
import { useSession } from './session'
import { onPhone } from './viewport'

/** One entry of the navigation. */
export interface Tab {
  /** Name of the route it leads to; also RouteMeta.tab. */
  name: 'alerts' | 'people' | 'search' | 'admin' | 'me'
  label: Key
  icon: IconName
}

const tabs: Tab[] = [
  { name: 'alerts', label: 'nav.alerts', icon: 'bell' },
  { name: 'people', label: 'nav.people', icon: 'chat' },
  { name: 'search', label: 'common.search', icon: 'search' },
  { name: 'admin', label: 'nav.admin', icon: 'admin' },
  { name: 'me', label: 'nav.me', icon: 'person' },
]

/** The viewer's tabs, in order. */
export function useTabs() {
  const router = useRouter()
  const session = useSession()
  return computed(() =>
    tabs.filter((tab) => router.hasRoute(tab.name) && (tab.name !== 'admin' || session.admin)),
  )
}

/** What tells one page from another: the same key keeps the page that is shown. */
export function pageKey(route: RouteLocationNormalizedLoaded): string {
  const { level, fresh, pane } = route.meta
  if (level === 'chat') return `c/${String(route.params.cid)}`
  if (fresh) return route.path
  return (!onPhone.value && pane) || String(route.name)
}
