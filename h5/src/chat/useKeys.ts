// Single keys as shortcuts; off while typing, and in /me.
import { onActivated, onBeforeUnmount, onDeactivated, onMounted } from 'vue'
import { singleKeys } from '@/app/preferences'

/** What a key does; keys as KeyboardEvent.key, `ctrl+f` with Ctrl or Cmd. */
export type Shortcuts = Record<string, () => void>

function typing(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest('input, textarea, select, [contenteditable]') !== null
}

function inDialog(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest('[role="dialog"]') !== null
}

/** Listens for shortcuts while the component is in view. */
export function useKeys(shortcuts: Shortcuts): void {
  function onKey(event: KeyboardEvent): void {
    if (event.defaultPrevented || event.altKey || inDialog(event.target)) return
    const chord = event.ctrlKey || event.metaKey
    if (!chord && (typing(event.target) || (event.key.length === 1 && !singleKeys.value))) return
    const action = shortcuts[chord ? `ctrl+${event.key.toLowerCase()}` : event.key]
    if (!action) return
    event.preventDefault()
    action()
  }

  const listen = () => window.addEventListener('keydown', onKey)
  const ignore = () => window.removeEventListener('keydown', onKey)
  onMounted(listen)
  onActivated(listen)
  onDeactivated(ignore)
  onBeforeUnmount(ignore)
}
