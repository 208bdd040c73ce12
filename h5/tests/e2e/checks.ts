// What holds on every screen: readable by assistive technology, and with
// controls large enough for a finger.
import { AxeBuilder } from '@axe-core/playwright'
import type { Page } from 'playwright-core'

const tags = ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa']

/** What axe finds against WCAG 2.2 AA. */
export function violations(page: Page): Promise<string[]> {
  return told(new AxeBuilder({ page }).withTags(tags))
}

/** What axe finds of colours alone: all that another theme changes. */
export function contrast(page: Page): Promise<string[]> {
  return told(new AxeBuilder({ page }).withRules('color-contrast'))
}

async function told(axe: AxeBuilder): Promise<string[]> {
  // Not in a page of its own that joins what frames of other origins say: there
  // are none, and each such page takes a third of a second.
  const { violations: found } = await axe.setLegacyMode().exclude('.watermark-host').analyze()
  return found.flatMap((one) => one.nodes.map((node) => `${one.id}: ${node.html.slice(0, 160)} ${node.any[0]?.message ?? ''}`))
}

/** Controls smaller than 44 px on a touch screen; inline links are exempt. */
export function tooSmall(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const controls = [...document.querySelectorAll<HTMLElement>('button, a[href], input, select, textarea, [role=slider]')]
    const visible = controls.filter((one) => one.offsetParent !== null && getComputedStyle(one).visibility !== 'hidden')
    return visible
      .filter((one) => !one.closest('.prose, .skip, .bubble') && !one.closest('label, form'))
      .filter((one) => {
        const box = one.getBoundingClientRect()
        // A face is drawn 40 px wide and takes taps on 44.
        const grown = one.classList.contains('face') ? 4 : 0
        return box.width > 0 && (box.width + grown < 44 || box.height + grown < 44)
      })
      .map((one) => `${one.className} ${one.textContent?.slice(0, 40)} ${one.offsetWidth}x${one.offsetHeight}`)
  })
}
