// Where an enlarged picture stands: pure arithmetic. Positions are px from the
// middle of the stage.

/** Width and height, px. */
export interface Size {
  width: number
  height: number
}

/** How a picture is enlarged and moved. */
export interface Placed {
  scale: number
  x: number
  y: number
}

/** Not enlarged, in the middle. */
export const whole: Placed = { scale: 1, x: 0, y: 0 }

/** Small pictures are shown at most this much larger than they are. */
const mostGrown = 2

/** A picture of a size fitted into the stage; of unknown size, all of the stage. */
export function fitted(picture: Size | undefined, stage: Size): Size {
  if (!picture?.width || !picture.height) return stage
  const by = Math.min(stage.width / picture.width, stage.height / picture.height, mostGrown)
  return { width: picture.width * by, height: picture.height * by }
}

/** The largest scale: four times, or a pixel of the picture for one of the screen. */
export function maxScale(picture: Size | undefined, fit: Size): number {
  return Math.max(4, picture?.width ? picture.width / fit.width : 0)
}

/** Enlarged around a point, which stays where it is; never out of reach. */
export function zoomedAt(from: Placed, to: number, at: { x: number; y: number }, fit: Size, stage: Size, most: number): Placed {
  const scale = Math.min(most, Math.max(1, to))
  const by = scale / from.scale
  return within({ scale, x: at.x - (at.x - from.x) * by, y: at.y - (at.y - from.y) * by }, fit, stage)
}

/** Moved back so that no edge of the picture leaves the stage's where it is larger. */
export function within({ scale, x, y }: Placed, fit: Size, stage: Size): Placed {
  const room = (size: number, of: number) => Math.max(0, (size * scale - of) / 2)
  const clamp = (n: number, most: number) => Math.min(most, Math.max(-most, n)) + 0 // never -0
  return { scale, x: clamp(x, room(fit.width, stage.width)), y: clamp(y, room(fit.height, stage.height)) }
}

/** What a double tap enlarges to: long pictures fill the width. */
export function doubleTapScale(fit: Size, stage: Size): number {
  return fit.width < stage.width * 0.6 ? stage.width / fit.width : 2.5
}
