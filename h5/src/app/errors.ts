// Reports failures of the app itself: route name, build and stack, nothing of a
// chat, no names, no addresses with ids.
import type { App } from 'vue'
import type { Router } from 'vue-router'
import { api } from '@/api/client'
import { Problem } from '@/api/problem'
import { isAbort } from '@/bridge/aborts'
import { csrfHeader, useSession } from './session'

const maxReports = 5
let sent = 0

/** The lines of a stack, without the message (it may quote data) and without queries. */
export function frames(error: unknown): string {
  const stack = error instanceof Error ? (error.stack ?? '') : ''
  return stack
    .split('\n')
    .filter((line) => /^\s*at |@/.test(line) && /:\d+:\d+/.test(line))
    .map((line) => line.trim().replace(/[?#][^:)\s]*/g, ''))
    .join('\n')
    .slice(0, 4000)
}

/** Reports what components throw and what nobody catches. */
export function reportErrors(app: App, router: Router): void {
  const report = (error: unknown) => {
    if (error instanceof Problem || sent >= maxReports) return
    const stack = frames(error)
    if (!stack) return
    sent++
    const build = useSession().me?.build ?? ''
    const route = String(router.currentRoute.value.name ?? '')
    void api
      .POST('/client-errors', { params: { header: csrfHeader }, body: { route, build, stack } })
      .catch(() => undefined)
  }
  const log = app.config.errorHandler
  app.config.errorHandler = (error, instance, info) => {
    report(error)
    log?.(error, instance, info)
  }
  window.addEventListener('error', (event) => report(event.error))
  window.addEventListener('unhandledrejection', (event) => {
    if (isAbort(event.reason)) event.preventDefault()
    else report(event.reason)
  })
}

const reloadKey = 'huicun.reloaded'
const reloadPauseMs = 60_000

/**
 * Reloads when a page's code cannot be fetched: the server has a newer build and
 * the host kept an old page. At most once a minute, so that a broken server does
 * not make the page reload for ever.
 */
export function reloadOnNewBuild(reload: () => void = () => location.reload()): void {
  window.addEventListener('vite:preloadError', (event) => {
    const last = Number(sessionStorage.getItem(reloadKey) ?? 0)
    if (Date.now() - last < reloadPauseMs) return
    event.preventDefault()
    sessionStorage.setItem(reloadKey, String(Date.now()))
    reload()
  })
}
