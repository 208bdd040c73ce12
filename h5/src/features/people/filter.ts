// The filter of the employee list, kept in the address.
import type { LocationQuery } from 'vue-router'
import type { EmployeeFilter } from '@/api/queries/people'

const states = ['all', 'archived', 'formerly', 'left'] as const

/** The filter an address asks for; what it does not know counts as not set. */
export function readFilter(query: LocationQuery): EmployeeFilter {
  return {
    q: text(query.q),
    department: text(query.department),
    state: states.find((state) => state === query.state) ?? 'all',
  }
}

/** The filter as an address says it; defaults are left out. */
export function writeFilter(filter: EmployeeFilter): Record<string, string> {
  const query: Record<string, string> = {}
  if (filter.q) query.q = filter.q
  if (filter.department) query.department = filter.department
  if (filter.state !== 'all') query.state = filter.state
  return query
}

function text(value: LocationQuery[string] | undefined): string {
  return typeof value === 'string' ? value : ''
}
