// Saving a file. A link is followed only once it leads to the file: what the server
// says instead would else be shown as it comes, in a window of its own.
import type { Api } from '@/api/client'
import { Problem, problemOf, toProblem } from '@/api/problem'
import { toast } from '@/ui/toast'
import { freshFile, tooMany } from './fresh'
import { linksOver } from './links'

type Media = Api['MediaContent']

/** Files that are about to be saved: further taps change nothing. */
const underway = new Set<string>()

/** Saves the file of a message in place of following its link; gives why it cannot be, or ''. */
export async function download(event: Event, messageId: string, media: Media): Promise<string> {
  event.preventDefault()
  const key = media.id ?? media.download_url ?? ''
  if (underway.has(key)) return ''
  underway.add(key)
  try {
    const url = await followable(messageId, media)
    const refused = url ? await refusalOf(url) : new Problem('not_found', 404).text()
    if (!refused) follow(url)
    return refused
  } catch (thrown) {
    return toProblem(thrown).text()
  } finally {
    underway.delete(key)
  }
}

/** As download, where there is no place for words but a short notice. */
export async function downloadTold(event: Event, messageId: string, media: Media | undefined): Promise<void> {
  const refused = media ? await download(event, messageId, media) : ''
  if (refused) toast(refused)
}

/** A link that is not over. */
async function followable(messageId: string, media: Media): Promise<string> {
  const now = media.id && linksOver(media) ? (await freshFile(messageId, media.id)).media : media
  return now.download_url ?? ''
}

/** What the server says instead of the file, in words; '' when it gives it. */
async function refusalOf(url: string): Promise<string> {
  // Of the file its first byte alone: the server does not count it as opened.
  const response = await fetch(url, { headers: { Range: 'bytes=0-0' }, credentials: 'same-origin' })
  const refused = !response.ok && response.status !== 416 // 416: an empty file
  if (!refused) {
    void response.body?.cancel()
    return ''
  }
  const seconds = Number(response.headers.get('Retry-After'))
  if (response.status === 429 && seconds > 0) return tooMany(seconds)
  return problemOf(response.status, await response.json().catch(() => undefined)).text()
}

function follow(url: string): void {
  const link = document.createElement('a')
  link.href = url
  link.download = ''
  link.click()
}
