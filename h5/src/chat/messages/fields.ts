// The labelled values of a card, in the reader's words.
import type { Api } from '@/api/client'
import { isKey, number, t } from '@/i18n/t'
import { duration, momentLabel } from '@/i18n/time'

/** A label and what stands behind it. */
export interface ShownField {
  key: string
  label: string
  value: string
}

type Fields = readonly Api['Field'][]

/** The first value of a key; empty when there is none. */
export function fieldOf(fields: Fields | undefined, key: string): string {
  return fields?.find((field) => field.key === key)?.value ?? ''
}

/** All values of a key. */
export function fieldsOf(fields: Fields | undefined, key: string): string[] {
  return fields?.filter((field) => field.key === key).map((field) => field.value) ?? []
}

/** Fields for display, without those named in but; values of one key are joined. */
export function shownFields(fields: Fields | undefined, but: readonly string[] = []): ShownField[] {
  const keys = [...new Set(fields?.map((field) => field.key))].filter((key) => !but.includes(key))
  return keys.map((key) => ({
    key,
    label: labelOf(key),
    value: fieldsOf(fields, key)
      .map((value) => valueOf(key, value))
      .join(t('common.listSeparator')),
  }))
}

function labelOf(key: string): string {
  const text = `field.${key}`
  return isKey(text) ? t(text) : key
}

/** One value as a reader expects it. */
export function valueOf(key: string, value: string): string {
  if (key.endsWith('_at')) return timeOf(value)
  if (key === 'amount_fen') return amount(value)
  if (key === 'duration_seconds') return duration(Number(value))
  if (key === 'count') return number(Number(value))
  const text = `value.${key}.${value}`
  return isKey(text) ? t(text) : value
}

/** Yuan out of fen. */
export function amount(fen: string): string {
  return `¥${(Number(fen) / 100).toFixed(2)}`
}

function timeOf(value: string): string {
  const at = new Date(value)
  return Number.isNaN(at.getTime()) ? value : momentLabel(at)
}
