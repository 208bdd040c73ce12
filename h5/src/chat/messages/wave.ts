// The loudness of a sound as strokes.

/** Distance of strokes, px. */
const step = 4
/** Height of the picture, px. */
const height = 24

/**
 * The path of a waveform (0 to 255 in equal stretches) in a picture of this width:
 * one stroke every 4 px, as tall as its part is loud.
 */
export function wavePath(waveform: readonly number[], width: number): string {
  const strokes = Math.max(1, Math.floor(width / step))
  let path = ''
  for (let i = 0; i < strokes; i++) {
    const from = Math.floor((i * waveform.length) / strokes)
    const to = Math.max(from + 1, Math.floor(((i + 1) * waveform.length) / strokes))
    const loud = Math.max(0, ...waveform.slice(from, to).map((value) => Number(value) || 0))
    const half = Math.round(1 + (Math.min(255, loud) / 255) * (height / 2 - 3))
    path += `M${i * step + 1} ${height / 2 - half}v${half * 2}`
  }
  return path
}
