// Links to files end: 15 minutes after they were given.
import type { Api } from '@/api/client'

/** Links that end within this time are not used any more, ms. */
const reserveMs = 5000

/** Whether the links of a file are over. */
export function linksOver(media: Api['MediaContent'] | undefined): boolean {
  return media?.links_until !== undefined && Date.parse(media.links_until) - reserveMs < Date.now()
}
