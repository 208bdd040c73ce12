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

/** One month. */
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

/** All months from the first that has messages to the last, oldest first. */
export function toMonths(days: readonly Api['Day'][]): GridMonth[] {
  const byDate = new Map(days.map((day) => [day.date, day]))
  const numbers = days.map((day) => monthNumber(day.date))
  if (!numbers.length) return []
  const first = numbers.reduce((a, b) => Math.min(a, b))
  const last = numbers.reduce((a, b) => Math.max(a, b))
  return Array.from({ length: last - first + 1 }, (_, i) => toMonth(first + i, byDate))
}

/** Months since year 0. */
function monthNumber(date: string): number {
  return Number(date.slice(0, 4)) * 12 + Number(date.slice(5, 7)) - 1
}

function toMonth(number: number, byDate: ReadonlyMap<string, Api['Day']>): GridMonth {
  const year = Math.floor(number / 12)
  const month = (number % 12) + 1
  const key = `${String(year).padStart(4, '0')}-${String(month).padStart(2, '0')}`
  const length = new Date(Date.UTC(year, month, 0)).getUTCDate()
  const weekday = new Date(Date.UTC(year, month - 1, 1)).getUTCDay()
  const days = Array.from({ length }, (_, i): GridDay => {
    const date = `${key}-${String(i + 1).padStart(2, '0')}`
    const found = byDate.get(date)
    return { day: i + 1, date, messages: found?.messages ?? 0, violations: found?.violations ?? 0 }
  })
  return { key, year, month, blanks: (weekday + 6) % 7, days }
}

/** More months than these are shown a year at a time. */
const monthsAtOnce = 18

/** The years to choose from, newest first; none when all months are shown at once. */
export function yearsOf(months: readonly GridMonth[]): number[] {
  if (months.length <= monthsAtOnce) return []
  return [...new Set(months.map((month) => month.year))].reverse()
}

/** Days a key moves by; of those with messages the nearest on the way is taken. */
const steps: Partial<Record<string, number>> = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -7, ArrowDown: 7, PageUp: -28, PageDown: 28 }
const dayMs = 86_400_000

/**
 * Where a key leads from the day from: dates are those with messages, in order.
 * undefined when the key is none of the calendar's, or leads nowhere.
 */
export function dayAfterKey(dates: readonly string[], from: string, key: string): string | undefined {
  if (key === 'Home') return dates[0]
  if (key === 'End') return dates[dates.length - 1]
  const by = steps[key]
  if (!by) return undefined
  const goal = new Date(Date.parse(from) + by * dayMs).toISOString().slice(0, 10)
  if (by > 0) return dates.find((date) => date >= goal) ?? dates.filter((date) => date > from).pop()
  return dates.filter((date) => date <= goal).pop() ?? dates.find((date) => date < from)
}

/** A moment of a day in the device's zone, as the API wants it; time is 09:30, 09:30:15, or empty for midnight. */
export function momentOf(date: string, time: string): string {
  const [year = 0, month = 1, day = 1] = date.split('-').map(Number)
  const [hours = 0, minutes = 0, seconds = 0] = time ? time.split(':').map(Number) : []
  return new Date(year, month - 1, day, hours, minutes, seconds).toISOString()
}
