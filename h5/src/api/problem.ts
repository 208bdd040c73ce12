// Failures of calls, in one shape the screens can show.
import { isKey, t } from '@/i18n/t'
import type { components } from './schema'

type ErrorBody = components['schemas']['Error']['error']

/** What kind of state a screen has to show for a failure. */
export type ProblemKind = 'offline' | 'expired' | 'forbidden' | 'not_found' | 'error'

/** A failed call. message is in the reader's language and safe to show. */
export class Problem extends Error {
  override readonly name = 'Problem'

  constructor(
    /** Stable code of the server, or `network` when it was not reached. */
    readonly code: string,
    /** Status of the answer; 0 when there was none. */
    readonly status: number,
    /** Field of the request that is at fault, where the server names one. */
    readonly field = '',
    /** For support: the server's log has it too. */
    readonly requestId = '',
    /** What the server says in its own words; English. */
    readonly detail = '',
  ) {
    super(code)
  }

  /** The state to show. */
  get kind(): ProblemKind {
    if (this.code === 'network') return 'offline'
    if (this.status === 401) return 'expired'
    if (this.status === 403) return 'forbidden'
    if (this.status === 404) return 'not_found'
    return 'error'
  }

  /** The failure in the reader's language. */
  text(): string {
    const key = `error.${this.code}`
    if (isKey(key)) return t(key)
    const general = `error.${this.code.split('.')[0]}`
    const text = isKey(general) ? t(general) : t('error.internal')
    return this.detail && this.status < 500 ? `${text}：${this.detail}` : text
  }
}

/** The problem of an answer that is no success; body is what came with it. */
export function problemOf(status: number, body: unknown): Problem {
  const error = errorBody(body)
  if (!error) return new Problem(codeOf(status), status)
  return new Problem(error.code, status, error.field, error.request_id, error.message)
}

/** Whatever was thrown, as a Problem; a call that got no answer is `network`. */
export function toProblem(thrown: unknown): Problem {
  return thrown instanceof Problem ? thrown : new Problem('network', 0)
}

function errorBody(body: unknown): ErrorBody | undefined {
  const error = (body as { error?: ErrorBody } | null | undefined)?.error
  return typeof error?.code === 'string' ? error : undefined
}

function codeOf(status: number): string {
  if (status === 401) return 'unauthenticated'
  if (status === 403) return 'forbidden'
  if (status === 404) return 'not_found'
  if (status === 429) return 'rate_limited'
  if (status === 503) return 'unavailable'
  return status >= 500 ? 'internal' : 'invalid'
}
