// The address in a code of a picture that the reader wants to follow.
import { ref } from 'vue'

/** The address. */
export const link = ref('')
/** Whether the sheet that asks about it is open. */
export const linkOpen = ref(false)

/** Asks before the address is opened. */
export function askLink(url: string): void {
  link.value = url
  linkOpen.value = true
}
