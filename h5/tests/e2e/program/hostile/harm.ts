// What hostile text may do to a page: be carried out, leave its place, break
// the layout. Found in the page as it is drawn.
import type { Page } from 'playwright-core'

declare global {
  interface Window {
    /** What was carried out in this page. */
    carriedOut: string[]
    /** Called by payloads that are carried out. */
    ran(what: unknown): void
  }
}

/** Runs in every page before its own scripts: lets payloads tell that they ran. */
export function canary(): void {
  window.carriedOut = []
  window.ran = (what) => void window.carriedOut.push(String(what))
}

/** How tall one thing may be, px, by its selector. */
const tallest = { article: 1300, '[role=listitem]': 200, '.page-header': 110, '[role=listitem] .row': 150, '.sheet': 800 }

/** What is wrong on the page as it stands; empty when nothing is. */
export function harmIn(page: Page): Promise<string[]> {
  return page.evaluate((limits) => {
    const found: string[] = []
    const name = (one: Element) => `${one.tagName.toLowerCase()}.${String(one.getAttribute('class') ?? '')}`
    const tell = (what: string, one: Element, more = '') => found.push(`${what}: ${name(one)} ${more}`.slice(0, 200))
    const seen = (one: Element) => one.checkVisibility({ visibilityProperty: true, opacityProperty: true })
    const all = [...document.body.querySelectorAll('*')]

    found.push(...window.carriedOut.map((what) => `carried out: ${what}`))
    for (const one of all) {
      for (const { name: attribute } of one.attributes) if (/^on/i.test(attribute)) tell('handler', one, attribute)
    }
    for (const one of document.querySelectorAll('iframe, object, embed, base, form[action], style, math, meta[http-equiv]')) tell('foreign element', one)
    for (const one of document.querySelectorAll('link')) if (!String(one.href).startsWith(`${location.origin}/`)) tell('foreign link', one, one.href.slice(0, 40))
    for (const one of document.querySelectorAll<HTMLScriptElement>('script')) if (!String(one.src).startsWith(`${location.origin}/`)) tell('script', one)
    for (const one of document.querySelectorAll<HTMLAnchorElement>('a[href]')) if (!/^https?:$/.test(one.protocol)) tell('link', one, one.href.slice(0, 40))
    for (const one of document.querySelectorAll<HTMLImageElement>('img')) {
      if (!one.src.startsWith(`${location.origin}/`) && !/^(blob|data):/.test(one.src)) tell('picture', one, one.src.slice(0, 40))
    }

    const root = document.scrollingElement ?? document.documentElement
    for (const one of [root, document.body, ...all.filter((each) => /auto|scroll/.test(getComputedStyle(each).overflowY))]) {
      if (one.matches('.chips, .chips *')) continue
      const sideways = /auto|scroll/.test(getComputedStyle(one).overflowX) && !/auto|scroll/.test(getComputedStyle(one).overflowY)
      if (!sideways && one.scrollWidth > one.clientWidth + 1 && one.clientWidth > 0) tell('wider than its place', one, `${one.scrollWidth} > ${one.clientWidth}`)
    }
    for (const [selector, limit] of Object.entries(limits)) {
      for (const one of document.querySelectorAll(selector)) {
        const { height } = one.getBoundingClientRect()
        if (height > limit) tell('tall', one, `${selector} ${Math.round(height)} > ${limit}`)
      }
    }
    for (const one of document.querySelectorAll<HTMLElement>('button, a[href], input, textarea, [role=switch]')) {
      const box = one.getBoundingClientRect()
      const inline = getComputedStyle(one).display === 'inline'
      if (!seen(one) || inline || box.width === 0 || one.closest('[role=tablist], .chips, .visually-hidden')) continue
      if (box.left < -1 || box.right > window.innerWidth + 1) tell('out of reach', one, `${Math.round(box.left)}..${Math.round(box.right)}`)
    }

    // Text: what turns the line, or grows out of it, stays within a frame of its own.
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const text = node.nodeValue ?? ''
      const parent = node.parentElement
      if (!parent || !seen(parent)) continue
      if (/\p{M}{7}/u.test(text) && !framed(parent)) tell('marks grow out of', parent)
      if (/[\u202a-\u202e\u2066\u2067]/.test(text) && !apart(parent)) tell('turns the line', parent)
    }
    function framed(start: Element): boolean {
      for (let at: Element | null = start; at && at !== document.body; at = at.parentElement) {
        if (at.matches('article, [role=listitem], .sheet')) return false
        if (/hidden|clip|auto|scroll/.test(getComputedStyle(at).overflowY)) return true
      }
      return false
    }
    function apart(start: Element): boolean {
      for (let at: Element | null = start; at && at !== document.body; at = at.parentElement) {
        if (/isolate|plaintext/.test(getComputedStyle(at).unicodeBidi) || at.matches('pre, textarea')) return true
      }
      return false
    }
    return [...new Set(found)]
  }, tallest)
}

/** Whether the end of a text stands behind what is before it: to the right of it, or on a later line. */
export function standsLast(page: Page, selector: string, end: string): Promise<boolean> {
  return page.evaluate(
    ([where, last]) => {
      const walker = document.createTreeWalker(document.querySelector(where) ?? document.body, NodeFilter.SHOW_TEXT)
      const boxes = (node: Node, from: number, to: number) => {
        const range = document.createRange()
        range.setStart(node, from)
        range.setEnd(node, to)
        return [...range.getClientRects()].filter((box) => box.width > 0)
      }
      for (let node = walker.nextNode(); node; node = walker.nextNode()) {
        const text = node.nodeValue ?? ''
        const at = text.lastIndexOf(last)
        if (at <= 0) continue
        const [first] = boxes(node, at, at + last.length)
        if (!first) return false
        const middle = (first.top + first.bottom) / 2
        return boxes(node, 0, at).every((box) => box.bottom < middle || (box.right <= first.left + 1 && box.top < middle))
      }
      throw new Error(`nothing in ${where} ends in ${last}`)
    },
    [selector, end] as const,
  )
}
