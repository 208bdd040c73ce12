// The only way to the server: typed by its contract, with the CSRF header on
// every call that changes something.
import createClient, { type Middleware } from 'openapi-fetch'
import { early } from './early'
import { Problem, problemOf } from './problem'
import type { components, paths } from './schema'

/** The API's types by name. */
export type Api = components['schemas']

/** Prefix of every API address. */
export const apiBase = '/api/v1'

let csrf = ''
let onExpired: () => void = () => undefined

/** Remembers the token that GET /me gave. */
export function setCsrf(token: string): void {
  csrf = token
}

/** Names what happens when the server says that the session is over. */
export function whenExpired(handler: () => void): void {
  onExpired = handler
}

const guard: Middleware = {
  onRequest({ request }) {
    if (request.method !== 'GET') request.headers.set('X-CSRF-Token', csrf)
    return request
  },
  onError() {
    return new Problem('network', 0)
  },
}

/** The typed client. fetch is looked up for each call, so that tests can replace it. */
export const api = createClient<paths>({
  baseUrl: apiBase,
  credentials: 'same-origin',
  fetch: (request) => early(request) ?? globalThis.fetch(request),
})
api.use(guard)

/** What a call of the client settles to. */
interface Answer<T> {
  data?: T
  error?: unknown
  response: Response
}

/** The data of a call, or a Problem thrown. */
export async function call<T>(answer: Promise<Answer<T>>): Promise<T> {
  const { data, error, response } = await answer
  if (response.ok) return data as T
  if (response.status === 401) onExpired()
  throw problemOf(response.status, error)
}
