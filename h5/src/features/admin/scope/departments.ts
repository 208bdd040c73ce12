// Which departments are chosen in a tree: one stands for those below it.
import type { DepartmentNode } from '@/features/people/tree'

/** Whether a department is chosen itself, by one above it, or not. */
export type Choice = 'own' | 'inherited' | 'none'

/** The choice of a node, given that one above it is chosen or not. */
export function choiceOf(node: DepartmentNode, chosen: ReadonlySet<string>, inherited: boolean): Choice {
  if (inherited) return 'inherited'
  return chosen.has(node.department.id) ? 'own' : 'none'
}

/** The ids below a node. */
export function idsBelow(node: DepartmentNode): string[] {
  return node.children.flatMap((child) => [child.department.id, ...idsBelow(child)])
}

/**
 * The choice with node turned on or off. Turning it on drops those below: they
 * are meant by it.
 */
export function toggled(node: DepartmentNode, chosen: readonly string[]): string[] {
  const { id } = node.department
  if (chosen.includes(id)) return chosen.filter((one) => one !== id)
  const below = new Set(idsBelow(node))
  return [...chosen.filter((one) => !below.has(one)), id]
}

/** Whether something below node is chosen: its branch opens then. */
export function holdsChosen(node: DepartmentNode, chosen: ReadonlySet<string>): boolean {
  return node.children.some((child) => chosen.has(child.department.id) || holdsChosen(child, chosen))
}
