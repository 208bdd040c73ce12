// Routes of features/admin. The router lets admins in only.
import type { RouteLocationNormalizedLoaded, RouteMeta, RouteRecordRaw } from 'vue-router'
import { onPhone } from '@/app/viewport'

const meta: RouteMeta = { level: 'page', tab: 'admin', admin: true }
const editor: RouteMeta = { ...meta, fresh: true }
const withId = (to: RouteLocationNormalizedLoaded) => ({ id: typeof to.params.id === 'string' ? to.params.id : '' })

/** Where the menu stands beside every part, its own page would say nothing more. */
const toFirst = () => (onPhone.value ? true : { name: 'rules', replace: true })

const rule = () => import('./rules/RulePage.vue')
const viewer = () => import('./viewers/ViewerPage.vue')

const routes: RouteRecordRaw[] = [
  { path: '/admin', name: 'admin', component: () => import('./AdminPage.vue'), beforeEnter: toFirst, meta },
  { path: '/admin/rules', name: 'rules', component: () => import('./rules/RulesPage.vue'), meta },
  { path: '/admin/rules/new', name: 'rule-new', component: rule, props: withId, meta: editor },
  { path: '/admin/rules/:id', name: 'rule', component: rule, props: withId, meta: editor },
  { path: '/admin/viewers', name: 'viewers', component: () => import('./viewers/ViewersPage.vue'), meta },
  { path: '/admin/viewers/new', name: 'viewer-new', component: viewer, props: withId, meta: editor },
  { path: '/admin/viewers/:id', name: 'viewer', component: viewer, props: withId, meta: editor },
  { path: '/admin/pushes', name: 'pushes', component: () => import('./PushesPage.vue'), meta },
  { path: '/admin/gallery', name: 'gallery', component: () => import('./gallery/GalleryPage.vue'), meta },
  { path: '/admin/status', name: 'status', component: () => import('./status/StatusPage.vue'), meta },
]
export default routes
