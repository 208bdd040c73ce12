// Somebody, or a group, that is searched instead of words.
import type { Api } from '@/api/client'

/** What a suggestion limits the search to. */
export type Picked = { field: 'sender' | 'person'; person: Api['Person'] } | { field: 'conversation'; conversation: Api['Conversation'] }

/** What a suggestion limits the search to when it is chosen, and its key in a list; undefined when it names nobody. */
export function pickedOf({ person, conversation }: Api['Suggestion']): { key: string; picked: Picked } | undefined {
  if (person) return { key: `p ${person.id}`, picked: { field: 'person', person } }
  return conversation && { key: `c ${conversation.id}`, picked: { field: 'conversation', conversation } }
}
