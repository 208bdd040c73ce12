// What this device remembers: theme, text size, switches. Never anything of a chat.
import { ref, watch } from 'vue'

/** How the page looks: auto follows the device. */
export type Theme = 'auto' | 'light' | 'dark'
/** Size of all text. */
export type TextSize = 'normal' | 'large' | 'huge'

function read(key: string): string | null {
  try {
    return localStorage.getItem(`huicun.${key}`)
  } catch {
    return null
  }
}

function stored<T extends string>(key: string, allowed: readonly T[], otherwise: T): T {
  const found = read(key)
  return allowed.find((value) => value === found) ?? otherwise
}

function remember(key: string, value: string): void {
  try {
    localStorage.setItem(`huicun.${key}`, value)
  } catch {
    // Storage can be switched off; the choice then lasts for this page.
  }
}

/** The chosen theme. */
export const theme = ref<Theme>(stored('theme', ['auto', 'light', 'dark'], 'auto'))
/** The chosen text size. */
export const textSize = ref<TextSize>(stored('textSize', ['normal', 'large', 'huge'], 'normal'))
/** Whether rule hits are marked in chats (高亮敏感内容). */
export const highlight = ref(stored('highlight', ['on', 'off'], 'on') === 'on')
/** Whether single keys act as shortcuts. */
export const singleKeys = ref(stored('singleKeys', ['on', 'off'], 'on') === 'on')
/** Narrowest and widest list pane, px. */
export const listWidthRange = { min: 280, max: 420 } as const
/** Width of the list pane on a desktop, px. */
export const listWidth = ref(clampWidth(Number(read('listWidth'))))

/** px within what the list pane may measure. */
export function clampWidth(px: number): number {
  const { min, max } = listWidthRange
  return Math.min(max, Math.max(min, Math.round(px) || 320))
}

/** Applies the choices to <html> now and whenever they change. */
export function applyPreferences(): void {
  const root = document.documentElement
  const dark = window.matchMedia('(prefers-color-scheme: dark)')
  const paint = () => {
    root.dataset.theme = theme.value === 'auto' ? (dark.matches ? 'dark' : 'light') : theme.value
    root.dataset.textSize = textSize.value
  }
  // Inside WeCom the boot script's hint from the user agent stands until a choice is made.
  if (theme.value !== 'auto' || !/ColorScheme\//.test(navigator.userAgent)) paint()
  root.dataset.textSize = textSize.value
  dark.addEventListener('change', paint)
  watch([theme, textSize], paint)
  watch(theme, (value) => remember('theme', value))
  watch(textSize, (value) => remember('textSize', value))
  watch(highlight, (on) => remember('highlight', on ? 'on' : 'off'))
  watch(singleKeys, (on) => remember('singleKeys', on ? 'on' : 'off'))
  watch(listWidth, (px) => remember('listWidth', String(px)))
}
