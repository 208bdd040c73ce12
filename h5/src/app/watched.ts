// Whose archive is being read. The address says it; a link to a chat that does
// not is answered by the chat itself (its right-hand side).
import { computed, shallowRef, type ComputedRef } from 'vue'
import { useRoute } from 'vue-router'

/** What the chat opened last tells of itself: whose side is on the right, and its kind. */
export const fromChat = shallowRef({ cid: '', person: '', kind: '' })

/** The chat tells whose side it draws on the right, and what kind of conversation it is. */
export function setWatchedOf(cid: string, person: string, kind: string): void {
  fromChat.value = { cid, person, kind }
}

/** Person id of the employee being read; empty when nobody is. */
export function useWatched(): ComputedRef<string> {
  const route = useRoute()
  return computed(() => {
    const { uid, cid } = route.params
    if (typeof uid === 'string' && uid) return uid
    if (typeof route.query.as === 'string' && route.query.as) return route.query.as
    return fromChat.value.cid === cid ? fromChat.value.person : ''
  })
}
