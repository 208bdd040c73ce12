// From hits to the rows of the list: under the name of their conversation, as
// long as no hit of another stands between them.
import type { Api } from '@/api/client'

type Hit = Api['SearchHit']

/** A row: the head of a run of hits, or a hit. */
export type ResultRow =
  | { kind: 'head'; key: string; conversation: Api['Conversation'] }
  | {
      kind: 'hit'
      key: string
      hit: Hit
      /** Its place among all hits, from 0. */
      index: number
      /** The messages around it, unless they are hits beside it. */
      before?: Api['LastMessage']
      after?: Api['LastMessage']
    }

/** The rows of hits, in their order. */
export function toRows(hits: readonly Hit[]): ResultRow[] {
  const rows: ResultRow[] = []
  for (let start = 0; start < hits.length; ) {
    const { conversation } = hits[start] as Hit
    let end = start + 1
    while (hits[end]?.conversation.id === conversation.id) end++
    const run = hits.slice(start, end)
    rows.push({ kind: 'head', key: `head ${run[0]?.message.id}`, conversation })
    const shown = new Set(run.map((hit) => hit.message.id))
    run.forEach((hit, i) => rows.push(hitRow(hit, start + i, shown)))
    start = end
  }
  return rows
}

function hitRow(hit: Hit, index: number, shown: ReadonlySet<string>): ResultRow {
  const unlessShown = (one: Api['LastMessage'] | undefined) => (one && !shown.has(one.id) ? one : undefined)
  return { kind: 'hit', key: hit.message.id, hit, index, before: unlessShown(hit.before), after: unlessShown(hit.after) }
}
