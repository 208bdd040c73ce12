// Routes. A route is the same at every width; only the shell around it differs.
import { createRouter, createWebHistory, type Router, type RouteRecordRaw } from 'vue-router'
import adminRoutes from '@/features/admin/routes'
import alertRoutes from '@/features/alerts/routes'
import meRoutes from '@/features/me/routes'
import { withPageTexts, withTexts } from './queries'
import { useSession } from './session'

declare module 'vue-router' {
  interface RouteMeta {
    /**
     * Where the page sits: the archive's three levels share panes on a desktop,
     * `page` has the main area for itself, `bare` has no navigation around it.
     */
    level: 'people' | 'contacts' | 'chat' | 'search' | 'page' | 'bare'
    /** The tab it belongs to. */
    tab?: 'alerts' | 'people' | 'search' | 'admin' | 'me'
    /** Each address is a page of its own, made anew when it is opened: a form. */
    fresh?: boolean
    /** Routes with the same pane share one page on a desktop: only its props change. */
    pane?: string
    /** Only admins get in. */
    admin?: boolean
  }
}

const routes: RouteRecordRaw[] = [
  { path: '/', name: 'home', redirect: '/people' },
  {
    path: '/people',
    name: 'people',
    component: withPageTexts(() => import('@/features/people/PeoplePane.vue')),
    meta: { level: 'people', tab: 'people' },
  },
  {
    path: '/people/:uid',
    name: 'contacts',
    component: withPageTexts(() => import('@/features/people/ContactsPane.vue')),
    props: true,
    meta: { level: 'contacts', tab: 'people' },
  },
  {
    path: '/c/:cid',
    name: 'chat',
    component: () => import('@/chat/ChatPage.vue'),
    meta: { level: 'chat', tab: 'people' },
    // Beside the chat, or over it on a phone.
    children: [
      { path: 'media', name: 'media', component: withPageTexts(() => import('@/chat/media/MediaPane.vue')) },
      { path: 'days', name: 'days', component: withPageTexts(() => import('@/chat/media/DaysPane.vue')) },
      { path: 'find', name: 'find', component: withPageTexts(() => import('@/chat/find/FindPane.vue')) },
    ],
  },
  {
    path: '/search',
    name: 'search',
    component: withPageTexts(() => import('@/search/SearchPage.vue')),
    meta: { level: 'search', tab: 'search' },
  },
  ...[...alertRoutes, ...adminRoutes, ...meRoutes].map(withData),
  {
    path: '/login',
    name: 'login',
    component: withTexts(() => import('@/app/pages/LoginPage.vue')),
    meta: { level: 'bare' },
  },
  {
    path: '/403',
    name: 'forbidden',
    component: withTexts(() => import('@/app/pages/ForbiddenPage.vue')),
    meta: { level: 'bare' },
  },
  {
    path: '/:rest(.*)*',
    name: 'not-found',
    component: withTexts(() => import('@/app/pages/NotFoundPage.vue')),
    meta: { level: 'bare' },
  },
]

/** The route, its page loaded together with the query library and its texts. */
function withData(route: RouteRecordRaw): RouteRecordRaw {
  const { component } = route
  if (typeof component !== 'function') return route
  return { ...route, component: withPageTexts(component as () => Promise<unknown>) } as RouteRecordRaw
}

/** The app's router. */
export function newRouter(): Router {
  const router = createRouter({ history: createWebHistory(), routes })
  router.beforeEach(async (to) => {
    if (!to.meta.admin) return true
    const session = useSession()
    await session.load()
    return session.me && !session.admin ? { name: 'forbidden', replace: true } : true
  })
  return router
}
