// What the ids of a search are called. An address has ids only; names come from
// what was suggested, found, or asked for.
import { shallowReactive } from 'vue'
import { type Api, api, call } from '@/api/client'
import { t } from '@/i18n/t'
import { nameOf } from '@/ui/person'
import { clean } from '@/ui/text'

const people = shallowReactive(new Map<string, string>())
const conversations = shallowReactive(new Map<string, string>())
const asked = new Set<string>()

/** How customers' ids begin; nobody can be asked for their names. */
const customer = /^w[mo]/

/** Remembers what a person is called. */
export function learnPerson(person: Api['Person'] | undefined): void {
  if (person && !people.has(person.id)) people.set(person.id, nameOf(person))
}

/** Remembers what a conversation is called. */
export function learnConversation(conversation: Api['Conversation']): void {
  learnPerson(conversation.peer)
  if (!conversations.has(conversation.id)) conversations.set(conversation.id, titleOf(conversation))
}

/** What a conversation is called. */
export function titleOf(conversation: Api['Conversation']): string {
  return clean(conversation.remark || conversation.title) || t('chat.feed')
}

/** The name of a person, or that it is somebody. */
export function personName(id: string): string {
  return people.get(id) ?? t('search.somebody')
}

/** The title of a conversation, or that it is one. */
export function conversationName(id: string): string {
  return conversations.get(id) ?? t('search.oneConversation')
}

/** Asks for the names that are not known yet; one that is refused stays unknown. */
export function askNames(persons: readonly string[], chats: readonly string[]): void {
  for (const id of persons) {
    if (!people.has(id) && !customer.test(id)) ask(`p ${id}`, async () => learnPerson((await call(api.GET('/employees/{employee_id}', { params: { path: { employee_id: id } } }))).person))
  }
  for (const id of chats) {
    if (!conversations.has(id)) ask(`c ${id}`, async () => learnConversation((await call(api.GET('/conversations/{conversation_id}', { params: { path: { conversation_id: id } } }))).conversation))
  }
}

function ask(what: string, request: () => Promise<void>): void {
  if (asked.has(what)) return
  asked.add(what)
  void request().catch(() => undefined)
}
