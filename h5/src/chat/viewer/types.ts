// What a file is by its bytes, beside what its name says.
import type { Api } from '@/api/client'
import { extensionOf } from '../messages/media'

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

/** A family of types, or a program that a computer would run. */
type Nature = Family | 'program' | 'page'

const natures: [RegExp, Nature][] = [
  [/^image\/svg/, 'page'],
  [/^image\//, 'img'],
  [/^audio\//, 'audio'],
  [/^video\//, 'video'],
  [/pdf$/, 'pdf'],
  [/wordprocessing|msword|rtf|opendocument\.text/, 'doc'],
  [/spreadsheet|ms-excel/, 'xls'],
  [/presentation|ms-powerpoint/, 'ppt'],
  [/^text\/html|xhtml/, 'page'],
  [/portable-executable|msdownload|x-executable|x-elf|sharedlib|mach|dosexec|x-sh|shellscript|java-archive|android\.package|x-msi/, 'program'],
  [/zip|x-rar|x-7z|gzip|x-tar|bzip/, 'zip'],
  [/^text\/|json$|xml$/, 'txt'],
]

/** What the bytes are; other where nobody can tell. */
export function natureOf(mime: string | undefined): Nature {
  return natures.find(([pattern]) => pattern.test(mime ?? ''))?.[1] ?? 'other'
}

/** Families whose files are kept in containers that look like these. */
const containers: Partial<Record<Family, readonly Nature[]>> = {
  doc: ['zip', 'txt'],
  xls: ['zip', 'txt'],
  ppt: ['zip'],
  audio: ['video'],
  video: ['audio'],
}

/**
 * What the bytes are where the ending of the name says something else: a picture
 * that is a program. undefined: they agree, or one of them says nothing.
 */
export function contradiction(media: Api['MediaContent']): Nature | undefined {
  const byName = familyOf(media.ext || extensionOf(media))
  const byBytes = natureOf(media.mime)
  if (byBytes === 'other' || byName === byBytes) return undefined
  if (byName === 'other') return undefined
  if (byName === 'img' && byBytes === 'page' && /^svg$/i.test(media.ext || extensionOf(media))) return undefined
  return containers[byName]?.includes(byBytes) ? undefined : byBytes
}
