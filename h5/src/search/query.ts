// What is searched for, and how an address says it. The address is the truth: a
// reload, a link and the way back all find the same search again.
import type { LocationQuery } from 'vue-router'
import type { Api } from '@/api/client'
import { isoDay } from '@/i18n/time'

/** Hits one by one, or the conversations that have them. */
export type View = 'messages' | 'conversations'

/** A search as the page holds it. Empty fields do not limit. */
export interface Search {
  q: string
  /** Traditional and simplified characters differ. */
  exact: boolean
  /** Person ids; one of them said it. */
  sender: string[]
  /** Person ids; all of them are in the conversation. */
  person: string[]
  department: string[]
  conversation: string[]
  chat: Api['SearchChat'] | ''
  side: Api['SearchSide'] | ''
  /** As on the wire. */
  type: string[]
  /** First and last day, 2026-01-31 in the device's zone. */
  from: string
  to: string
  /** The last so many days instead, today among them; 0 for from and to. */
  days: number
  has: Api['SearchHas'][]
  revoked: boolean
  sensitive: boolean
  order: Api['SearchOrder']
  view: View
}

/** The kinds of message chats have. */
export const chats = ['direct', 'group'] as const
/** Who is in a conversation. */
export const sides = ['external', 'internal'] as const
/** What a message may have. */
export const extras = ['file', 'link', 'qr'] as const
/** Orders of hits, the default first. */
export const orders = ['newest', 'oldest', 'best'] as const

/** How many characters of a query the server takes, and how many days back from today. */
export const longestQuery = 200
const mostDays = 3660
/** How many of a longer one an address has, which proxies take only so much of; none of it is searched for. */
const mostWritten = 600

const lists = ['sender', 'person', 'department', 'conversation', 'type'] as const
const switches = ['exact', 'revoked', 'sensitive'] as const

/** Nothing is searched for. */
export function emptySearch(): Search {
  return {
    q: '', exact: false, sender: [], person: [], department: [], conversation: [], chat: '', side: '', type: [],
    from: '', to: '', days: 0, has: [], revoked: false, sensitive: false, order: 'newest', view: 'messages',
  }
}

/** The search an address asks for; what it does not know counts as not set. */
export function readSearch(query: LocationQuery): Search {
  const search = emptySearch()
  search.q = texts(query.q)[0] ?? ''
  for (const name of lists) search[name] = [...new Set(texts(query[name]))]
  for (const name of switches) search[name] = query[name] === '1'
  search.chat = chats.find((one) => one === query.chat) ?? ''
  search.side = sides.find((one) => one === query.side) ?? ''
  search.has = extras.filter((one) => texts(query.has).includes(one))
  search.order = orders.find((one) => one === query.order) ?? 'newest'
  search.view = query.view === 'conversations' ? 'conversations' : 'messages'
  search.days = countOf(texts(query.days)[0])
  if (!search.days) [search.from, search.to] = inOrder(dayOf(texts(query.from)[0]), dayOf(texts(query.to)[0]))
  return search
}

/** The search as an address says it; what is not set is left out. */
export function writeSearch(search: Search): Record<string, string | string[]> {
  const query: Record<string, string | string[]> = {}
  if (search.q) query.q = search.q.length > mostWritten ? [...search.q.trim()].slice(0, mostWritten).join('') : search.q
  for (const name of [...lists, 'has'] as const) if (search[name].length) query[name] = [...search[name]]
  for (const name of switches) if (search[name]) query[name] = '1'
  for (const name of ['chat', 'side', 'from', 'to'] as const) if (search[name]) query[name] = search[name]
  if (search.days) query.days = String(search.days)
  if (search.order !== 'newest') query.order = search.order
  if (search.view !== 'messages') query.view = search.view
  return query
}

/** The search in one text, for the address of a hit that is opened: the way back to its list. */
export function packSearch(search: Search): string {
  const packed = new URLSearchParams()
  for (const [name, value] of Object.entries(writeSearch(search))) {
    for (const one of [value].flat()) packed.append(name, one)
  }
  return packed.toString()
}

/** The search that packSearch made a text of. */
export function unpackSearch(packed: string): Search {
  const query: LocationQuery = {}
  for (const [name, value] of new URLSearchParams(packed)) query[name] = [...[query[name] ?? []].flat(), value]
  for (const [name, value] of Object.entries(query)) if (Array.isArray(value) && value.length === 1) query[name] = value[0] as string
  return readSearch(query)
}

/** Whether there is something to search for: words, or at least one filter. */
export function asks(search: Search): boolean {
  return search.q.trim() !== '' || limits(search)
}

/** Whether a filter is set. */
export function limits(search: Search): boolean {
  const { sender, person, department, conversation, type, has, chat, side, revoked, sensitive } = search
  return [sender, person, department, conversation, type, has].some((one) => one.length > 0) || Boolean(chat || side || revoked || sensitive) || dated(search)
}

/** What makes a search one of any time. */
export const anyDay = { from: '', to: '', days: 0 }

/** Whether a search is one of some days. */
export function dated({ from, to, days }: Search): boolean {
  return Boolean(from || to || days)
}

/** The search without its filters; what was written, how and in which order stays. */
export function withoutFilters(search: Search): Search {
  const { q, exact, order, view } = search
  return { ...emptySearch(), q, exact, order, view }
}

/** Whether two searches find the same, in whatever order and view. */
export function sameSearch(one: Search, other: Search): boolean {
  const sorted = (search: Search) => packSearch({ ...search, q: search.q.trim(), order: 'newest', view: 'messages' }).split('&').sort().join('&')
  return sorted(one) === sorted(other)
}

/** The search as the API and saved searches have it. */
export function toQuery(search: Search): Api['SearchQuery'] {
  const list = <T>(items: T[]) => (items.length ? [...items] : undefined)
  const { q, sender, person, department, conversation, type, has, order } = search
  return {
    q: q.trim() || undefined,
    exact: search.exact || undefined,
    sender: list(sender),
    person: list(person),
    department: list(department),
    conversation: list(conversation),
    chat: search.chat || undefined,
    side: search.side || undefined,
    type: list(type),
    ...between(search.from, search.to),
    days: search.days || undefined,
    has: list(has),
    revoked: search.revoked || undefined,
    sensitive: search.sensitive || undefined,
    order: order === 'newest' ? undefined : order,
  }
}

/** The search that a saved one asks for. */
export function fromQuery(query: Api['SearchQuery']): Search {
  const { from, to, chat, side, order, ...rest } = query
  const given = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined && value !== null))
  return {
    ...emptySearch(),
    ...given,
    chat: chat ?? '',
    side: side ?? '',
    order: order ?? 'newest',
    from: from ? isoDay(new Date(from)) : '',
    to: to ? isoDay(new Date(Date.parse(to) - 1)) : '', // before it: the last moment belongs to the last day
  }
}

/** From the first moment of the day from until before that of the day behind to; '' for no bound. */
export function between(from: string, to: string): { from?: string; to?: string } {
  return {
    from: from ? midnight(from, 0).toISOString() : undefined,
    to: to ? midnight(to, 1).toISOString() : undefined,
  }
}

/** The days from and to, the earlier one first where both are given. */
export function inOrder(from: string, to: string): [string, string] {
  return from && to && from > to ? [to, from] : [from, to]
}

/** The first moment of the day that lies so many days behind day. */
function midnight(day: string, days: number): Date {
  const [year = 0, month = 1, date = 1] = day.split('-').map(Number)
  return new Date(year, month - 1, date + days)
}

/** A number of days that the server takes, else 0. */
function countOf(text = ''): number {
  const days = /^\d{1,4}$/.test(text) ? Number(text) : 0
  return days <= mostDays ? days : 0
}

/** A day that exists, else ''. */
function dayOf(text = ''): string {
  return /^\d{4}-\d{2}-\d{2}$/.test(text) && isoDay(midnight(text, 0)) === text ? text : ''
}

function texts(value: LocationQuery[string] | undefined): string[] {
  return [value ?? []].flat().filter((one): one is string => typeof one === 'string' && one !== '')
}
