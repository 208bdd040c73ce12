// Keeps the files of a chat as they are now, while they are in view.
import { onActivated, onDeactivated, onMounted, onScopeDispose, type Ref, watch } from 'vue'
import type { Api } from '@/api/client'
import { live } from '@/app/live'
import { waits } from '../messages/waits'
import type { FileItem } from './rows'

/** How long changes are gathered before files are read again, ms. */
export const gatherMs = 300
/** In place of a message's id: the newest files. */
const newest = ''

/** The files that are followed. */
interface Files {
  items: Ref<readonly FileItem[]>
  /** Reads those of a message again, or the newest; gives the messages it has read. */
  refresh(message?: string): Promise<string[]>
  /** Those in the other tabs are other ones now. */
  othersChanged(): void
  /** Reads all of them again, unless they are too many: false. */
  readAgain(): boolean
}

/** Reads files of the chat cid again as its live stream tells of them. */
export function useFilesLive(cid: () => string, { items, refresh, othersChanged, readAgain }: Files): void {
  let stop: (() => void)[] = []
  let wanted = new Set<string>()
  let reading = false
  let left = false
  let timer: ReturnType<typeof setTimeout> | undefined

  const loaded = (id: string) => items.value.some((item) => item.message_id === id)

  function want(ids: Iterable<string>): void {
    for (const id of ids) if (id === newest || loaded(id)) wanted.add(id)
    if (wanted.size && !reading) timer ??= setTimeout(() => void read(), gatherMs)
  }

  /** One question after the other: an answer has the neighbours too, which need none of their own then. */
  async function read(): Promise<void> {
    timer = undefined
    if (reading) return
    reading = true
    const batch = wanted
    wanted = new Set()
    try {
      for (const id of batch) {
        for (const known of await refresh(id || undefined)) batch.delete(known)
        batch.delete(id)
      }
      reading = false
      want([])
    } catch {
      reading = false
      for (const id of batch) wanted.add(id) // with the next that becomes known
    }
  }

  function onMessage({ conversation_id, message }: Api['MessageEvent']): void {
    if (conversation_id !== cid()) return
    othersChanged()
    const { revoke, text } = message.content
    if (revoke?.message_id) want([revoke.message_id])
    else if (!text || /https?:/i.test(text.body)) want([newest])
  }

  function onFile(event: Api['FileEvent']): void {
    if (event.conversation_id !== cid()) return
    othersChanged()
    want(event.message_ids)
  }

  /** Something may have been missed: at least new files, and what became of those that were not there. */
  function catchUp(): void {
    if (!readAgain()) want([newest, ...items.value.filter((item) => waits(item.content)).map((item) => item.message_id)])
  }

  function start(): void {
    if (stop.length) return
    stop = [
      live.on('file', onFile),
      live.on('message', onMessage),
      live.on('reset', catchUp),
      watch(live.state, (now) => now === 'open' && catchUp()),
    ]
    if (left) catchUp()
  }

  function end(): void {
    stop.forEach((off) => off())
    stop = []
    left = true
    clearTimeout(timer)
    timer = undefined
  }

  onMounted(start)
  onActivated(start)
  onDeactivated(end)
  onScopeDispose(end)
}
