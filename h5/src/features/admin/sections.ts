// The parts of the administration, in order.
import type { IconName } from '@/ui/icons'

/** Name of a section's first page. */
export type SectionName = 'rules' | 'viewers' | 'pushes' | 'status' | 'gallery'

/** A part of the administration. */
export interface Section {
  /** Name of its route; its texts are `admin.<name>` and `admin.<name>Hint`. */
  name: SectionName
  icon: IconName
  /** Names of the routes inside it. */
  pages: readonly string[]
}

/** The parts of the administration. */
export const sections: readonly Section[] = [
  { name: 'rules', icon: 'book', pages: ['rules', 'rule', 'rule-new'] },
  { name: 'viewers', icon: 'people', pages: ['viewers', 'viewer', 'viewer-new'] },
  { name: 'pushes', icon: 'bell', pages: ['pushes'] },
  { name: 'status', icon: 'todo', pages: ['status'] },
  { name: 'gallery', icon: 'image', pages: ['gallery'] },
]
