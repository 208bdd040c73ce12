// What is to be said of a file's bytes.
import type { Api } from '@/api/client'
import { t } from '@/i18n/t'

type Media = Api['MediaContent']

/**
 * Why a file is not shown; empty when it is. broken: its picture or sound could
 * not be had.
 */
export function mediaNote(media: Media | undefined, broken = false): string {
  if (broken) return t('message.media.undrawable')
  const state = media?.state ?? 'none'
  if (state !== 'ready') return t(`message.media.${state}`)
  return media?.url || media?.thumb_url ? '' : t('message.media.original')
}

/** How the bytes differ from what the message says; empty when they do not. */
export function flagNote(media: Media | undefined): string {
  return media?.flag ? t(`message.flag.${media.flag}`) : ''
}

/** Families of file types, by extension. */
const families = {
  doc: 'doc docx wps rtf odt pages',
  xls: 'xls xlsx xlsm csv et ods numbers',
  ppt: 'ppt pptx pps ppsx dps key',
  pdf: 'pdf',
  zip: 'zip rar 7z gz tar tgz bz2',
  img: 'jpg jpeg png gif webp bmp heic svg tif tiff psd',
  audio: 'mp3 wav m4a amr aac ogg flac wma',
  video: 'mp4 mov avi mkv webm wmv flv m4v 3gp',
  txt: 'txt md log json xml',
} as const

/** A family of file types; other: none that is known. */
export type Family = keyof typeof families | 'other'

/** The family of an extension. */
export function familyOf(ext: string): Family {
  const wanted = ext.toLowerCase()
  const names = Object.keys(families) as (keyof typeof families)[]
  return names.find((name) => wanted && families[name].split(' ').includes(wanted)) ?? 'other'
}

/** The extension, as the message has it or its name ends. */
export function endingOf(media: Media | undefined): string {
  return media?.ext || /\.([^.]+)$/.exec(media?.name ?? '')?.[1] || ''
}

/** The extension in capitals, for a file's tile; at most four letters. */
export function extensionOf(media: Media | undefined): string {
  return endingOf(media).replace(/[^\p{L}\p{N}]/gu, '').slice(0, 4).toUpperCase()
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
