// Spans of days that are asked for often.

/** The spans to choose from: so many days, today among them. */
export const spans = { today: 1, week: 7, month: 30, year: 365 } as const

/** Name of a span. */
export type SpanName = keyof typeof spans

/** The span of so many days; undefined when that is none to choose from. */
export function spanOf(days: number): SpanName | undefined {
  return (Object.keys(spans) as SpanName[]).find((name) => spans[name] === days)
}
