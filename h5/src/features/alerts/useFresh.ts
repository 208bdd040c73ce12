// How many violations came in since the list was read.
import { computed, onActivated, onBeforeUnmount, onDeactivated, onMounted, ref } from 'vue'
import { live } from '@/app/live'

/** Counts new violations while the page is in view; onReset: too much was missed to be counted. */
export function useFresh(onReset: () => void) {
  const ids = ref(new Set<string>())
  let stop: (() => void)[] = []

  function start(): void {
    if (stop.length) return
    stop = [
      live.on('violation', (event) => void (ids.value = new Set(ids.value).add(event.violation_id))),
      live.on('reset', onReset),
    ]
  }

  function end(): void {
    stop.forEach((off) => off())
    stop = []
  }

  onMounted(start)
  onActivated(start)
  onDeactivated(end)
  onBeforeUnmount(end)
  return {
    count: computed(() => ids.value.size),
    /** The list is read again. */
    clear: () => void (ids.value = new Set()),
  }
}
