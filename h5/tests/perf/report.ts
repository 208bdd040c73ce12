// What was measured, beside what it may be: one JSON line a result, a table at
// the end, and whether the run has failed.
import { readFileSync } from 'node:fs'

/** One line of the table of budgets. */
export interface Result {
  name: string
  measured: number
  unit: string
  /** What may not be exceeded, or, with floor, undercut. */
  budget: number
  floor?: boolean
  /** A figure of the clock, which a busy machine spoils: it fails a strict run only. */
  clock?: boolean
  /** How it came about, for whoever reads the figure. */
  note?: string
}

/** Whether a result keeps its budget. */
export function keeps({ measured, budget, floor }: Result): boolean {
  return floor ? measured >= budget : measured <= budget
}

/** The middle one of values, or another share of them: 0.95 gives p95. */
export function quantile(values: readonly number[], share = 0.5): number {
  const sorted = [...values].sort((a, b) => a - b)
  const found = sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1))]
  if (found === undefined) throw new Error('nothing was measured')
  return found
}

/** A figure without digits that mean nothing. */
export function rounded(value: number): number {
  return Math.abs(value) >= 100 ? Math.round(value) : Math.round(value * 100) / 100
}

/** Work waiting on this machine: over 1, 5 and 15 minutes; empty where it is not told. */
export function load(): string {
  try {
    return readFileSync('/proc/loadavg', 'utf8').split(' ').slice(0, 3).join(' ')
  } catch {
    return ''
  }
}

/** Collects results and says in the end how it went. */
export class Report {
  private readonly results: Result[] = []

  constructor(
    private readonly strict: boolean,
    private readonly write: (line: string) => void = (line) => console.log(line),
  ) {}

  /** Prints a result as a line of JSON. */
  add(result: Result): void {
    const shown = { ...result, measured: rounded(result.measured) }
    this.results.push(shown)
    this.write(JSON.stringify({ ...shown, ok: keeps(shown), gate: this.gates(shown), load: load() }))
  }

  /** Prints the table; gives the exit status: 1 when a budget that counts is not kept. */
  close(): number {
    const width = Math.max(...this.results.map((one) => one.name.length), 4)
    this.write('')
    for (const one of this.results) {
      const verdict = keeps(one) ? 'ok  ' : this.gates(one) ? 'OVER' : 'over'
      const budget = `${one.floor ? '>=' : '<='} ${one.budget} ${one.unit}`.trim()
      this.write(`${verdict}  ${one.name.padEnd(width)}  ${String(one.measured).padStart(8)}  ${budget}${one.note ? `  (${one.note})` : ''}`)
    }
    const failed = this.results.filter((one) => !keeps(one) && this.gates(one))
    const late = this.results.filter((one) => !keeps(one) && !this.gates(one))
    this.write('')
    this.write(`load ${load() || 'unknown'}; ${failed.length} of ${this.results.length} over their budget`)
    if (late.length) this.write(`${late.length} by the clock besides, which count with --strict on an idle machine`)
    return failed.length || !this.results.length ? 1 : 0
  }

  private gates(result: Result): boolean {
    return this.strict || !result.clock
  }
}
