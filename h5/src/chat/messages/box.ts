// Sizes of media boxes: known before the bytes are, so that rows keep their height.
import type { Api } from '@/api/client'

/** Width and height, px. */
export interface BoxSize {
  width: number
  height: number
}

const limits = {
  image: { phone: [160, 220], desktop: [280, 320], unknown: [160, 120] },
  video: { phone: [160, 220], desktop: [280, 320], unknown: [176, 99] },
  emotion: { phone: [120, 120], desktop: [120, 120], unknown: [96, 96] },
} as const

/** The box of a picture of width × height, fitted; a fixed one when they are not known. */
export function boxSize(
  kind: keyof typeof limits,
  width: number | undefined,
  height: number | undefined,
  phone: boolean,
): BoxSize {
  const limit = limits[kind]
  if (!width || !height || width < 0 || height < 0) {
    return { width: limit.unknown[0], height: limit.unknown[1] }
  }
  const [maxWidth, maxHeight] = phone ? limit.phone : limit.desktop
  const scale = Math.min(1, maxWidth / width, maxHeight / height)
  const smallest = 48
  return {
    width: Math.max(smallest, Math.round(width * scale)),
    height: Math.max(smallest, Math.round(height * scale)),
  }
}

/** Width of a voice bar: 64 px at one second, 208 px at a minute and more. */
export function voiceWidth(seconds: number): number {
  const share = Math.min(60, Math.max(1, seconds)) / 60
  return Math.round(64 + (208 - 64) * Math.sqrt(share))
}

/** How large what is part of another message is drawn, of what it is by itself. */
const partScale = 0.75

const kept = new Map<string, BoxSize>()

/**
 * The box of a file. One that was first drawn when its size was not known keeps
 * that box while the page lives: its row is on screen and must not move.
 */
export function keptSize(
  kind: keyof typeof limits,
  media: Api['MediaContent'] | undefined,
  phone: boolean,
  part = false,
): BoxSize {
  const key = `${kind} ${media?.id ?? ''} ${phone} ${part}`
  const found = media?.id ? kept.get(key) : undefined
  if (found) return found
  const whole = boxSize(kind, media?.width, media?.height, phone)
  const scale = (px: number) => (part ? Math.round(px * partScale) : px)
  const size = { width: scale(whole.width), height: scale(whole.height) }
  if (media?.id && !(media.width && media.height)) kept.set(key, size)
  return size
}
