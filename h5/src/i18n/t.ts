// The product's texts. zh-CN is in the entry chunk, en is loaded when chosen.
// UI text lives in this folder only; a key missing from either language does
// not compile.
import { shallowRef } from 'vue'
import zhCN from './zh-CN'

/** A text by plural category; Chinese has only `other`. */
export interface Plural {
  one: string
  other: string
}

/** Every text of the product by its key. */
export type Messages = Record<keyof typeof zhCN, string | Plural>
/** A text's key. */
export type Key = keyof typeof zhCN
/** A language of the interface. */
export type Locale = 'zh-CN' | 'en'

/** The languages to choose from, by their own names. */
export const locales: Record<Locale, string> = { 'zh-CN': '简体中文', en: 'English' }

const storageKey = 'huicun.locale'
const messages = shallowRef<Messages>(zhCN)
const current = shallowRef<Locale>('zh-CN')

/** The language in use. */
export function locale(): Locale {
  return current.value
}

/**
 * The text of key in the language in use, with {name} replaced by params.name.
 * A plural text is chosen by params.n.
 */
export function t(key: Key, params: Record<string, string | number> = {}): string {
  const found = messages.value[key]
  const text = typeof found === 'string' ? found : found[pluralCategory(params.n)]
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = params[name]
    if (value === undefined) return whole
    return typeof value === 'number' ? number(value) : value
  })
}

/** Whether key is a text's key: for keys put together from the server's codes. */
export function isKey(key: string): key is Key {
  return Object.prototype.hasOwnProperty.call(zhCN, key)
}

/** n in the language's digits and grouping. */
export function number(n: number): string {
  return new Intl.NumberFormat(current.value).format(n)
}

/** Changes the language, remembers it on this device and marks <html lang>. */
export async function setLocale(to: Locale): Promise<void> {
  messages.value = to === 'en' ? (await import('./en')).default : zhCN
  current.value = to
  document.documentElement.lang = to
  try {
    localStorage.setItem(storageKey, to)
  } catch {
    // Storage can be switched off; the choice then lasts for this page.
  }
}

/** Loads the language that the boot script put on <html>. */
export async function restoreLocale(): Promise<void> {
  if (document.documentElement.lang === 'en') {
    messages.value = (await import('./en')).default
    current.value = 'en'
  }
}

function pluralCategory(n: string | number | undefined): keyof Plural {
  return new Intl.PluralRules(current.value).select(Number(n ?? 0)) === 'one' ? 'one' : 'other'
}
