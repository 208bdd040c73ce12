// Reading one conversation. The chat keeps its own window of these answers.
import { type Api, api, call } from '../client'

/** Which part of a chat is wanted; none gives the newest messages. */
export type Part = { around: string } | { older: string } | { newer: string } | { at: string } | Record<string, never>

/** Messages of a window around where the chat is opened. */
export const openLimit = 50
/** Messages of a further page. */
export const pageLimit = 40

/** A window of messages, oldest first. */
export function fetchMessages(cid: string, part: Part, signal?: AbortSignal): Promise<Api['MessagePage']> {
  const limit = 'older' in part || 'newer' in part ? pageLimit : openLimit
  return call(
    api.GET('/conversations/{conversation_id}/messages', {
      params: { path: { conversation_id: cid }, query: { ...part, limit } },
      signal,
    }),
  )
}

/** One message, as it stands now. */
export function fetchMessage(id: string): Promise<Api['Message']> {
  return call(api.GET('/messages/{message_id}', { params: { path: { message_id: id } } }))
}

/** The conversation: title, whose side is on the right, members. */
export function fetchConversation(cid: string, as: string, signal: AbortSignal): Promise<Api['ConversationDetail']> {
  return call(
    api.GET('/conversations/{conversation_id}', {
      params: { path: { conversation_id: cid }, query: { as: as || undefined } },
      signal,
    }),
  )
}
