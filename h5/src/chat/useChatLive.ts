// Ties the live stream to the open chat.
import { onActivated, onBeforeUnmount, onDeactivated, watch, type Ref } from 'vue'
import { live } from '@/app/live'
import { kindsReady } from './messages/registry'
import type { Message } from './rows'

/** What the live stream is used for. */
interface LiveChat {
  cid: string
  /** Where the stream begins; empty until the chat is loaded. */
  liveId: Ref<string>
  loaded: () => boolean
  receive(message: Message): void
  /** The message id is another one now: a rule was hit by it, or something became known of its files. */
  flagged(id: string): void
  /** What is known of the conversation itself may be out of date. */
  changed(): void
  catchUp(): void
}

/** Receives new messages of the chat while it is in view; resumes where it left. */
export function useChatLive({ cid, liveId, loaded, receive, flagged, changed, catchUp }: LiveChat): void {
  let stop: (() => void)[] = []
  /** The messages that wait for what draws them; those after them wait too. */
  let waiting: Promise<unknown> | undefined

  function start(): void {
    if (stop.length || !loaded()) return
    live.follow(cid, liveId.value)
    stop = [
      live.on('message', (event, id) => {
        if (event.conversation_id !== cid) return
        inTurn(kindsReady([event.message]), () => {
          receive(event.message)
          if (id) liveId.value = id
          changed()
        })
      }),
      live.on('conversation', (event) => event.conversation_id === cid && changed()),
      live.on('violation', (event) => {
        if (event.conversation_id !== cid) return
        const { message_id: id } = event
        if (id) inTurn(undefined, () => flagged(id))
        changed()
      }),
      live.on('file', (event) => {
        if (event.conversation_id === cid) event.message_ids.forEach(flagged)
      }),
      live.on('reset', () => {
        catchUp()
        changed()
      }),
    ]
  }

  /** Calls take when ready has settled and every take before it was called. */
  function inTurn(ready: Promise<void> | undefined, take: () => void): void {
    if (!ready && !waiting) return take()
    const mine = (waiting = Promise.allSettled([waiting, ready]).then(() => {
      if (waiting === mine) waiting = undefined
      take()
    }))
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
