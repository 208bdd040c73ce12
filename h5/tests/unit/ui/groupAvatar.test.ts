// A group's picture: whole letters that fit their tiles, at every size.
import { mount } from '@vue/test-utils'
import { describe, expect, it } from 'vitest'
import GroupAvatar from '@/ui/GroupAvatar.vue'

const names = ['林晓雨', '🍃', '👨‍👩‍👧', 'Alice Wong', '陈先生', '🇨🇳', '何若溪', 'bob', '周明恺']

function picture(size: number, count: number) {
  return mount(GroupAvatar, { props: { size, faces: names.slice(0, count).map((name, i) => ({ id: `wm${i}`, name })) } })
}

describe('GroupAvatar', () => {
  it('draws a whole letter of every name', () => {
    const drawn = picture(48, 9).findAll('.tile').map((tile) => tile.text())
    expect(drawn).toEqual(['雨', '🍃', '👨‍👩‍👧', 'A', '陈', '🇨🇳', '溪', 'B', '恺'])
  })

  for (const size of [24, 36, 44, 48]) {
    for (const count of [1, 3, 9]) {
      it(`has no letter larger than its tile: ${count} of them in ${size} px`, () => {
        const tile = picture(size, count).find<HTMLElement>('.tile')
        const width = parseFloat(tile.element.style.width)
        const letter = tile.find<HTMLElement>('.letter')
        expect(letter.exists()).toBe(width >= 9)
        expect(tile.element.textContent === '').toBe(width < 9)
        if (!letter.exists()) return
        const { fontSize, transform } = letter.element.style
        expect(parseFloat(fontSize)).toBeGreaterThanOrEqual(12) // what browsers draw at least
        expect(parseFloat(fontSize) * Number(/scale\((.+)\)/.exec(transform)?.[1])).toBeLessThan(width * 0.7)
      })
    }
  }
})
