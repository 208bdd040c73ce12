// Looking for text in one conversation.
import { between } from '@/search/query'
import { type Api, api, call } from '../client'

/** Hits of a query in one conversation between two days, newest first. */
export function findMessages(
  cid: string,
  q: string,
  days: { from: string; to: string },
  cursor: string,
  signal: AbortSignal,
): Promise<Api['HitPage']> {
  return call(
    api.GET('/conversations/{conversation_id}/find', {
      params: {
        path: { conversation_id: cid },
        query: { q, ...between(days.from, days.to), cursor: cursor || undefined, limit: 100 },
      },
      signal,
    }),
  )
}
