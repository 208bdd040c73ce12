// A file as it was given, or fresher where its links were over.
import { computed, onMounted, ref, shallowRef, watch } from 'vue'
import type { Api } from '@/api/client'
import { linksOver } from './links'

type Media = Api['MediaContent']

/** Links that were not over, and did not help. */
function sameLinks(a: Media, b: Media): boolean {
  return a.url === b.url && a.thumb_url === b.thumb_url && a.poster_url === b.poster_url
}

/** The file given of a message; without its message no new links can be had. */
export function useFresh(messageId: () => string | undefined, given: () => Media | undefined) {
  const fresher = shallowRef<Media>()
  const media = computed(() => fresher.value ?? given())
  /** It could not be had, with new links either. */
  const broken = ref(false)
  let renewed = false

  watch(given, () => {
    fresher.value = undefined
    broken.value = renewed = false
  })
  onMounted(() => {
    if (linksOver(media.value)) void renew()
  })

  /** Asks for new links, silently and once; event tells of the one that failed. */
  async function renew(event?: Event): Promise<void> {
    const before = given()
    const message = messageId()
    if (renewed || !before?.id || !message) return giveUp(event)
    renewed = true
    try {
      const { freshFile } = await import('./fresh')
      const found = await freshFile(message, before.id)
      if (given() !== before) return
      fresher.value = found.media
      if (sameLinks(found.media, before)) giveUp(event)
    } catch {
      if (given() === before) giveUp(event)
    }
  }

  /** It cannot be shown; where the server wants a pause, it is tried again after it. */
  function giveUp(event?: Event): void {
    broken.value = true
    const before = given()
    const url = (event?.target as HTMLImageElement | HTMLVideoElement | null | undefined)?.currentSrc
    if (url) void import('./fresh').then(({ onRefused }) => onRefused(url, () => given() === before && (broken.value = false)))
  }

  return { media, broken, renew }
}
