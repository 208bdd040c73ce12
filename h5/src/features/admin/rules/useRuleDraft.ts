// The editor's draft: begun from the stored rule or from what was left unsaved,
// kept while it differs from what is stored.
import { computed, ref, watch, type Ref } from 'vue'
import type { Api } from '@/api/client'
import { draftOf, keepDraft, keptDraft, type RuleDraft, sameDraft } from './draft'

/** The draft of the rule with the id; '' for a new one. */
export function useRuleDraft(id: string, rule: Ref<Api['Rule'] | undefined>) {
  const left = keptDraft(id)
  const draft = ref<RuleDraft | undefined>(left ?? (id ? undefined : draftOf()))
  const restored = ref(left !== undefined)
  const stored = computed(() => (rule.value || !id ? draftOf(rule.value) : undefined))
  const dirty = computed(() => {
    const [now, then] = [draft.value, stored.value]
    return now !== undefined && then !== undefined && !sameDraft(now, then)
  })

  watch(rule, (found) => (draft.value ??= found && draftOf(found)), { immediate: true })
  watch([draft, stored], () => stored.value && keepDraft(id, dirty.value ? draft.value : undefined), { deep: true })

  /** Begins again from what is stored. */
  function reset(): void {
    draft.value = draftOf(rule.value)
    restored.value = false
    keepDraft(id, undefined)
  }

  return { draft, restored, dirty, reset }
}
