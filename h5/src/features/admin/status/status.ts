// The archive's state put into words.
import type { Api } from '@/api/client'
import { isKey, t } from '@/i18n/t'

type Status = Api['Status']

/** A length of time in its two largest units: 4 天 6 小时, 3 分 20 秒. */
export function span(seconds: number): string {
  const left = Math.max(0, Math.floor(seconds))
  const parts = [
    { key: 'admin.span.days', n: Math.floor(left / 86_400) },
    { key: 'admin.span.hours', n: Math.floor(left / 3600) % 24 },
    { key: 'admin.span.minutes', n: Math.floor(left / 60) % 60 },
    { key: 'admin.span.seconds', n: left % 60 },
  ] as const
  const first = parts.findIndex((part) => part.n > 0)
  if (first < 0) return t('admin.span.seconds', { n: 0 })
  return parts
    .slice(first, first + 2)
    .filter((part, i) => i === 0 || part.n > 0)
    .map((part) => t(part.key, { n: part.n }))
    .join(' ')
}

/** How good or bad a level of alarm is. */
export function toneOf(alarm: Status['alarm']): 'good' | 'warn' | 'bad' {
  if (alarm === 'none') return 'good'
  return alarm === 'notice' || alarm === 'warning' ? 'warn' : 'bad'
}

/** By how many messages received differs from stored and held back together. */
export function imbalance(status: Status): number {
  return Math.abs(status.received - status.stored - status.quarantined)
}

/** Why messages are held back, and what to do about it. */
export function advice(group: Api['QuarantineGroup']): { reason: string; todo: string } {
  const params = { version: String(group.publickey_ver) }
  const text = (part: 'reason' | 'todo') => {
    const key = `admin.status.${part}.${group.reason}`
    return t(isKey(key) ? key : `admin.status.${part}.other`, params)
  }
  return { reason: text('reason'), todo: text('todo') }
}

/** How a pull ended; still under way when it has no end. */
export function outcomeOf(pull: Api['Pull']): { label: string; tone: '' | 'good' | 'bad' } {
  if (!pull.finished_at) return { label: t('admin.status.pull.running'), tone: '' }
  const tones = { stored: 'good', empty: '', error: 'bad' } as const
  return { label: t(`admin.status.pull.${pull.outcome}`), tone: tones[pull.outcome] }
}

/** What a pull brought: how many messages were new, how many were held already. */
export function contentOf(pull: Api['Pull']): string {
  if (!pull.received) return ''
  const fresh = t('admin.status.pull.new', { n: Math.max(0, pull.received - pull.duplicates) })
  return pull.duplicates ? `${fresh}${t('admin.status.pull.repeated', { n: pull.duplicates })}` : fresh
}

/** Why a pull failed, in words; '' when there are none for it. */
export function causeOf(cause: string | undefined): string {
  const key = `admin.status.cause.${cause}`
  return isKey(key) ? t(key) : ''
}
