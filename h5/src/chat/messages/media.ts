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

/** A file name in two parts, so that the ending stays in view when it is cut. */
export function splitName(name: string): { head: string; tail: string } {
  const letters = Array.from(name)
  if (letters.length <= 14) return { head: name, tail: '' }
  return { head: letters.slice(0, -8).join(''), tail: letters.slice(-8).join('') }
}
