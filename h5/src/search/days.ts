// Spans of days that are asked for often.
import { isoDay } from '@/i18n/time'

/** The spans to choose from: days back from today. */
export const spans = { today: 0, week: 6, month: 29, year: 364 } as const

/** Name of a span. */
export type SpanName = keyof typeof spans

/** First and last day of a span. */
export function daysOf(span: SpanName, now: Date = new Date()): { from: string; to: string } {
  const first = new Date(now.getFullYear(), now.getMonth(), now.getDate() - spans[span])
  return { from: isoDay(first), to: isoDay(now) }
}

/** The span that these days are; undefined when they are days of their own. */
export function spanOf(from: string, to: string, now: Date = new Date()): SpanName | undefined {
  return (Object.keys(spans) as SpanName[]).find((name) => {
    const days = daysOf(name, now)
    return days.from === from && days.to === to
  })
}
