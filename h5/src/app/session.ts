// Who is signed in. Outlives pages: one for the app. It is the only thing that
// does and has actions; a store library for it would cost 3 KB of every landing.
import { computed, reactive, ref, shallowRef } from 'vue'
import { type Api, api, call, setCsrf } from '@/api/client'
import { type Problem, toProblem } from '@/api/problem'

/** Where the server starts signing in; it comes back to the path in `to`. */
export const signInPath = '/auth/login'

/** The address that signs in and returns to path. */
export function signInUrl(path: string): string {
  return `${signInPath}?to=${encodeURIComponent(path)}`
}

function newSession() {
  const me = shallowRef<Api['Me']>()
  const problem = shallowRef<Problem>()
  const expired = ref(false)
  const admin = computed(() => me.value?.role === 'admin')
  let loading: Promise<void> | undefined

  async function fetchMe(): Promise<void> {
    try {
      take(await call(api.GET('/me')))
    } catch (thrown) {
      problem.value = toProblem(thrown)
    } finally {
      loading = undefined
    }
  }

  /** Loads the viewer once; later calls wait for the first or do nothing. */
  function load(): Promise<void> {
    if (me.value) return Promise.resolve()
    loading ??= fetchMe()
    return loading
  }

  /** Takes a newer state of the viewer, for example after a change in /me. */
  function take(found: Api['Me']): void {
    setCsrf(found.csrf)
    me.value = found
    problem.value = undefined
    expired.value = false
  }

  /** Ends the session on the server and forgets the viewer. */
  async function signOut(): Promise<void> {
    await call(api.DELETE('/session', { params: { header: csrfHeader } }))
    me.value = undefined
    setCsrf('')
  }

  return reactive({ me, problem, expired, admin, load, take, signOut })
}

let session: ReturnType<typeof newSession> | undefined

/** The viewer, as GET /me tells. */
export function useSession() {
  session ??= newSession()
  return session
}

/** Begins anew with nobody signed in, as a reload of the page does. */
export function forgetSession(): void {
  session = undefined
}

/**
 * The header the contract asks for where a call changes something. The client
 * sets its value; here it only satisfies the type.
 */
export const csrfHeader = { 'X-CSRF-Token': '' }
