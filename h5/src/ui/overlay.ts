// Overlays close on the browser's back: each pushes one history entry. While one
// is open the keyboard stays in it.
import { nextTick, onBeforeUnmount, watch, type Ref } from 'vue'

let depth = 0

/**
 * Ties open to one history entry: opening pushes it, back closes the overlay,
 * and closing otherwise takes the entry away again.
 */
export function useOverlayHistory(open: Ref<boolean>): void {
  let mine = 0

  function onPop(): void {
    if (mine && overlayDepth() < mine) {
      mine = 0
      depth--
      open.value = false
    }
  }

  function drop(): void {
    if (!mine) return
    mine = 0
    depth--
    if (overlayDepth() > depth) history.back()
  }

  watch(
    open,
    (now) => {
      if (now && !mine) {
        mine = ++depth
        history.pushState({ ...history.state, overlay: mine }, '')
      } else if (!now) {
        drop()
      }
    },
    { immediate: true },
  )
  window.addEventListener('popstate', onPop)
  onBeforeUnmount(() => {
    window.removeEventListener('popstate', onPop)
    drop()
  })
}

function overlayDepth(): number {
  const state = history.state as { overlay?: number } | null
  return state?.overlay ?? 0
}

const focusable =
  'a[href], button:not(:disabled), input:not(:disabled), select:not(:disabled), textarea:not(:disabled), [tabindex="0"]'

/** Keeps Tab inside root; returns true when it moved the focus itself. */
export function trapTab(root: HTMLElement, event: KeyboardEvent): boolean {
  const items = [...root.querySelectorAll<HTMLElement>(focusable)]
  const first = items[0]
  const last = items[items.length - 1]
  if (!first || !last) return false
  const leaving = event.shiftKey ? first : last
  const outside = !root.contains(document.activeElement) || document.activeElement === root
  if (document.activeElement !== leaving && !outside) return false
  event.preventDefault()
  ;(event.shiftKey ? last : first).focus()
  return true
}

/** The focus of an overlay whose outermost element is root. */
export function useOverlayFocus(root: Ref<HTMLElement | undefined>, close: () => void) {
  let before: Element | null = null

  /** Moves it into the overlay. */
  function take(): void {
    before ??= document.activeElement
    void nextTick(() => root.value?.focus({ preventScroll: true }))
  }

  /** Moves it back to where it was. */
  function giveBack(): void {
    if (before instanceof HTMLElement) before.focus({ preventScroll: true })
    before = null
  }

  /** Escape closes, Tab stays inside. */
  function onKey(event: KeyboardEvent): void {
    if (event.key === 'Escape') {
      event.stopPropagation()
      close()
    } else if (event.key === 'Tab' && root.value) {
      trapTab(root.value, event)
    }
  }

  onBeforeUnmount(giveBack)
  return { take, giveBack, onKey }
}

/** Closes every overlay; resolves when their history entries are gone. */
export function closeOverlays(): Promise<void> {
  const entries = overlayDepth()
  if (!entries) return Promise.resolve()
  return new Promise((resolve) => {
    window.addEventListener('popstate', () => resolve(), { once: true })
    history.go(-entries)
  })
}
