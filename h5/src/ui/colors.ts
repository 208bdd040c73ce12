// A colour of one's own for everybody without a picture: WeCom withholds avatars.

/** A stable number from text: FNV-1a, its bits mixed so that similar ids differ. */
export function hash(text: string): number {
  let h = 0x811c9dc5
  for (let i = 0; i < text.length; i++) {
    h = Math.imul(h ^ text.charCodeAt(i), 0x01000193)
  }
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}

/** The tile's colour for a person; dark enough for white letters (WCAG AA). */
export function tileColor(id: string): string {
  return `hsl(${hash(id) % 360} 42% 30%)`
}

const cjk = /[\u3400-\u9fff\uf900-\ufaff]/

/** How much of a name is looked at. */
const readLength = 100

/** Forms of address that customers are noted with: 陈先生, 王经理, 李姐. */
const address = /(先生|女士|小姐|太太|经理|老师|老板|总|哥|姐)$/

/**
 * What stands on the tile: the last two characters of a Chinese name, the surname
 * where a form of address follows it, else initials. What is in brackets is left out.
 */
export function initials(name: string): string {
  const start = name.trim().slice(0, readLength)
  const trimmed = start.replace(/[（(【[].*$/s, '').trim() || start
  if (!trimmed) return '?'
  if (cjk.test(trimmed)) {
    const bare = trimmed.replace(address, '')
    const letters = Array.from(bare || trimmed).filter((letter) => cjk.test(letter))
    return letters.slice(bare && bare !== trimmed ? -1 : -2).join('')
  }
  const words = trimmed.split(/[\s._-]+/).filter(Boolean)
  const first = words.length > 1 ? words.slice(0, 2).map(firstLetter) : [firstLetter(trimmed)]
  return first.join('').toUpperCase()
}

function firstLetter(word: string): string {
  return Array.from(word)[0] ?? ''
}

/** The tile of somebody without a picture: its letters, and its style. */
export interface Tile {
  label: string
  look: string
}

const tiles = new Map<string, Tile>()
/** Tiles kept: those of one chat, and of a large group most. */
const tilesKept = 500

/** The tile of a person, size px wide and high. */
export function tileOf(id: string, name: string, size: number): Tile {
  const key = `${size} ${id} ${name}`
  const found = tiles.get(key)
  if (found) return found
  const label = initials(name)
  const tile = { label, look: `${tileSize(size, label)};background:${tileColor(id)}` }
  if (tiles.size >= tilesKept) tiles.clear()
  tiles.set(key, tile)
  return tile
}

/** The style of a tile but for its ground. */
export function tileSize(size: number, label = ''): string {
  return `width:${size}px;height:${size}px;font-size:${Math.round(size * (label.length > 1 ? 0.34 : 0.45))}px`
}
