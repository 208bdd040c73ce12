// Which messages wait for their files.
import type { Api } from '@/api/client'

/** Whether something is still to become known of a file in content. */
export function waits(content: Api['Content']): boolean {
  const { media, parts, record } = content
  if (media && (media.state === 'pending' || media.refetching || (media.state === 'ready' && !media.looked))) return true
  return (parts ?? []).some(waits) || (record?.items ?? []).some((item) => waits(item.content))
}
