// The chat page's behaviour: opening, jumping, what flashes, what is out of view.
import { computed, nextTick, ref, shallowRef, type Ref } from 'vue'
import { fetchMessage } from '@/api/queries/chat'
import { type Anchor, saveAnchor, savedAnchor } from './anchor'
import type ChatRunway from './ChatRunway.vue'
import { useRest } from './rest'
import type { Message } from './rows'
import { type Opening, useWindow } from './useWindow'
import { allRows, pageOf } from './window'

/** How long a row flashes, ms. */
const flashMs = 2400

type Runway = InstanceType<typeof ChatRunway>

/** The view of the chat cid through runway. */
export function useChatView(cid: string, runway: Ref<Runway | undefined>) {
  const win = useWindow(cid)
  const flash = ref('')
  const target = ref('')
  const targetInView = ref(true)
  const atEnd = ref(false)
  const seen = shallowRef<Anchor>()
  const moves = ref(0)
  let timer: ReturnType<typeof setTimeout> | undefined
  const rest = useRest(rememberPlace, 300)

  function flashRow(id: string): void {
    clearTimeout(timer)
    flash.value = id
    timer = setTimeout(() => (flash.value = ''), flashMs)
  }

  /** Opens the chat at the message m, at the place left, or at the newest. */
  async function open(m: string, restore = true): Promise<void> {
    const anchor = restore ? savedAnchor(cid) : undefined
    target.value = m
    const opening: Opening = anchor ? { kind: 'anchor', anchor } : m ? { kind: 'message', id: m } : { kind: 'newest' }
    await win.open(opening)
    const landed = win.landing.value
    if (!anchor && landed.kind === 'message') flashRow(landed.id)
  }

  /** Goes to a message, loaded or not, and lets it flash. */
  async function jump(id: string): Promise<void> {
    const inside = win.holds(id) && (await runway.value?.jumpTo(id))
    if (!inside) await win.open({ kind: 'message', id })
    flashRow(id)
  }

  /** Goes to the first message of a day; at is its midnight. */
  async function jumpToDay(at: string): Promise<void> {
    await win.open({ kind: 'day', at })
    const landed = win.landing.value
    if (landed.kind === 'message') flashRow(landed.id)
  }

  async function toNewest(): Promise<void> {
    if (win.window.value.hasNewer) await win.open({ kind: 'newest' })
    else runway.value?.toEnd()
    win.unseen.value = 0
  }

  /** Takes a live message; the view follows when its reader is at the end. */
  function receive(message: Message): void {
    const follows = atEnd.value && document.visibilityState === 'visible'
    const added = win.receive(message)
    if (!added || !follows) return
    win.unseen.value = 0
    void nextTick(() => runway.value?.toEnd())
  }

  /** Reads a loaded message again: a rule was hit by it. */
  async function refresh(id: string): Promise<void> {
    if (!win.holds(id)) return
    try {
      win.receive(await fetchMessage(id))
    } catch {
      return // the mark comes with the next reading of the chat
    }
    if (atEnd.value) void nextTick(() => runway.value?.toEnd())
  }

  function onMoved(anchor: Anchor | undefined, end: boolean): void {
    atEnd.value = end
    if (end) win.unseen.value = 0
    if (anchor && seen.value && (anchor.id !== seen.value.id || anchor.offset !== seen.value.offset)) moves.value++
    seen.value = anchor
    targetInView.value = !target.value || (runway.value?.inView(target.value) ?? true)
    rest.moved()
  }

  /** Keeps the place for a reload or a return, as long as the address is still this chat's. */
  function rememberPlace(): void {
    if (!seen.value || !location.pathname.endsWith(`/${encodeURIComponent(cid)}`)) return
    saveAnchor(cid, seen.value)
  }

  const seenId = computed(() => seen.value?.id)
  const seenAt = computed(() => {
    const id = seenId.value
    const row = id && pageOf(win.window.value, id)?.rows.find((one) => one.message.id === id)
    return row ? new Date(row.message.sent_at) : undefined
  })

  /** The message of an id, while it is loaded. */
  function messageOf(id: string): Message | undefined {
    return allRows(win.window.value).find((row) => row.message.id === id)?.message
  }

  function dispose(): void {
    clearTimeout(timer)
    rest.stop()
  }

  return {
    win,
    flash,
    target,
    targetInView,
    atEnd,
    moves,
    seenAt,
    open,
    jump,
    jumpToDay,
    toNewest,
    receive,
    refresh,
    onMoved,
    messageOf,
    dispose,
  }
}
