// What a person is called.
import type { Api } from '@/api/client'
import { t } from '@/i18n/t'
import { clean } from './text'

/** How many characters of its id tell one robot from another. */
const tailLength = 4

/** The name to show; a group robot without one is told by the end of its id. */
export function nameOf(person: Pick<Api['Person'], 'id' | 'kind' | 'name'>): string {
  if (person.kind !== 'robot' || person.name !== person.id) return clean(person.name.trim() || person.id)
  return `${t('chat.personKind.robot')} ${clean(person.id.slice(-tailLength))}`
}
