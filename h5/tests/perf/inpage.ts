// What runs inside the page: measurements of the runway that any engine can do.
// Each function is sent to the page as text, and may use nothing from outside.

/** Whether the row of message id was on screen, and when: ms since the navigation began. */
declare global {
  interface Window {
    shownAt?: number
  }
}

/** Notes in window.shownAt when the row of message id has been painted inside the view. */
export function watchFor(id: string): void {
  const look = () => {
    const box = document.querySelector(`article[data-id="${id}"]`)?.getBoundingClientRect()
    if (box && box.height > 0 && box.top < window.innerHeight && box.bottom > 0) {
      // The task after the frame: the row is painted by then.
      const { port1, port2 } = new MessageChannel()
      port1.onmessage = () => (window.shownAt = performance.now())
      port2.postMessage(undefined)
    } else requestAnimationFrame(look)
  }
  requestAnimationFrame(look)
}

/** Where one goes in a chat, and how. */
export type Going =
  /** To a message of an id, as a link inside the app does. */
  | { by: 'link'; id: string }
  /** To the first hit of a text, by Enter in the field of the search in the chat. */
  | { by: 'search'; text: string }
  /** To the next older hit, which is the nth. */
  | { by: 'step'; nth: number }

/** Goes somewhere in the chat; gives ms until it stands still in its place, or until nothing was found, and what the bar of the search then says. */
export async function goTo(going: Going): Promise<{ ms: number; status: string }> {
  const patienceMs = 20_000
  const steadyFrames = 12
  const status = () => document.querySelector('.find .status')?.textContent?.trim() ?? ''
  const found = (nth: number) => (status().startsWith(`${nth.toLocaleString('en')}/`) ? document.querySelector('.runway article.flash mark') : null)
  const nothing = () => going.by === 'search' && status().startsWith('没有找到')
  const target = () => {
    if (going.by === 'link') return document.querySelector(`article[data-id="${going.id}"]`)
    return found(going.by === 'step' ? going.nth : 1)
  }

  let began = performance.now()
  if (going.by === 'link') {
    const state = { ...window.history.state }
    window.history.pushState(state, '', `${location.pathname}?m=${encodeURIComponent(going.id)}`)
    window.dispatchEvent(new PopStateEvent('popstate', { state }))
  } else if (going.by === 'search') {
    const field = document.querySelector<HTMLInputElement>('.find input')
    if (!field) throw new Error('no field')
    field.value = going.text
    field.dispatchEvent(new Event('input', { bubbles: true }))
    began = performance.now()
    field.form?.requestSubmit()
  } else {
    const button = document.querySelector<HTMLButtonElement>('.find button[aria-label="上一处"]')
    if (!button) throw new Error('no button')
    button.click()
  }

  return new Promise((resolve, reject) => {
    let still = 0
    let since = 0
    let last = NaN
    const look = () => {
      const view = document.querySelector<HTMLElement>('.runway')
      const row = target()
      const top = view && row ? row.getBoundingClientRect().top - view.getBoundingClientRect().top : NaN
      const placed = view && top >= 0 && top < view.clientHeight
      if (!placed || !(Math.abs(top - last) <= 0.5)) {
        still = 0
        since = performance.now()
      } else still++
      last = placed ? top : NaN
      if (still >= steadyFrames || nothing()) resolve({ ms: since - began, status: status() })
      else if (performance.now() - began > patienceMs) reject(new Error(`${JSON.stringify(going)} did not come to rest: ${status()}`))
      else requestAnimationFrame(look)
    }
    requestAnimationFrame(look)
  })
}

/** Which change is made above what is seen. */
export interface Change {
  /** `prepend`: older rows come in; `grow`: a row above the view gets higher. */
  kind: 'prepend' | 'grow'
  /** Rows that come in, a multiple of 40, or px that the row grows by. */
  by: number
  /** Where the view is: above the split, or below it. */
  column: 'up' | 'down'
}

/** What came of a change. */
export interface Shift {
  /** The most that any row in view moved, in any painted frame; px. */
  worst: number
  frames: number
  /** Rows that were watched. */
  rows: number
  /** Rows that the window gained above. */
  gained: number
}

/** Makes a change above the view and watches the rows in view in every painted frame. */
export async function shiftOf(change: Change): Promise<Shift> {
  const found = document.querySelector<HTMLElement>('.runway')
  if (!found) throw new Error('no runway')
  const view: HTMLElement = found
  const frame = () => new Promise((resolve) => requestAnimationFrame(resolve))
  const frames = async (count: number) => {
    for (let i = 0; i < count; i++) await frame()
  }
  const rowsNow = () => [...view.querySelectorAll<HTMLElement>('article[data-id]')]
  const columnNow = (name: string) => view.querySelector<HTMLElement>(`.column.${name}`)
  const untilTrue = async (what: string, test: () => boolean) => {
    const deadline = performance.now() + 20_000
    while (!test()) {
      if (performance.now() > deadline) throw new Error(`waited in vain for ${what}`)
      await frame()
    }
  }

  // Answers to requests for older messages are held back, and made of as many
  // pages as are wanted, so that they come in when the rows are being watched.
  const plain = window.fetch
  let release: () => void = () => undefined
  const held = new Promise<void>((resolve) => (release = resolve))
  let asked = 0
  let gained = 0
  const fetchPages = async (request: Request): Promise<Response> => {
    const url = new URL(request.url)
    const items: { id: string }[] = []
    let last: { items: { id: string }[]; has_older: boolean } = { items: [], has_older: true }
    while (items.length < change.by && last.has_older) {
      const answer = await plain(url.href, { credentials: 'same-origin' })
      if (!answer.ok) throw new Error(`older messages: ${answer.status}`)
      last = await answer.json()
      items.unshift(...last.items)
      if (items[0]) url.searchParams.set('older', items[0].id)
    }
    await held
    gained = items.length
    return new Response(JSON.stringify({ ...last, items }), { headers: { 'Content-Type': 'application/json' } })
  }
  const hold = () => {
    window.fetch = (input, init) => {
      const request = new Request(input, init)
      if (!/[?&]older=/.test(request.url)) return plain(input, init)
      asked++
      return asked === 1 ? fetchPages(request) : plain(input, init)
    }
  }

  const toEdge = async () => {
    // Far enough up that older rows are asked for, and no further.
    for (let i = 0; i < 400 && asked === 0; i++) {
      view.scrollTop -= 60
      await frames(2)
    }
    if (asked === 0) throw new Error('no older messages were asked for')
  }
  const intoColumn = async () => {
    // Several screens away from the split, on the side that is wanted.
    const sign = change.column === 'up' ? -1 : 1
    for (let i = 0; i < 24; i++) {
      view.scrollTop += sign * 90
      await frames(2)
    }
  }

  try {
    if (change.kind === 'prepend') {
      hold()
      await toEdge()
    } else await intoColumn()
    await frames(40)

    const edge = view.getBoundingClientRect()
    const seen = rowsNow().filter((row) => {
      const box = row.getBoundingClientRect()
      return box.bottom > edge.top && box.top < edge.bottom
    })
    const before = seen.map((row) => row.getBoundingClientRect().top)
    if (!seen.length) throw new Error('no row in view')

    // A box that changes its size in every frame: the observer is called after
    // layout and right before paint, when the rows stand where they are painted.
    let worst = 0
    let painted = 0
    const probe = document.createElement('div')
    probe.style.position = 'fixed'
    probe.style.height = '1px'
    probe.style.visibility = 'hidden'
    document.body.append(probe)
    const observer = new ResizeObserver(() => {
      painted++
      seen.forEach((row, i) => {
        const top = row.isConnected ? row.getBoundingClientRect().top : Infinity
        worst = Math.max(worst, Math.abs(top - (before[i] ?? 0)))
      })
    })
    let wide = false
    let watching = true
    const flip = () => {
      wide = !wide
      probe.style.width = wide ? '2px' : '1px'
      if (watching) requestAnimationFrame(flip)
    }
    observer.observe(probe)
    flip()
    await frames(3)

    if (change.kind === 'prepend') {
      const height = columnNow('up')?.offsetHeight ?? 0
      release()
      await untilTrue('older rows', () => gained > 0 && (columnNow('up')?.offsetHeight ?? 0) > height)
    } else {
      const above = rowsNow().filter((row) => row.getBoundingClientRect().bottom < edge.top - 40)
      const row = above.filter((one) => columnNow(change.column)?.contains(one)).pop()
      if (!row) throw new Error(`no row above the view in the ${change.column} column`)
      row.style.paddingBottom = `${parseFloat(getComputedStyle(row).paddingBottom) + change.by}px`
    }
    await frames(60)
    watching = false
    observer.disconnect()
    probe.remove()
    return { worst, frames: painted, rows: seen.length, gained }
  } finally {
    release()
    window.fetch = plain
  }
}

/** Scrolls up until wanted messages have been loaded; gives how many there are. */
export async function pageThrough(wanted: number): Promise<number> {
  const found = document.querySelector<HTMLElement>('.runway')
  if (!found) throw new Error('no runway')
  const view: HTMLElement = found
  const frame = () => new Promise((resolve) => requestAnimationFrame(resolve))
  const seen = new Set<string>()
  const deadline = performance.now() + 120_000
  while (seen.size < wanted) {
    if (performance.now() > deadline) throw new Error(`only ${seen.size} of ${wanted} messages came in`)
    for (const row of view.querySelectorAll<HTMLElement>('article[data-id]')) seen.add(row.dataset.id ?? '')
    view.scrollTop -= 600
    await frame()
    await frame()
  }
  await new Promise((resolve) => setTimeout(resolve, 1000))
  return seen.size
}

/** The times of all frames from now until the function given back by window.stopFrames is called. */
export function countFrames(): void {
  const times: number[] = []
  let on = true
  const look = (at: number) => {
    times.push(at)
    if (on) requestAnimationFrame(look)
  }
  requestAnimationFrame(look)
  ;(window as unknown as { stopFrames: () => number[] }).stopFrames = () => {
    on = false
    return times
  }
}

/** Ends countFrames. */
export function stopFrames(): number[] {
  return (window as unknown as { stopFrames: () => number[] }).stopFrames()
}

/** How much the layout has moved since the navigation began, as browsers count it; with what moved. */
export function layoutShift(): Promise<{ sum: number; moved: string[] }> {
  return new Promise((resolve) => {
    const shifts: { value: number; sources?: { node?: Node }[] }[] = []
    const observer = new PerformanceObserver((list) => shifts.push(...(list.getEntries() as unknown as typeof shifts)))
    observer.observe({ type: 'layout-shift', buffered: true })
    setTimeout(() => {
      observer.disconnect()
      const nodes = shifts.flatMap((one) => one.sources?.map(({ node }) => (node instanceof Element ? node.className : '')) ?? [])
      resolve({ sum: shifts.reduce((sum, one) => sum + one.value, 0), moved: nodes })
    }, 500)
  })
}

/** Number of elements in the page. */
export function elements(): number {
  return document.querySelectorAll('*').length
}
