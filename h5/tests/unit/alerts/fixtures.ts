// Violations for tests.
import type { Api } from '@/api/client'
import { customer, employee, messageAt } from '../chat/fixtures'

/** A violation of a word rule; by the customer, to the employee. */
export function violationOf(more: Partial<Api['Violation']> = {}): Api['Violation'] {
  return {
    id: 'v1',
    kind: 'word',
    severity: 'high',
    rule_id: '1',
    rule_name: '私下收款',
    words: ['微信'],
    sender: customer,
    receiver: employee,
    conversation_id: '1',
    message_id: 'm00002',
    msgtype: 'text',
    occurred_at: '2026-01-01T04:02:00Z',
    evidence: '加我微信吧',
    spans: [{ start: 2, end: 4 }],
    state: 'open',
    note: '',
    ...more,
  }
}

/** A violation where one side deleted the other. */
export function deletionOf(kind: 'customer_deleted_employee' | 'employee_deleted_customer'): Api['Violation'] {
  const sides = kind === 'customer_deleted_employee' ? { sender: customer, receiver: employee } : { sender: employee, receiver: customer }
  return violationOf({ id: 'd1', kind, rule_name: '', words: [], evidence: '', spans: [], message_id: undefined, msgtype: undefined, ...sides })
}

/** A push to the employee. */
export function pushOf(more: Partial<Api['Alert']> = {}): Api['Alert'] {
  return { id: '1', violation_id: 'v1', to: employee, state: 'sent', attempt: 1, created_at: '2026-01-01T04:02:01Z', sent_at: '2026-01-01T04:02:02Z', ...more }
}

/** What GET /violations/v1 answers. */
export function detailOf(more: Partial<Api['Violation']> = {}): Api['ViolationDetail'] {
  const text = '加我微信吧'
  return {
    violation: violationOf(more),
    context: [messageAt(1), messageAt(2, { content: { kind: 'text', text: { body: text } }, text }), messageAt(3)],
    alerts: [pushOf()],
  }
}
