// Walking from hit to hit: where each opens, and which was opened last.
import { shallowRef } from 'vue'
import type { RouteLocationRaw } from 'vue-router'
import type { Api } from '@/api/client'
import { packSearch, type Search } from './query'

/** Id of the message of the hit that was opened last: the list comes back to it. */
export const opened = shallowRef('')

/** Where a hit opens: its chat at its message, with the search it was found by. */
export function hitLink(hit: Api['SearchHit'], search: Search): RouteLocationRaw {
  const query = { m: hit.message.id, s: packSearch(search) }
  // The place kept in the history is one of the hit before.
  return { name: 'chat', params: { cid: hit.conversation.id }, query, state: { chat: null } }
}
