// Has a file fetched again that is not whole, and tells what came of it.
import { computed, onScopeDispose, type Ref, ref, watch } from 'vue'
import type { Api } from '@/api/client'
import { toProblem } from '@/api/problem'
import { useSession } from '@/app/session'
import { t } from '@/i18n/t'
import { toast } from '@/ui/toast'
import { freshFile, retryFile } from './fresh'

type Media = Api['MediaContent']
type File = Api['MessageFile']

/** How often a file that is on its way is read again while somebody looks, ms. */
export const lookEveryMs = 4000

/** Why a file may be fetched again: how it was given up, that it failed and waits, that it is not as the message says, or whole to find out. */
type Reason = 'expired' | 'refused' | 'broken' | 'over_limit' | 'waiting' | 'flagged' | 'whole'

const givenUp: readonly Media['state'][] = ['expired', 'refused', 'broken', 'over_limit']

/** Whether it is being fetched. */
const onItsWay = (media: Media) => media.state === 'pending' || media.refetching === true

/** Why it may be fetched again; undefined: it is on its way, or there is nothing to ask for. */
export function reasonOf(media: Media): Reason | undefined {
  if (!media.id) return undefined
  if (onItsWay(media)) return media.error_class ? 'waiting' : undefined
  if (media.state === 'ready') return media.flag ? 'flagged' : 'whole'
  return givenUp.includes(media.state) ? (media.state as Reason) : undefined
}

/** Whether something became known between the two that the reader is to see. */
function differs(a: Media, b: Media): boolean {
  return a.state !== b.state || a.refetching !== b.refetching || a.flag !== b.flag || a.error_class !== b.error_class
}

/** The way to have the file of a message fetched again, while looking is true; take is given what is known of it then. */
export function useRefetch(messageId: () => string, media: () => Media, looking: Ref<boolean>, take: (file: File) => void) {
  const session = useSession()
  const asking = ref(false)
  const failure = ref('')
  const reason = computed(() => (session.admin ? reasonOf(media()) : undefined))
  let timer: ReturnType<typeof setTimeout> | undefined
  /** Somebody waits to be told. */
  let waiting = false

  async function ask(): Promise<void> {
    const { id } = media()
    const why = reason.value
    if (!id || !why) return
    asking.value = true
    failure.value = ''
    try {
      take(await retryFile(messageId(), id))
      waiting = onItsWay(media())
      toast(t(waiting ? 'file.retried' : 'file.formsAgain'))
    } catch (thrown) {
      const problem = toProblem(thrown)
      if (problem.status !== 409) failure.value = problem.text()
      else toast(t(why === 'whole' ? 'file.whole' : 'file.underway'))
    } finally {
      asking.value = false
    }
  }

  /** Reads a file that is on its way again. */
  async function look(): Promise<void> {
    const before = media()
    const message = messageId()
    try {
      const file = before.id ? await freshFile(message, before.id) : undefined
      if (!file || message !== messageId() || before !== media()) return
      if (differs(file.media, before)) {
        take(file)
        tell(file.media)
      }
    } catch {
      // The next look may succeed.
    } finally {
      plan()
    }
  }

  function tell(now: Media): void {
    if (!waiting || onItsWay(now)) return
    waiting = false
    if (now.state === 'ready') toast(t(now.flag || now.error_class ? 'file.kept' : 'file.arrived'))
  }

  function plan(): void {
    clearTimeout(timer)
    if (looking.value && onItsWay(media())) timer = setTimeout(() => void look(), lookEveryMs)
  }

  watch([looking, media], plan, { immediate: true })
  watch(messageId, () => {
    waiting = false
    failure.value = ''
  })
  onScopeDispose(() => clearTimeout(timer))
  return { reason, asking, failure, ask }
}
