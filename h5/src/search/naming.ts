// What a search is called when it is kept. A name that is shared is read by people
// who may not know whom the search is about.
import type { Api } from '@/api/client'
import { t } from '@/i18n/t'
import { clean } from '@/ui/text'
import { chipsOf } from './chips'
import { conversationName, personName } from './names'
import { emptySearch, type Search } from './query'

/** Filters whose values have names. */
const named = ['sender', 'person', 'conversation', 'department'] as const

/** A name to begin with: the words, else what is looked at, without anybody's name. */
export function nameless(search: Search): string {
  const words = search.q.trim()
  if (words) return words
  const kinds = named.filter((field) => search[field].length).map((field) => t('search.byField', { field: t(`search.field.${field}`) }))
  const { sender, person, conversation, department } = emptySearch()
  const others = chipsOf({ ...search, sender, person, conversation, department }).map((chip) => chip.label)
  return [...kinds, ...others].join(' ')
}

/** The names of the search's people, conversations and departments that stand in text. */
export function namesIn(text: string, search: Search, departments: readonly Api['Department'][]): string[] {
  const names = [
    ...[...search.sender, ...search.person].map(personName).filter((name) => name !== t('search.somebody')),
    ...search.conversation.map(conversationName).filter((name) => name !== t('search.oneConversation')),
    ...departments.filter((one) => search.department.includes(one.id)).map((one) => clean(one.name)),
  ]
  const lower = text.toLowerCase()
  return [...new Set(names)].filter((name) => name.trim() && lower.includes(name.trim().toLowerCase()))
}
