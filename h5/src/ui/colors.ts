// A colour of one's own for everybody without a picture: WeCom withholds avatars.

/** A stable number from text (FNV-1a, 32 bits). */
export function hash(text: string): number {
  let h = 0x811c9dc5
  for (let i = 0; i < text.length; i++) {
    h = Math.imul(h ^ text.charCodeAt(i), 0x01000193)
  }
  return h >>> 0
}

/** The tile's colour for a person; dark enough for white letters (WCAG AA). */
export function tileColor(id: string): string {
  return `hsl(${hash(id) % 360} 42% 30%)`
}

const cjk = /[\u3400-\u9fff\uf900-\ufaff]/

/** What stands on the tile: the last two characters of a Chinese name, else initials. */
export function initials(name: string): string {
  const trimmed = name.trim()
  if (!trimmed) return '?'
  if (cjk.test(trimmed)) {
    const letters = Array.from(trimmed).filter((letter) => cjk.test(letter))
    return letters.slice(-2).join('')
  }
  const words = trimmed.split(/[\s._-]+/).filter(Boolean)
  const first = words.length > 1 ? words.slice(0, 2).map(firstLetter) : [firstLetter(trimmed)]
  return first.join('').toUpperCase()
}

function firstLetter(word: string): string {
  return Array.from(word)[0] ?? ''
}
