// Whether a search has found something in what a message shows: then it is not folded away.
import { inject } from 'vue'
import { useChat } from './context'
import { partKey } from './messages/types'
import type { Message } from './rows'

/** Whether a search has found something in text, which of shows. */
export function useFound(of: () => Message | undefined): (text: string) => boolean {
  const chat = useChat()
  const holder = inject(partKey, undefined)
  return (text) => !!chat.marks?.value.spans?.(text, of() ?? holder?.()).length
}
