// The filter of the alert list, kept in the address.
import type { LocationQuery } from 'vue-router'
import type { ViolationFilter } from '@/api/queries/alerts'

/** The tabs, in order. */
export const tabs = ['all', 'words', 'behaviours'] as const
/** The states to choose from, in order. */
export const states = ['open', 'handled', 'false_alarm', 'all'] as const

/** The filter an address asks for; what it does not know counts as not set. */
export function readFilter(query: LocationQuery): ViolationFilter {
  return {
    tab: tabs.find((tab) => tab === query.tab) ?? 'all',
    state: states.find((state) => state === query.state) ?? 'open',
  }
}

/** The filter as an address says it; defaults are left out. */
export function writeFilter(filter: ViolationFilter): Record<string, string> {
  const query: Record<string, string> = {}
  if (filter.tab !== 'all') query.tab = filter.tab
  if (filter.state !== 'open') query.state = filter.state
  return query
}
