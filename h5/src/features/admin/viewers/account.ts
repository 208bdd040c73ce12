// An account while it is edited.
import type { Api } from '@/api/client'

/** An account as the editor's fields hold it. */
export interface AccountDraft {
  userid: string
  person?: Api['Person']
  role: Api['Role']
  enabled: boolean
  departments: string[]
  employees: Api['Person'][]
}

/** The fields of an account; of a new one when there is none. */
export function accountOf(viewer?: Api['Viewer']): AccountDraft {
  return {
    userid: viewer?.userid ?? '',
    person: viewer?.person,
    role: viewer?.role ?? 'viewer',
    enabled: !viewer?.disabled,
    departments: [...(viewer?.departments ?? [])],
    employees: [...(viewer?.employees ?? [])],
  }
}

/** The account as the server takes it. An admin's scope is kept for the day the role changes back. */
export function accountInput(draft: AccountDraft): Api['ViewerInput'] {
  return {
    userid: draft.userid,
    role: draft.role,
    disabled: !draft.enabled,
    departments: draft.departments,
    employees: draft.employees.map((one) => one.id),
  }
}
