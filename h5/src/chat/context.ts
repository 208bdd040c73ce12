// What rows and bubbles need of the chat around them.
import { inject, type InjectionKey, provide, type Ref, type VNode } from 'vue'
import type { Api } from '@/api/client'
import type { Message } from './rows'

/** A part of a message besides its text. */
export interface MarkedPart {
  text: string
  /** All of it, where text is a part. */
  whole?: string
  /** How many characters are in view. */
  room?: number
  /** The message; for parts within one, the message around them. */
  of?: Message
}

/** Places in texts of messages that a search has found, by message id. */
export interface Marks extends ReadonlyMap<string, readonly Api['Span'][]> {
  /** Where what was found in message stands in a part of it. */
  spans?(shown: string, message: Message | undefined): readonly Api['Span'][]
  /** A part of message with its marks. */
  draw?(part: MarkedPart, message: Message | undefined): (VNode | string)[] | string
}

/** The chat around a bubble. */
export interface ChatContext {
  /** Person id drawn on the right. */
  right: Readonly<Ref<string>>
  /** Names stand above bubbles. */
  group: Readonly<Ref<boolean>>
  /** Names that may stand behind an @, the longest first. */
  names?: Readonly<Ref<readonly string[]>>
  /** Words looked for in the chat, one a line; empty for none. */
  find: Readonly<Ref<string>>
  /** What a search has found in messages, beyond where the text looked for stands as it is. */
  marks?: Readonly<Ref<Marks>>
  /** Whether rule hits are marked. */
  highlight: Readonly<Ref<boolean>>
  /** Id of the message that flashes; empty for none. */
  flash: Readonly<Ref<string>>
  /** Asks before a link is opened. */
  openLink(url: string): void
  /** Shows exact time, id and the like. */
  openMessage(message: Message): void
  /** Shows a forwarded chat in full; message is the one that holds it. */
  openRecord(record: Api['RecordContent'], message?: Message): void
  /** Shows who a person is. */
  openPerson(person: Api['Person']): void
  /** Goes to another message of this chat. */
  jump(id: string): void
  /** Goes to what message quotes, if it can be found. */
  openQuote?(message: Message): void
  /** Makes a change that alters the height of a row and keeps element where it is. */
  keepFixed(element: HTMLElement, change: () => void): void
}

const key: InjectionKey<ChatContext> = Symbol('chat')

/** Offers the chat to the components below. */
export function provideChat(context: ChatContext): void {
  provide(key, context)
}

/** The chat that the component stands in. */
export function useChat(): ChatContext {
  const context = inject(key)
  if (!context) throw new Error('a bubble stands outside of a chat')
  return context
}
