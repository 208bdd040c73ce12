// Rules, accounts and a state for tests.
import type { Api } from '@/api/client'
import { employee } from '../chat/fixtures'

/** A rule of version 4. */
export function ruleOf(more: Partial<Api['Rule']> = {}): Api['Rule'] {
  return {
    id: '9',
    name: '私下收款',
    words: ['微信', '支付宝'],
    severity: 'high',
    direction: 'employee',
    scope_all: false,
    scope_departments: ['2'],
    scope_employees: [employee],
    subscribers: [{ id: '1', person: { id: 'zhou', kind: 'employee', name: '周明恺' } }],
    enabled: true,
    version: 4,
    updated_at: '2026-01-01T04:00:00Z',
    hits: 7,
    ...more,
  }
}

/** An account that may be changed. */
export function viewerOf(more: Partial<Api['Viewer']> = {}): Api['Viewer'] {
  return {
    id: '1',
    person: { id: 'zhou', kind: 'employee', name: '周明恺' },
    userid: 'Zhou',
    role: 'viewer',
    disabled: false,
    from_config: false,
    departments: ['2'],
    employees: [employee],
    scope_size: 12,
    ...more,
  }
}

/** An employee as lists have it. */
export function employeeOf(more: Partial<Api['Employee']> = {}): Api['Employee'] {
  return {
    person: employee,
    userid: 'LinXiaoyu',
    position: '销售顾问',
    departments: ['华东销售部'],
    archive_state: 'archived',
    conversations: 1,
    conversations_today: 0,
    customers: 1,
    violations: 0,
    ...more,
  }
}

/** Departments: 1 over 2 and 3. */
export const departments: Api['Department'][] = [
  { id: '1', parent_id: '', name: '星河家居', employees: 3 },
  { id: '2', parent_id: '1', name: '华东销售部', employees: 2 },
  { id: '3', parent_id: '2', name: '杭州门店', employees: 1 },
]

/** A healthy state. */
export function statusOf(more: Partial<Api['Status']> = {}): Api['Status'] {
  return {
    seq: '1000',
    received: 1000,
    stored: 998,
    quarantined: 2,
    duplicates: 0,
    balanced: true,
    gap_total: 0,
    gaps: [],
    lag_seconds: 0,
    alarm: 'none',
    quarantine: [],
    pulls: [],
    troubles: [],
    ...more,
  }
}
