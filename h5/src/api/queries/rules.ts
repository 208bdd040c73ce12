// Sensitive-word rules, for admins.
import { useMutation, useQuery, useQueryClient } from '@tanstack/vue-query'
import { computed, type MaybeRefOrGetter, toValue } from 'vue'
import { csrfHeader } from '@/app/session'
import { type Api, api, call } from '../client'
import { loadState } from './state'

/** All rules. */
export function useRules() {
  const query = useQuery({
    queryKey: ['rules'],
    queryFn: async ({ signal }) => (await call(api.GET('/rules', { signal }))).items,
  })
  return { rules: query.data, retry: query.refetch, ...loadState(query) }
}

/** One rule; nothing is asked for while id is empty. */
export function useRule(id: MaybeRefOrGetter<string>) {
  const query = useQuery({
    queryKey: ['rule', computed(() => toValue(id))],
    enabled: computed(() => toValue(id) !== ''),
    queryFn: ({ signal }) =>
      call(api.GET('/rules/{rule_id}', { params: { path: { rule_id: toValue(id) } }, signal })),
  })
  return { rule: query.data, retry: query.refetch, ...loadState(query) }
}

/** Creates a rule, or changes the one with the id; answers the rule as stored. */
export function useSaveRule() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: ({ id, rule }: { id: string; rule: Api['RuleInput'] }) =>
      id
        ? call(api.PUT('/rules/{rule_id}', { params: { path: { rule_id: id }, header: csrfHeader }, body: rule }))
        : call(api.POST('/rules', { params: { header: csrfHeader }, body: rule })),
    onSuccess: (rule) => {
      client.setQueryData(['rule', rule.id], rule)
      client.setQueryData<Api['Rule'][]>(['rules'], (old) => old?.map((one) => (one.id === rule.id ? rule : one)))
      void client.invalidateQueries({ queryKey: ['rules'] })
    },
  })
}

/** Deletes a rule; its violations stay. */
export function useDeleteRule() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (id: string) =>
      call(api.DELETE('/rules/{rule_id}', { params: { path: { rule_id: id }, header: csrfHeader } })),
    onSuccess: (_, id) => {
      client.removeQueries({ queryKey: ['rule', id] })
      void client.invalidateQueries({ queryKey: ['rules'] })
    },
  })
}

/** What words would find in a text. */
export function useTestRule() {
  return useMutation({
    mutationFn: (body: Api['RuleTest']) =>
      call(api.POST('/rules/test', { params: { header: csrfHeader }, body })),
  })
}
