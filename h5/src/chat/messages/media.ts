// What is to be said of a file's bytes.
import type { Api } from '@/api/client'
import { t } from '@/i18n/t'

/** Why a file is not shown. broken: its picture could not be drawn. */
export function mediaNote(media: Api['MediaContent'] | undefined, broken = false): string {
  if (broken || media?.state === 'failed') return t('message.media.failed')
  if (media?.state === 'expired') return t('message.media.expired')
  if (media?.state === 'none') return t('message.media.none')
  return t('message.media.pending')
}

/** The extension in capitals, for a file's tile; at most four letters. */
export function extensionOf(media: Api['MediaContent'] | undefined): string {
  const ext = media?.ext || /\.([^.]+)$/.exec(media?.name ?? '')?.[1] || ''
  return ext.replace(/[^\p{L}\p{N}]/gu, '').slice(0, 4).toUpperCase()
}

/** Width of a file name in a card: two lines, in full-width characters. */
const nameWidth = 19
/** How much of its end stays in view, in characters. */
const endLength = 8

/** A file name cut in the middle where it is long, so that its ending stays in view. */
export function shortName(name: string): string {
  const letters = Array.from(name)
  const width = (of: string[]) => of.reduce((sum, one) => sum + ((one.codePointAt(0) ?? 0) > 0x2e7f ? 1 : 0.6), 0)
  if (width(letters) <= nameWidth) return name
  const end = letters.slice(-endLength)
  const head = letters.slice(0, -endLength)
  while (head.length > 1 && width(head) + width(end) + 1 > nameWidth) head.pop()
  return `${head.join('')}…${end.join('')}`
}
