// One stream of server-sent events for the whole app: new messages of the chat
// in view, changes of other conversations, violations, files. Resumes where it
// broke.
import { readonly, ref } from 'vue'
import { type Api, apiBase } from '@/api/client'

/** What arrives, by event name. */
export interface LiveEvents {
  message: Api['MessageEvent']
  conversation: Api['ConversationEvent']
  violation: Api['ViolationEvent']
  file: Api['FileEvent']
  /** The gap was too long to be filled: read everything again. */
  reset: null
}

/** Whether events come in now. */
export type LiveState = 'off' | 'connecting' | 'open' | 'retrying'

/** First pause before a new attempt, and the longest, ms. */
const backoffMs = { first: 1000, longest: 30_000 }

type Handler<N extends keyof LiveEvents> = (event: LiveEvents[N], id: string) => void
type Handlers = { [N in keyof LiveEvents]: Set<Handler<N>> }

/** The stream. Connects while somebody listens. */
export class LiveStream {
  private readonly current = ref<LiveState>('off')
  private readonly handlers: Handlers = {
    message: new Set(),
    conversation: new Set(),
    violation: new Set(),
    file: new Set(),
    reset: new Set(),
  }
  private source: EventSource | undefined
  private timer: ReturnType<typeof setTimeout> | undefined
  private pause = backoffMs.first
  private conversation = ''
  private lastId = ''

  /** What the stream is doing; reactive. */
  readonly state = readonly(this.current)

  /** Calls handler for each event of that name, until the answer is called. */
  on<N extends keyof LiveEvents>(name: N, handler: Handler<N>): () => void {
    this.handlers[name].add(handler)
    if (!this.source && this.timer === undefined) this.connect()
    return () => {
      this.handlers[name].delete(handler)
      if (!this.wanted()) this.disconnect()
    }
  }

  /**
   * Asks for the full messages of a conversation, from the event lastId on; an
   * empty cid for none. The stream is opened anew.
   */
  follow(cid: string, lastId = ''): void {
    if (cid === this.conversation && (!lastId || lastId === this.lastId)) return
    this.conversation = cid
    if (lastId) this.lastId = lastId
    if (this.wanted()) this.connect()
  }

  /** Whether the full messages of cid are asked for. */
  follows(cid: string): boolean {
    return cid === this.conversation
  }

  private wanted(): boolean {
    return Object.values(this.handlers).some((set) => set.size > 0)
  }

  private connect(): void {
    this.close()
    this.current.value = this.pause === backoffMs.first ? 'connecting' : 'retrying'
    const source = new EventSource(this.url())
    this.source = source
    source.onopen = () => {
      this.pause = backoffMs.first
      this.current.value = 'open'
    }
    source.onerror = () => this.onError(source)
    for (const name of ['message', 'conversation', 'violation', 'file', 'reset'] as const) {
      source.addEventListener(name, (event: MessageEvent<string>) => this.receive(name, event))
    }
  }

  private url(): string {
    const query = new URLSearchParams()
    if (this.conversation) query.set('conversation', this.conversation)
    if (this.lastId) query.set('last_event_id', this.lastId)
    const text = query.toString()
    return `${apiBase}/live${text ? `?${text}` : ''}`
  }

  private receive<N extends keyof LiveEvents>(name: N, event: MessageEvent<string>): void {
    if (event.lastEventId) this.lastId = event.lastEventId
    const data = parse(event.data) as LiveEvents[N] | undefined
    if (data === undefined && name !== 'reset') return
    for (const handler of this.handlers[name]) handler(data as LiveEvents[N], event.lastEventId)
  }

  /** The browser's own retry would not pass a refused answer and keeps an old address: we do it. */
  private onError(source: EventSource): void {
    if (source !== this.source) return
    this.close()
    this.current.value = 'retrying'
    this.timer = setTimeout(() => {
      this.timer = undefined
      if (this.wanted()) this.connect()
    }, this.pause)
    this.pause = Math.min(backoffMs.longest, this.pause * 2)
  }

  private close(): void {
    clearTimeout(this.timer)
    this.timer = undefined
    this.source?.close()
    this.source = undefined
  }

  private disconnect(): void {
    this.close()
    this.pause = backoffMs.first
    this.current.value = 'off'
  }

  /** Tries again at once: the network is back. */
  wake(): void {
    if (!this.wanted() || this.current.value === 'open') return
    this.pause = backoffMs.first
    this.connect()
  }
}

function parse(data: string): unknown {
  if (!data) return undefined
  try {
    return JSON.parse(data)
  } catch {
    return undefined
  }
}

/** The app's stream. */
export const live = new LiveStream()
window.addEventListener('online', () => live.wake())
document.addEventListener('visibilitychange', () => {
  if (document.visibilityState === 'visible') live.wake()
})
