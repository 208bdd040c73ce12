// The product's texts. The core of zh-CN is in the entry chunk; what the pages
// besides the chat say comes with them, en when it is chosen. UI text lives in
// this folder only; a key missing from either language does not compile.
import { computed, shallowRef } from 'vue'
import zhCore from './zh-CN'
import type zhAdmin from './zh-CN/adminPages'
import type zhPages from './zh-CN/pages'

/** A text by plural category; Chinese has only `other`. */
export interface Plural {
  one: string
  other: string
}

/** Texts of the entry chunk by key. */
export type CoreMessages = Record<keyof typeof zhCore, string | Plural>
/** Texts that come with the pages, by key. */
export type PageMessages = Record<keyof typeof zhPages | keyof typeof zhAdmin, string | Plural>
/** A text's key. */
export type Key = keyof CoreMessages | keyof PageMessages
/** A language of the interface. */
export type Locale = 'zh-CN' | 'en'

type Texts = Partial<Record<Key, string | Plural>>

/** The languages to choose from, by their own names. */
export const locales: Record<Locale, string> = { 'zh-CN': '简体中文', en: 'English' }

const storageKey = 'huicun.locale'
const core = shallowRef<CoreMessages>(zhCore)
const pages = shallowRef<Partial<PageMessages>>({})
/** Chinese texts that came later than those of the pages. */
const later = shallowRef<Texts>({})
const messages = computed<Texts>(() => ({ ...core.value, ...later.value, ...pages.value }))
let pageTexts: Promise<void> | undefined
const current = shallowRef<Locale>('zh-CN')
/** The language asked for last; current once its texts are here. */
let wanted: Locale = 'zh-CN'

/** The language in use. */
export function locale(): Locale {
  return current.value
}

/**
 * The text of key in the language in use, with {name} replaced by params.name.
 * A plural text is chosen by params.n.
 */
export function t(key: Key, params: Record<string, string | number> = {}): string {
  const found = messages.value[key] ?? key
  const text = typeof found === 'string' ? found : found[pluralCategory(params.n)]
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = params[name]
    if (value === undefined) return whole
    return typeof value === 'number' ? number(value) : value
  })
}

/** Whether key is a text's key: for keys put together from the server's codes. */
export function isKey(key: string): key is Key {
  return Object.prototype.hasOwnProperty.call(messages.value, key)
}

/** n in the language's digits and grouping. */
export function number(n: number): string {
  return new Intl.NumberFormat(current.value).format(n)
}

/** Changes the language, remembers it on this device and marks <html lang>. */
export async function setLocale(to: Locale): Promise<void> {
  await use(to)
  document.documentElement.lang = to
  try {
    localStorage.setItem(storageKey, to)
  } catch {
    // Storage can be switched off; the choice then lasts for this page.
  }
}

/** Loads the language that the boot script put on <html>. */
export async function restoreLocale(): Promise<void> {
  if (document.documentElement.lang === 'en') await use('en')
}

/** Loads the texts of the pages besides the chat; the loader of each of them waits for it. */
export function loadPageTexts(): Promise<void> {
  pageTexts ??= fetchPageTexts().catch((failure: unknown) => {
    pageTexts = undefined // the next attempt asks again
    throw failure
  })
  return pageTexts
}

/** Adds Chinese texts of what is seldom opened. */
export function addTexts(texts: Texts): void {
  later.value = texts
}

/** The language may be changed while its texts are on their way: the last one asked for counts. */
async function fetchPageTexts(): Promise<void> {
  const of = wanted
  const found = await pagesOf(of)
  if (of !== wanted) return fetchPageTexts()
  pages.value = found
}

async function use(to: Locale): Promise<void> {
  wanted = to
  const [coreTexts, pagesTexts] = await Promise.all([coreOf(to), pageTexts && pagesOf(to)])
  if (wanted !== to) return
  core.value = coreTexts
  if (pagesTexts) pages.value = pagesTexts
  current.value = to
}

async function coreOf(of: Locale): Promise<CoreMessages> {
  return of === 'en' ? (await import('./en')).default : zhCore
}

async function pagesOf(of: Locale): Promise<Partial<PageMessages>> {
  return (of === 'en' ? await import('./en/pages') : await import('./zh-CN/pages')).default
}

function pluralCategory(n: string | number | undefined): keyof Plural {
  return new Intl.PluralRules(current.value).select(Number(n ?? 0)) === 'one' ? 'one' : 'other'
}
