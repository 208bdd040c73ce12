// The tabs of the navigation: those whose pages exist and that the viewer may open.
import { computed } from 'vue'
import { useRouter } from 'vue-router'
import type { Key } from '@/i18n/t'
import type { IconName } from '@/ui/icons'
import { useSession } from './session'

/** One entry of the navigation. */
export interface Tab {
  /** Name of the route it leads to; also RouteMeta.tab. */
  name: 'alerts' | 'people' | 'admin' | 'me'
  label: Key
  icon: IconName
}

const tabs: Tab[] = [
  { name: 'alerts', label: 'nav.alerts', icon: 'bell' },
  { name: 'people', label: 'nav.people', icon: 'chat' },
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
