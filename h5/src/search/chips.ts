// The filters of a search as chips: what each says, and the search without it.
import type { Api } from '@/api/client'
import { t } from '@/i18n/t'
import { clean } from '@/ui/text'
import { spanOf } from './days'
import { isChosen, typeChoices, withChoice } from './kinds'
import { conversationName, personName } from './names'
import type { Search } from './query'

/** One filter. */
export interface FilterChip {
  key: string
  label: string
  /** What makes the search one without it. */
  without: Partial<Search>
}

/** The chips of a search, in the order of the form. */
export function chipsOf(search: Search, departments: readonly Api['Department'][] = []): FilterChip[] {
  const departmentName = (id: string) => clean(departments.find((one) => one.id === id)?.name ?? t('search.oneDepartment'))
  return [
    ...listChips(search, 'sender', personName),
    ...listChips(search, 'person', personName),
    ...listChips(search, 'conversation', conversationName),
    ...listChips(search, 'department', departmentName),
    ...choiceChips(search),
    ...typeChips(search),
    ...dayChips(search),
    ...listChips(search, 'has', (one) => t(`search.has.${one}`)),
    ...switchChips(search),
  ]
}

function listChips<K extends 'sender' | 'person' | 'conversation' | 'department' | 'has'>(
  search: Search,
  field: K,
  name: (value: Search[K][number]) => string,
): FilterChip[] {
  const values = search[field] as Search[K][number][]
  return values.map((value) => ({
    key: `${field} ${value}`,
    label: t(`search.chip.${field}`, { name: name(value) }),
    without: { [field]: values.filter((one) => one !== value) },
  }))
}

function choiceChips({ chat, side }: Search): FilterChip[] {
  return [
    ...(chat ? [{ key: 'chat', label: t(`search.chat.${chat}`), without: { chat: '' as const } }] : []),
    ...(side ? [{ key: 'side', label: t(`search.side.${side}`), without: { side: '' as const } }] : []),
  ]
}

/** A chip for each choice; types that belong to none stand by themselves. */
function typeChips({ type }: Search): FilterChip[] {
  const chosen = typeChoices.filter((choice) => isChosen(choice, type))
  const meant = new Set(chosen.flatMap((choice) => choice.types))
  return [
    ...chosen.map((choice) => ({ key: choice.label, label: t(choice.label), without: { type: withChoice(choice, type) } })),
    ...type.filter((one) => !meant.has(one)).map((one) => ({ key: `type ${one}`, label: clean(one, 40), without: { type: type.filter((other) => other !== one) } })),
  ]
}

function dayChips({ from, to, days }: Search): FilterChip[] {
  if (days) {
    const span = spanOf(days)
    return [{ key: 'days', label: span ? t(`search.span.${span}`) : t('search.chip.days', { n: days }), without: { days: 0 } }]
  }
  if (!from && !to) return []
  const label = from && to ? (from === to ? from : t('search.chip.between', { from, to })) : t(from ? 'search.chip.from' : 'search.chip.to', { day: from || to })
  return [{ key: 'days', label, without: { from: '', to: '' } }]
}

function switchChips(search: Search): FilterChip[] {
  return (['revoked', 'sensitive', 'exact'] as const)
    .filter((name) => search[name])
    .map((name) => ({ key: name, label: t(`search.only.${name}`), without: { [name]: false } }))
}
