// Days with messages, laid out as months.
import type { Api } from '@/api/client'

/** A day of a month's grid; without messages when count is 0. */
export interface GridDay {
  /** Day of the month. */
  day: number
  /** 2026-01-31 */
  date: string
  messages: number
  violations: number
}

/** One month that has messages. */
export interface GridMonth {
  /** 2026-01 */
  key: string
  year: number
  /** 1 to 12 */
  month: number
  /** Empty cells before the first day; weeks begin on Monday. */
  blanks: number
  days: GridDay[]
}

/** Months that have messages, newest first. */
export function toMonths(days: readonly Api['Day'][]): GridMonth[] {
  const byDate = new Map(days.map((day) => [day.date, day]))
  const keys = [...new Set(days.map((day) => day.date.slice(0, 7)))].sort().reverse()
  return keys.map((key) => toMonth(key, byDate))
}

function toMonth(key: string, byDate: ReadonlyMap<string, Api['Day']>): GridMonth {
  const year = Number(key.slice(0, 4))
  const month = Number(key.slice(5, 7))
  const length = new Date(Date.UTC(year, month, 0)).getUTCDate()
  const weekday = new Date(Date.UTC(year, month - 1, 1)).getUTCDay()
  const days = Array.from({ length }, (_, i): GridDay => {
    const date = `${key}-${String(i + 1).padStart(2, '0')}`
    const found = byDate.get(date)
    return { day: i + 1, date, messages: found?.messages ?? 0, violations: found?.violations ?? 0 }
  })
  return { key, year, month, blanks: (weekday + 6) % 7, days }
}
