// Times as they are read in chats and lists: always absolute, in the device's zone.
import { type Locale, locale, t } from './t'

const formatters = new Map<string, Intl.DateTimeFormat>()

function format(at: Date, options: Intl.DateTimeFormatOptions): string {
  const key = locale() + JSON.stringify(options)
  let found = formatters.get(key)
  if (!found) formatters.set(key, (found = new Intl.DateTimeFormat(locale(), options)))
  return found.format(at)
}

const clock: Intl.DateTimeFormatOptions = { hour: '2-digit', minute: '2-digit', hour12: false, hourCycle: 'h23' }
const shortDay: Record<Locale, Intl.DateTimeFormatOptions> = {
  'zh-CN': { month: 'long', day: 'numeric' },
  en: { month: 'short', day: 'numeric' },
}

/** 10:42; the same in every language, and every row has one. */
export function clockTime(at: Date): string {
  return `${two(at.getHours())}:${two(at.getMinutes())}`
}

function two(n: number): string {
  return String(n).padStart(2, '0')
}

/** 10:42:07 */
export function secondsTime(at: Date): string {
  return format(at, { ...clock, second: '2-digit' })
}

/** Whether a and b fall on one day of the device's zone. */
export function sameDay(a: Date, b: Date): boolean {
  return a.getFullYear() === b.getFullYear() && a.getMonth() === b.getMonth() && a.getDate() === b.getDate()
}

/** 今天, 昨天, 10月14日, 2025年10月14日. */
export function dayLabel(at: Date, now: Date = new Date()): string {
  if (sameDay(at, now)) return t('common.today')
  const yesterday = new Date(now)
  yesterday.setDate(now.getDate() - 1)
  if (sameDay(at, yesterday)) return t('common.yesterday')
  return dayName(at, at.getFullYear() === now.getFullYear())
}

/** The day named last: rows one below the other are mostly of one day, and naming it is slow. */
let named = { key: '', name: '' }

function dayName(at: Date, thisYear: boolean): string {
  const key = `${locale()} ${thisYear} ${isoDay(at)}`
  const options = shortDay[locale()]
  if (named.key !== key) named = { key, name: format(at, thisYear ? options : { ...options, year: 'numeric' }) }
  return named.name
}

/** 今天 10:42, 10月14日 10:42, 2025年10月14日 10:42. */
export function momentLabel(at: Date, now: Date = new Date()): string {
  return `${dayLabel(at, now)} ${clockTime(at)}`
}

/** For lists: the clock today, else the day. */
export function listTime(at: Date, now: Date = new Date()): string {
  return sameDay(at, now) ? clockTime(at) : dayLabel(at, now)
}

/** With seconds and the year, for details. */
export function exactTime(at: Date): string {
  return format(at, {
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    ...clock,
    second: '2-digit',
  })
}

/** 2026-01-31 in the device's zone. */
export function isoDay(at: Date): string {
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`
}

/** 1:05 or 1:02:05 */
export function duration(seconds: number): string {
  const s = Math.max(0, Math.round(seconds))
  const hours = Math.floor(s / 3600)
  const minutes = Math.floor((s % 3600) / 60)
  return hours ? `${hours}:${two(minutes)}:${two(s % 60)}` : `${minutes}:${two(s % 60)}`
}

/** 180 KB, 1.4 MB */
export function bytes(n: number): string {
  if (n < 1024) return `${n} B`
  if (n < 1024 * 1024) return `${Math.round(n / 1024)} KB`
  const mb = n / 1024 / 1024
  return mb < 1024 ? `${mb.toFixed(mb < 10 ? 1 : 0)} MB` : `${(mb / 1024).toFixed(1)} GB`
}
