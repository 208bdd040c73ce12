import '@/styles/tokens.css'
import '@/styles/base.css'
import '@/styles/vant-overrides.css'
import { VueQueryPlugin } from '@tanstack/vue-query'
import { createPinia } from 'pinia'
import { createApp } from 'vue'
import { whenExpired } from '@/api/client'
import App from '@/app/App.vue'
import { reportErrors } from '@/app/errors'
import { applyPreferences } from '@/app/preferences'
import { newQueryClient } from '@/app/queryClient'
import { newRouter } from '@/app/router'
import { useSession } from '@/app/session'
import { restoreLocale } from '@/i18n/t'

const app = createApp(App)
const router = newRouter()
app.use(createPinia())
app.use(router)
app.use(VueQueryPlugin, { queryClient: newQueryClient() })
reportErrors(app, router)
applyPreferences()

const session = useSession()
whenExpired(() => (session.expired = true))
// The first requests go out while the route's code is still on its way.
void session.load()
void restoreLocale().then(() => app.mount('#app'))
