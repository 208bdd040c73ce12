// The types of message to choose from, and what the wire calls them.
import type { Key } from '@/i18n/t'

/** A choice, and the msgtypes it stands for. */
export interface TypeChoice {
  label: Key
  types: readonly string[]
}

/** The choices, the most wanted first. */
export const typeChoices: readonly TypeChoice[] = [
  { label: 'kind.text', types: ['text'] },
  { label: 'kind.image', types: ['image'] },
  { label: 'kind.file', types: ['file', 'qydiskfile'] },
  { label: 'kind.link', types: ['link', 'news'] },
  { label: 'kind.voice', types: ['voice'] },
  { label: 'kind.video', types: ['video'] },
  { label: 'kind.weapp', types: ['weapp'] },
  { label: 'kind.chatrecord', types: ['chatrecord'] },
  { label: 'kind.mixed', types: ['mixed'] },
  { label: 'kind.card', types: ['card'] },
  { label: 'kind.location', types: ['location'] },
  { label: 'kind.redpacket', types: ['redpacket', 'external_redpacket'] },
  { label: 'kind.call', types: ['meeting_voice_call', 'voiptext'] },
  { label: 'kind.meeting', types: ['meeting'] },
  { label: 'kind.calendar', types: ['calendar'] },
  { label: 'kind.todo', types: ['todo'] },
  { label: 'kind.doc', types: ['docmsg'] },
  { label: 'kind.markdown', types: ['markdown'] },
]

/** Whether all that a choice stands for is among types. */
export function isChosen(choice: TypeChoice, types: readonly string[]): boolean {
  return choice.types.every((type) => types.includes(type))
}

/** types with a choice turned on or off. */
export function withChoice(choice: TypeChoice, types: readonly string[]): string[] {
  const others = types.filter((type) => !choice.types.includes(type))
  return isChosen(choice, types) ? others : [...others, ...choice.types]
}
