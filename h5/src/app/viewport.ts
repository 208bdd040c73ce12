// How wide the page is, in the steps the layout knows.
import { computed, readonly, ref } from 'vue'

/** phone: one stack; tablet: list and detail; desktop: panes; wide: with details. */
export type Size = 'phone' | 'tablet' | 'desktop' | 'wide'

const steps = [
  ['wide', '(min-width: 1440px)'],
  ['desktop', '(min-width: 1024px)'],
  ['tablet', '(min-width: 768px)'],
] as const

function measure(): Size {
  return steps.find(([, query]) => window.matchMedia(query).matches)?.[0] ?? 'phone'
}

const current = ref<Size>(measure())
for (const [, query] of steps) {
  window.matchMedia(query).addEventListener('change', () => (current.value = measure()))
}

/** The width step now; follows the window. */
export const size = readonly(current)
/** Whether the phone's stack is shown. */
export const onPhone = computed(() => current.value === 'phone')
