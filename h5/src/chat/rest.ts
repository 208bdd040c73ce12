// What is done once nothing has moved for a while. A move is noted without a new
// timer: there is one in every frame of a scroll.

/** Calls act when ms have passed since the last move. */
export function useRest(act: () => void, ms: number) {
  let timer: ReturnType<typeof setTimeout> | undefined
  let movedAt = 0

  function look(): void {
    const left = movedAt + ms - performance.now()
    timer = left > 0 ? setTimeout(look, left) : undefined
    if (!timer) act()
  }

  /** Notes a move: the time begins anew. */
  function moved(): void {
    movedAt = performance.now()
    timer ??= setTimeout(look, ms)
  }

  /** Forgets the moves there were. */
  function stop(): void {
    clearTimeout(timer)
    timer = undefined
  }

  return { moved, stop }
}
