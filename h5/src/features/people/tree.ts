// Departments as a tree.
import type { Api } from '@/api/client'

/** A department with those below it. */
export interface DepartmentNode {
  department: Api['Department']
  children: DepartmentNode[]
}

/**
 * The departments as trees, in the order given. One whose parent is not among
 * them stands at the top; a circle cannot hide anybody.
 */
export function departmentTree(departments: readonly Api['Department'][]): DepartmentNode[] {
  const nodes = new Map<string, DepartmentNode>()
  for (const department of departments) nodes.set(department.id, { department, children: [] })
  const roots: DepartmentNode[] = []
  for (const node of nodes.values()) {
    const parent = nodes.get(node.department.parent_id)
    if (parent && !leadsTo(node, parent, nodes)) parent.children.push(node)
    else roots.push(node)
  }
  return roots
}

function leadsTo(target: DepartmentNode, from: DepartmentNode, nodes: Map<string, DepartmentNode>): boolean {
  const seen = new Set<DepartmentNode>()
  let at: DepartmentNode | undefined = from
  while (at && !seen.has(at)) {
    if (at === target) return true
    seen.add(at)
    at = nodes.get(at.department.parent_id)
  }
  return false
}
