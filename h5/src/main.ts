import '@/styles/tokens.css'
import '@/styles/base.css'
import { createApp } from 'vue'
import { whenExpired } from '@/api/client'
import App from '@/app/App.vue'
import { reloadOnNewBuild, reportErrors } from '@/app/errors'
import { applyPreferences } from '@/app/preferences'
import { offerQueries } from '@/app/queries'
import { newRouter } from '@/app/router'
import { useSession } from '@/app/session'
import { restoreLocale } from '@/i18n/t'

const app = createApp(App)
const router = newRouter()
offerQueries(app)
app.use(router)
reportErrors(app, router)
reloadOnNewBuild()
applyPreferences()

const session = useSession()
whenExpired(() => (session.expired = true))
// The first requests go out while the route's code is still on its way. Who
// stands before the sign-in is nobody yet.
if (location.pathname !== '/login') void session.load()
void restoreLocale().then(() => app.mount('#app'))
