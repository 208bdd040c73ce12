// Fingers and the mouse on a picture: pinch, pan, double tap, wheel, swipe.
import { reactive, type Ref } from 'vue'
import { doubleTapScale, fitted, maxScale, type Placed, type Size, whole, within, zoomedAt } from './zoom'

/** A second tap within this time and distance is a double tap. */
const doubleTap = { ms: 280, px: 32 } as const
/** A finger that moved less is a tap, px. */
const tapPx = 10
/** A swipe this long, or this fast, goes to the neighbour. */
const swipe = { px: 80, pxPerMs: 0.5 } as const

interface Point {
  x: number
  y: number
}

/** What a gesture leads to. */
interface Acts {
  /** To the neighbour that came after (1) or before (-1), if there is one. */
  step(by: 1 | -1): void
  has(by: 1 | -1): boolean
  /** A single tap. */
  tap(): void
}

/** Gestures on stage with a picture of this size (undefined: not known yet). */
export function useGestures(stage: Ref<HTMLElement | undefined>, picture: () => Size | undefined, acts: Acts) {
  const placed = reactive<Placed & { drag: number; moving: boolean }>({ ...whole, drag: 0, moving: false })
  const fingers = new Map<number, Point>()
  let began = { x: 0, y: 0, at: 0, moved: 0 }
  let lastTap = { x: 0, y: 0, at: 0 }
  let tapTimer: ReturnType<typeof setTimeout> | undefined

  function stageSize(): Size {
    return { width: stage.value?.clientWidth || 1, height: stage.value?.clientHeight || 1 }
  }

  function fit(): Size {
    return fitted(picture(), stageSize())
  }

  /** A point of the screen from the middle of the stage. */
  function fromMiddle(point: Point): Point {
    const box = stage.value?.getBoundingClientRect()
    return box ? { x: point.x - box.left - box.width / 2, y: point.y - box.top - box.height / 2 } : point
  }

  function zoomTo(scale: number, at: Point): void {
    Object.assign(placed, zoomedAt(placed, scale, at, fit(), stageSize(), maxScale(picture(), fit())))
  }

  /** Back to the whole picture. */
  function reset(): void {
    Object.assign(placed, whole, { drag: 0, moving: false })
    fingers.clear()
  }

  /** Enlarged, or whole again. */
  function toggleZoom(at: Point = { x: 0, y: 0 }): void {
    if (placed.scale > 1) Object.assign(placed, whole)
    else zoomTo(doubleTapScale(fit(), stageSize()), at)
  }

  function onDown(event: PointerEvent): void {
    if (event.button !== 0 || fingers.size > 1) return
    if (!fingers.size) began = { x: event.clientX, y: event.clientY, at: event.timeStamp, moved: 0 }
    fingers.set(event.pointerId, { x: event.clientX, y: event.clientY })
    placed.moving = true
    if (!(event.target instanceof HTMLVideoElement)) stage.value?.setPointerCapture?.(event.pointerId)
  }

  function onMove(event: PointerEvent): void {
    const before = fingers.get(event.pointerId)
    if (!before) return
    const now = { x: event.clientX, y: event.clientY }
    const other = [...fingers].find(([id]) => id !== event.pointerId)?.[1]
    fingers.set(event.pointerId, now)
    began.moved = Math.max(began.moved, Math.hypot(now.x - began.x, now.y - began.y))
    if (other) pinch(before, now, other)
    else if (placed.scale > 1) Object.assign(placed, within({ scale: placed.scale, x: placed.x + now.x - before.x, y: placed.y + now.y - before.y }, fit(), stageSize()))
    else drag(now.x - began.x)
  }

  function pinch(before: Point, now: Point, other: Point): void {
    began.moved = Infinity
    placed.drag = 0
    const by = Math.hypot(now.x - other.x, now.y - other.y) / Math.max(1, Math.hypot(before.x - other.x, before.y - other.y))
    zoomTo(placed.scale * by, fromMiddle({ x: (now.x + other.x) / 2, y: (now.y + other.y) / 2 }))
  }

  /** Follows the finger; where there is no neighbour, unwillingly. */
  function drag(by: number): void {
    if (began.moved < tapPx || began.moved === Infinity) return
    placed.drag = acts.has(by < 0 ? 1 : -1) ? by : by / 4
  }

  function onUp(event: PointerEvent): void {
    if (!fingers.delete(event.pointerId)) return
    if (fingers.size) return
    placed.moving = false
    const { drag: by } = placed
    placed.drag = 0
    if (event.type === 'pointercancel') return
    if (began.moved < tapPx) return onTap({ x: event.clientX, y: event.clientY }, event.timeStamp)
    const fast = Math.abs(by) / Math.max(1, event.timeStamp - began.at) > swipe.pxPerMs
    if (Math.abs(by) > swipe.px || (fast && Math.abs(by) > tapPx * 2)) acts.step(by < 0 ? 1 : -1)
  }

  function onTap(at: Point, time: number): void {
    const near = Math.hypot(at.x - lastTap.x, at.y - lastTap.y) < doubleTap.px
    if (near && time - lastTap.at < doubleTap.ms) {
      clearTimeout(tapTimer)
      lastTap.at = 0
      return toggleZoom(fromMiddle(at))
    }
    lastTap = { ...at, at: time }
    clearTimeout(tapTimer)
    tapTimer = setTimeout(acts.tap, doubleTap.ms)
  }

  function onWheel(event: WheelEvent): void {
    event.preventDefault()
    zoomTo(placed.scale * Math.exp(-event.deltaY * 0.002), fromMiddle({ x: event.clientX, y: event.clientY }))
  }

  return { placed, reset, toggleZoom, zoomTo, fit, dispose: () => clearTimeout(tapTimer), onDown, onMove, onUp, onWheel }
}
