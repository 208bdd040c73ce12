// Whether the device says that it has a network.
import { readonly, ref } from 'vue'

const current = ref(navigator.onLine)
window.addEventListener('online', () => (current.value = true))
window.addEventListener('offline', () => (current.value = false))

/** False while the device has no network. */
export const online = readonly(current)
