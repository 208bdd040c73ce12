// Mounts a page with what it stands in: router, session, queries, and a server
// that answers what the test says.
import { QueryClient, VueQueryPlugin } from '@tanstack/vue-query'
import { enableAutoUnmount, flushPromises, mount, type VueWrapper } from '@vue/test-utils'
import { afterEach, vi } from 'vitest'
import type { Component } from 'vue'
import { createMemoryHistory, createRouter, type Router } from 'vue-router'
import { forgetSession } from '@/app/session'

enableAutoUnmount(afterEach)

/** A call that reached the server. */
export interface Call {
  method: string
  path: string
  query: URLSearchParams
  body: unknown
  csrf: string | null
}

/** An answer: a body, or a status and an error code. */
export type Answer = { body: unknown } | { status: number; code: string; field?: string }

/** Answers every call with what answer gives, once it gives it, and keeps the calls. */
export function serve(answer: (call: Call) => Answer | Promise<Answer>): Call[] {
  const calls: Call[] = []
  vi.spyOn(globalThis, 'fetch').mockImplementation(async (input) => {
    const request = input as Request
    const url = new URL(request.url)
    const text = request.method === 'GET' ? '' : await request.text()
    const call = {
      method: request.method,
      path: url.pathname.replace('/api/v1', ''),
      query: url.searchParams,
      body: text ? (JSON.parse(text) as unknown) : undefined,
      csrf: request.headers.get('X-CSRF-Token'),
    }
    calls.push(call)
    return respond(await answer(call))
  })
  return calls
}

function respond(found: Answer): Response {
  const headers = { 'Content-Type': 'application/json' }
  if (!('status' in found)) return new Response(JSON.stringify(found.body), { status: 200, headers })
  const error = { code: found.code, field: found.field, message: 'said by the server', request_id: 'req-1' }
  return new Response(JSON.stringify({ error }), { status: found.status, headers })
}

/** What a mounted page can be asked. */
export interface Screen {
  page: VueWrapper
  router: Router
}

const names = ['alerts', 'alert', 'people', 'contacts', 'chat', 'admin', 'rules', 'rule', 'rule-new', 'viewers', 'viewer', 'viewer-new', 'pushes', 'status', 'gallery', 'me', 'media', 'days', 'search']

/** The page of component, after its first answers. */
export async function show(component: Component, props: Record<string, unknown> = {}, at = '/alerts'): Promise<Screen> {
  forgetSession()
  const router = createRouter({
    history: createMemoryHistory(),
    routes: names.map((name) => ({ path: `/${name}/:id?/:cid?/:uid?`, name, component: { render: () => null }, meta: { level: 'page' as const } })),
  })
  await router.push(at)
  const queryClient = new QueryClient({ defaultOptions: { queries: { retry: false }, mutations: { retry: false } } })
  const page = mount(component, {
    props,
    attachTo: document.body,
    global: { plugins: [router, [VueQueryPlugin, { queryClient }]] },
  })
  await settle()
  return { page, router }
}

/** Waits until answers have arrived and are drawn. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 5; i++) await flushPromises()
}

/** The text of everything on the page, sheets included. */
export function shown(): string {
  return document.body.textContent ?? ''
}

/** The button that reads text; sheets included. */
export function button(text: string): HTMLButtonElement {
  const found = [...document.querySelectorAll<HTMLButtonElement>('button')].find(
    (one) => one.textContent?.trim() === text || one.getAttribute('aria-label') === text,
  )
  if (!found) throw new Error(`no button ${text}`)
  return found
}
