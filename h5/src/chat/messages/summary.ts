// One line that says what a message is: for records, lists and screen readers.
import type { Api } from '@/api/client'
import { t } from '@/i18n/t'
import { fieldOf } from './fields'

/** A line for content: its text, or its kind in brackets with its title. */
export function summary(content: Api['Content']): string {
  const text = content.text?.body ?? content.notice ?? ''
  if (text.trim()) return text.replace(/\s+/g, ' ')
  const title =
    content.media?.name ||
    content.links?.[0]?.title ||
    content.record?.title ||
    content.location?.title ||
    content.card?.person.name ||
    fieldOf(content.fields, 'title') ||
    fieldOf(content.fields, 'topic') ||
    fieldOf(content.fields, 'wish')
  return `[${t(`kind.${content.kind}`)}]${title ? ` ${title}` : ''}`
}
