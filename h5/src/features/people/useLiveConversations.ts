// Keeps the lists of conversations current: a new message moves its conversation
// to the top; one that is not in the list yet brings it from the server.
import { type InfiniteData, useQueryClient } from '@tanstack/vue-query'
import { onActivated, onBeforeUnmount, onDeactivated, onMounted } from 'vue'
import type { Api } from '@/api/client'
import { live } from '@/app/live'

type Pages = InfiniteData<Api['ConversationPage'], string>

/** How long changes are gathered before lists are read again, ms. */
const gatherMs = 2000

/** Follows live events while the component is in view. uid tells whose list it is. */
export function useLiveConversations(uid: () => string): void {
  const client = useQueryClient()
  let timer: ReturnType<typeof setTimeout> | undefined
  let stop: (() => void)[] = []

  function reread(): void {
    timer ??= setTimeout(() => {
      timer = undefined
      void client.invalidateQueries({ queryKey: ['conversations', uid()] })
    }, gatherMs)
  }

  function onConversation(event: Api['ConversationEvent']): void {
    if (event.persons && !event.persons.includes(uid())) return
    let known = false
    client.setQueriesData<Pages>({ queryKey: ['conversations', uid()] }, (data) => {
      const next = data && withLast(data, event)
      known ||= next !== data
      return next
    })
    if (!known) reread()
  }

  function start(): void {
    if (!stop.length) stop = [live.on('conversation', onConversation), live.on('reset', reread)]
  }

  function end(): void {
    clearTimeout(timer)
    timer = undefined
    stop.forEach((off) => off())
    stop = []
  }

  onMounted(start)
  onActivated(start)
  onDeactivated(end)
  onBeforeUnmount(end)
}

/** The pages with the event's message as the last one of its conversation, which comes first. */
export function withLast(data: Pages, event: Api['ConversationEvent']): Pages {
  const all = data.pages.flatMap((page) => page.items)
  const found = all.find((one) => one.id === event.conversation_id)
  if (!found || (found.last && found.last.sent_at > event.last.sent_at)) return data
  const fresh = found.last?.id === event.last.id ? found.messages : found.messages + 1
  const moved: Api['Conversation'] = { ...found, last: event.last, messages: fresh }
  const rest = all.filter((one) => one !== found)
  let at = 0
  const ordered = [moved, ...rest]
  const pages = data.pages.map((page) => ({ ...page, items: ordered.slice(at, (at += page.items.length)) }))
  return { ...data, pages }
}
