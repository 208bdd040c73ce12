// What every message component is given.
import type { InjectionKey } from 'vue'
import type { Api } from '@/api/client'
import type { Message } from '../rows'

/** A kind of content. */
export type ContentKind = Api['Content']['kind']

/** Props of a message component. message is absent for parts of other messages. */
export interface ContentProps {
  content: Api['Content']
  message?: Message
  own: boolean
}

/** Offered to what is part of another message, and gives that: drawn smaller than what stands by itself. */
export const partKey: InjectionKey<() => Message | undefined> = Symbol('part')
