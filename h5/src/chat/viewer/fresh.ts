// A file as it stands now, with links that begin now.
import { type Api, api, call } from '@/api/client'
import { csrfHeader } from '@/app/session'
import { t } from '@/i18n/t'
import { toast } from '@/ui/toast'

const underway = new Map<string, Promise<Api['MessageFile']>>()

/** The file of a message; calls for one file while one is under way share it. */
export function freshFile(messageId: string, fileId: string): Promise<Api['MessageFile']> {
  const key = `${messageId} ${fileId}`
  let found = underway.get(key)
  if (!found) {
    const path = { message_id: messageId, file_id: fileId }
    found = call(api.GET('/messages/{message_id}/files/{file_id}', { params: { path } })).finally(() => underway.delete(key))
    underway.set(key, found)
  }
  return found
}

/** Has a file fetched again that was given up; admins only. */
export function retryFile(messageId: string, fileId: string): Promise<Api['MessageFile']> {
  const path = { message_id: messageId, file_id: fileId }
  return call(api.POST('/messages/{message_id}/files/{file_id}/retry', { params: { path, header: csrfHeader } }))
}

/** Pictures and videos of a conversation around a message, or from a cursor on; newest first. */
export function fetchVisual(cid: string, part: { around: string } | { cursor: string }, signal: AbortSignal): Promise<Api['MediaPage']> {
  return call(
    api.GET('/conversations/{conversation_id}/media', {
      params: { path: { conversation_id: cid }, query: { tab: 'visual', ...part, limit: 60 } },
      signal,
    }),
  )
}

/** That too much was asked for, and when it may be asked for again. */
export function tooMany(seconds: number): string {
  return seconds <= longestWait ? t('file.tooMany', { n: seconds }) : t('file.tooManyMinutes', { n: Math.ceil(seconds / 60) })
}

/** Longest pause that is waited for by itself, seconds. */
const longestWait = 120

/**
 * A link gave nothing that could be shown: where the server says that too much was
 * asked for, tells the reader, and calls again once it may be asked for anew.
 */
export async function onRefused(url: string, again: () => void): Promise<void> {
  try {
    const response = await fetch(url, { headers: { Range: 'bytes=0-0' }, credentials: 'same-origin' })
    void response.body?.cancel()
    const seconds = Number(response.headers.get('Retry-After'))
    if (response.status !== 429 || !(seconds > 0)) return
    toast(tooMany(seconds))
    if (seconds <= longestWait) setTimeout(again, seconds * 1000)
  } catch {
    return // the file stays as it is shown
  }
}
