// Holding a message, or the right button of a mouse on it, does what a tap does
// where the message is no button of its own: pictures, voices and files open
// themselves on a tap, and their details are reached like this.

/** How long a finger rests, ms, and how far it may move meanwhile, px. */
const restMs = 500
const slackPx = 10

/** Listeners for the list of rows; pick is given the id of the message that is held. */
export function useLongPress(pick: (id: string) => void) {
  let timer: ReturnType<typeof setTimeout> | undefined
  let from = { x: 0, y: 0 }
  /** The finger that is down has picked a message: lifting it is no tap. */
  let held = false

  function hold(target: EventTarget | null): boolean {
    const id = (target as Element | null)?.closest<HTMLElement>('article[data-id]')?.dataset.id
    if (id) pick(id)
    return id !== undefined
  }

  function cancel(): void {
    clearTimeout(timer)
    timer = undefined
  }

  return {
    touchstartPassive(event: TouchEvent): void {
      cancel()
      held = false
      const [touch] = event.touches
      if (!touch || event.touches.length > 1) return
      from = { x: touch.clientX, y: touch.clientY }
      timer = setTimeout(() => (held = hold(event.target)), restMs)
    },
    touchmovePassive(event: TouchEvent): void {
      const [touch] = event.touches
      if (touch && Math.hypot(touch.clientX - from.x, touch.clientY - from.y) > slackPx) cancel()
    },
    touchcancel: cancel,
    touchend(event: TouchEvent): void {
      cancel()
      if (held && event.cancelable) event.preventDefault()
    },
    /** Also what Android makes of holding. What is marked, and links, have the browser's own menu. */
    contextmenu(event: MouseEvent): void {
      const marked = getSelection()?.isCollapsed === false
      if (marked || (event.target as Element).closest('a')) return
      if (held || hold(event.target)) event.preventDefault()
      if (timer) held = true
      cancel()
    },
  }
}
