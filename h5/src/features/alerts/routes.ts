// Routes of features/alerts. The list and one alert are one page: side by side
// on a desktop, one after the other on a phone.
import type { RouteLocationNormalizedLoaded, RouteRecordRaw } from 'vue-router'

const page = () => import('./AlertsPage.vue')
const props = (to: RouteLocationNormalizedLoaded) => ({ id: typeof to.params.id === 'string' ? to.params.id : '' })

const routes: RouteRecordRaw[] = [
  { path: '/alerts', name: 'alerts', component: page, props, meta: { level: 'page', tab: 'alerts', pane: 'alerts' } },
  { path: '/alerts/:id', name: 'alert', component: page, props, meta: { level: 'page', tab: 'alerts', pane: 'alerts' } },
]
export default routes
