// Ties the live stream to the open chat.
import { onActivated, onBeforeUnmount, onDeactivated, watch, type Ref } from 'vue'
import { live } from '@/app/live'
import type { Message } from './rows'

/** What the live stream is used for. */
interface LiveChat {
  cid: string
  /** Where the stream begins; empty until the chat is loaded. */
  liveId: Ref<string>
  loaded: () => boolean
  receive(message: Message): void
  /** A rule was hit by the message id. */
  flagged(id: string): void
  /** What is known of the conversation itself may be out of date. */
  changed(): void
  catchUp(): void
}

/** Receives new messages of the chat while it is in view; resumes where it left. */
export function useChatLive({ cid, liveId, loaded, receive, flagged, changed, catchUp }: LiveChat): void {
  let stop: (() => void)[] = []

  function start(): void {
    if (stop.length || !loaded()) return
    live.follow(cid, liveId.value)
    stop = [
      live.on('message', (event, id) => {
        if (event.conversation_id !== cid) return
        receive(event.message)
        if (id) liveId.value = id
        changed()
      }),
      live.on('conversation', (event) => event.conversation_id === cid && changed()),
      live.on('violation', (event) => {
        if (event.conversation_id !== cid) return
        if (event.message_id) flagged(event.message_id)
        changed()
      }),
      live.on('reset', () => {
        catchUp()
        changed()
      }),
    ]
  }

  function end(): void {
    stop.forEach((off) => off())
    stop = []
  }

  watch(loaded, (now) => now && start(), { immediate: true })
  onActivated(start)
  onDeactivated(end)
  onBeforeUnmount(end)
}
