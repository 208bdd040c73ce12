// A live stream whose server is the test.

/** Stands in for the browser's EventSource; the test plays the server. */
export class FakeSource extends EventTarget {
  static all: FakeSource[] = []
  onopen?: () => void
  onerror?: () => void
  closed = false

  constructor(readonly url: string) {
    super()
    FakeSource.all.push(this)
  }

  static get last(): FakeSource {
    const source = FakeSource.all[FakeSource.all.length - 1]
    if (!source) throw new Error('nobody has connected')
    return source
  }

  close(): void {
    this.closed = true
  }

  send(name: string, data: unknown, lastEventId = ''): void {
    this.dispatchEvent(new MessageEvent(name, { data: JSON.stringify(data), lastEventId }))
  }
}
