// A rule while it is edited: from the server's form to fields and back.
import type { Api } from '@/api/client'
import { t } from '@/i18n/t'

/** What the contract allows. */
export const limits = { name: 60, words: 1000, word: 100, testText: 5000 } as const

/** A rule as the editor's fields hold it. */
export interface RuleDraft {
  name: string
  /** One word a line. */
  words: string
  severity: Api['Severity']
  direction: Api['Rule']['direction']
  scopeAll: boolean
  departments: string[]
  employees: Api['Person'][]
  subscribers: string[]
  enabled: boolean
  /** The version that was read; 0 for a new rule. */
  version: number
}

/** Fields of the editor that can be wrong. */
export type DraftField = 'name' | 'words' | 'scope'

/** The fields of a rule; of a new one when there is none. */
export function draftOf(rule?: Api['Rule']): RuleDraft {
  return {
    name: rule?.name ?? '',
    words: rule?.words.join('\n') ?? '',
    severity: rule?.severity ?? 'mid',
    direction: rule?.direction ?? 'both',
    scopeAll: rule?.scope_all ?? true,
    departments: [...(rule?.scope_departments ?? [])],
    employees: [...(rule?.scope_employees ?? [])],
    subscribers: rule?.subscribers.map((one) => one.id) ?? [],
    enabled: rule?.enabled ?? true,
    version: rule?.version ?? 0,
  }
}

/** The words of the text field: trimmed, without empty lines, each once. */
export function wordsOf(text: string): { words: string[]; duplicates: number } {
  const lines = text
    .split(/\r\n|\r|\n/)
    .map((line) => line.trim())
    .filter(Boolean)
  const first = new Map<string, string>()
  for (const word of lines) {
    const folded = foldWord(word)
    if (!first.has(folded)) first.set(folded, word)
  }
  const words = [...first.values()]
  return { words, duplicates: lines.length - words.length }
}

/** Words that differ only in case or width find the same. */
function foldWord(word: string): string {
  return word.normalize('NFKC').toLowerCase()
}

/** Characters as a reader counts them. */
function length(text: string): number {
  return Array.from(text).length
}

/** What is wrong with a draft, by field, in the reader's language. */
export function faultsOf(draft: RuleDraft): Partial<Record<DraftField, string>> {
  const faults: Partial<Record<DraftField, string>> = {}
  const name = nameFault(draft.name.trim())
  const words = wordsFault(wordsOf(draft.words).words)
  if (name) faults.name = name
  if (words) faults.words = words
  if (!draft.scopeAll && !draft.departments.length && !draft.employees.length) faults.scope = t('admin.rule.invalid.scope')
  return faults
}

function nameFault(name: string): string {
  if (!name) return t('admin.rule.invalid.name')
  return length(name) > limits.name ? t('admin.rule.invalid.nameLong', { max: limits.name }) : ''
}

function wordsFault(words: readonly string[]): string {
  if (!words.length) return t('admin.rule.invalid.words')
  if (words.length > limits.words) return t('admin.rule.invalid.wordsMany', { max: limits.words })
  const long = words.find((word) => length(word) > limits.word)
  return long ? t('admin.rule.invalid.wordLong', { word: Array.from(long).slice(0, 8).join(''), max: limits.word }) : ''
}

/** The draft as the server takes it. */
export function inputOf(draft: RuleDraft): Api['RuleInput'] {
  return {
    name: draft.name.trim(),
    words: wordsOf(draft.words).words,
    severity: draft.severity,
    direction: draft.direction,
    scope_all: draft.scopeAll,
    scope_departments: draft.scopeAll ? [] : draft.departments,
    scope_employees: draft.scopeAll ? [] : draft.employees.map((one) => one.id),
    subscribers: draft.subscribers,
    enabled: draft.enabled,
    ...(draft.version ? { version: draft.version } : {}),
  }
}

/** A stored rule as the server takes it, with a part changed. */
export function changed(rule: Api['Rule'], part: Partial<Api['RuleInput']>): Api['RuleInput'] {
  return { ...inputOf(draftOf(rule)), ...part }
}

/** Whether two drafts say the same. */
export function sameDraft(a: RuleDraft, b: RuleDraft): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}

/** Unsaved drafts by rule id ('' for a new rule), in memory only. */
const kept = new Map<string, RuleDraft>()

/** Keeps an unsaved draft while the app is open; undefined forgets it. */
export function keepDraft(id: string, draft: RuleDraft | undefined): void {
  if (draft) kept.set(id, JSON.parse(JSON.stringify(draft)) as RuleDraft)
  else kept.delete(id)
}

/** The unsaved draft of a rule, if there is one. */
export function keptDraft(id: string): RuleDraft | undefined {
  const draft = kept.get(id)
  return draft && (JSON.parse(JSON.stringify(draft)) as RuleDraft)
}
