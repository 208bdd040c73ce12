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

const noHan = /[^\u3400-\u9fff\uf900-\ufaff]/g

/** A surname before a form of address, as customers are noted: 陈先生, 王经理, 李姐. */
const address = /([^小])(先生|女士|小?姐|太太|经理|老师|老板|[总哥])$/

/** The first letter as one sees it: an emoji of several code points is one, marks without end are not. */
const letter = /^(\p{RI}{2}|.([\p{M}\p{EMod}]|\u200d.){0,7})/su

/**
 * What stands on the tile, at most so many letters: the last characters of a Chinese
 * name, the surname where a form of address follows it, else initials. What is in
 * brackets is left out.
 */
export function initials(name: string, most = 2): string {
  const trimmed = name.replace(/[（(【[].*/s, '').trim() || name.trim()
  const han = trimmed.replace(noHan, '')
  if (han) return address.exec(han)?.[1] ?? han.slice(-most)
  const words = trimmed.match(/[^\s._-]+/g) ?? [trimmed || '?']
  return words.slice(0, most).map((word) => letter.exec(word)?.[0]).join('').toUpperCase()
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
  let tile = tiles.get(key)
  if (!tile) {
    const label = initials(name)
    const letter = Math.round(size * (label.length > 1 ? 0.34 : 0.45))
    tile = { label, look: `width:${size}px;height:${size}px;font-size:${letter}px;background:${tileColor(id)}` }
    if (tiles.size >= tilesKept) tiles.clear()
    tiles.set(key, tile)
  }
  return tile
}
