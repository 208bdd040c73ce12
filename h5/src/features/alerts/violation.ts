// What is read out of a violation: titles, sides, where its chat opens.
import type { RouteLocationRaw } from 'vue-router'
import type { Api } from '@/api/client'
import { type Key, t } from '@/i18n/t'
import { clean } from '@/ui/text'

type Violation = Api['Violation']
type Message = Api['Message']

/** Whether somebody deleted somebody, and no word was said. */
export function isDeletion(violation: Violation): boolean {
  return violation.kind !== 'word'
}

/** The rule's name, or which side deleted which. */
export function titleOf(violation: Violation): string {
  if (violation.kind === 'word') return clean(violation.rule_name) || t('alerts.tab.words')
  return t(`alerts.kind.${violation.kind}`)
}

/** The employee and the other side; undefined where nobody of that kind takes part. */
export function sidesOf(violation: Violation): { employee?: Api['Person']; customer?: Api['Person'] } {
  const both = [violation.sender, violation.receiver].filter((one) => one !== undefined)
  return {
    employee: both.find((one) => one.kind === 'employee'),
    customer: both.find((one) => one.kind === 'customer'),
  }
}

/** A deletion in one sentence, by its direction; empty for a word. */
export function deletionText(violation: Violation): string {
  if (violation.kind === 'word') return ''
  const { employee, customer } = sidesOf(violation)
  return t(`alerts.deletion.${violation.kind}`, {
    employee: clean(employee?.name ?? t('common.unknown')),
    customer: clean(customer?.name ?? t('common.unknown')),
  })
}

/** Whose bubbles are on the right in the context: the employee the alert is about. */
export function watchedOf(violation: Violation, context: readonly Message[]): string {
  const { employee } = sidesOf(violation)
  if (employee) return employee.id
  return context.find((message) => message.sender.kind === 'employee')?.sender.id ?? ''
}

/** Where the chat opens; undefined when the alert belongs to no chat. */
export function chatLink(violation: Violation, context: readonly Message[]): RouteLocationRaw | undefined {
  const last = context[context.length - 1]
  const cid = violation.conversation_id ?? last?.conversation_id
  if (!cid) return undefined
  const m = violation.message_id ?? last?.id
  const as = watchedOf(violation, context)
  return { name: 'chat', params: { cid }, query: { ...(m ? { m } : {}), a: violation.id, ...(as ? { as } : {}) } }
}

/** The context with the hit marked in the message that hit, as chats mark it. */
export function withHit(violation: Violation, context: readonly Message[]): Message[] {
  return context.map((message) => {
    const known = message.violations?.some((one) => one.id === violation.id)
    if (violation.kind !== 'word' || known || message.id !== violation.message_id) return message
    const { id, severity, rule_name, words, spans } = violation
    return { ...message, violations: [...(message.violations ?? []), { id, severity, rule_name, words, spans }] }
  })
}

/** How far a push has come, in words. */
export interface PushState {
  label: Key
  /** What it means for the reader; with {n} attempts. */
  hint?: Key
  tone: '' | 'good' | 'warn' | 'bad'
}

/** The words for a push. */
export function pushState(push: Api['Alert']): PushState {
  switch (push.state) {
    case 'sent':
      return { label: 'alerts.push.sent', tone: 'good' }
    case 'unknown':
      return { label: 'alerts.push.unknown', hint: 'alerts.pushHint.unknown', tone: 'warn' }
    case 'failed':
      return { label: 'alerts.push.failed', hint: 'alerts.pushHint.failed', tone: 'bad' }
    case 'refused':
      return { label: 'alerts.push.refused', hint: 'alerts.pushHint.refused', tone: 'bad' }
    case 'sending':
      return { label: 'alerts.push.sending', tone: '' }
    default:
      return push.attempt > 0
        ? { label: 'alerts.push.retrying', hint: 'alerts.pushHint.retrying', tone: 'warn' }
        : { label: 'alerts.push.pending', tone: '' }
  }
}
