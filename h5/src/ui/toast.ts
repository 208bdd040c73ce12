// Short notices, read aloud politely; shown by Toaster.vue.
import { readonly, ref } from 'vue'

const shownMs = 2600
const current = ref('')
let timer: ReturnType<typeof setTimeout> | undefined

/** The notice on screen; empty for none. */
export const toastText = readonly(current)

/** Shows text for a moment. */
export function toast(text: string): void {
  clearTimeout(timer)
  current.value = text
  timer = setTimeout(() => (current.value = ''), shownMs)
}
