// What a file is by its bytes, beside what its name says.
import type { Api } from '@/api/client'
import { endingOf, type Family, familyOf } from '../messages/media'

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
  const byName = familyOf(endingOf(media))
  const byBytes = natureOf(media.mime)
  if (byBytes === 'other' || byName === byBytes) return undefined
  if (byName === 'other') return undefined
  if (byName === 'img' && byBytes === 'page' && /^svg$/i.test(endingOf(media))) return undefined
  return containers[byName]?.includes(byBytes) ? undefined : byBytes
}
