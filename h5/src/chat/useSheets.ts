// The sheets of a chat: which is open, and about what.
import { defineAsyncComponent, inject, type InjectionKey, provide, ref, shallowRef, watch } from 'vue'
import type { Api } from '@/api/client'
import { withTexts } from '@/app/queries'
import type { Message } from './rows'

/** The sheets of one chat. */
export type Sheets = ReturnType<typeof newSheets>

/** The sheets themselves; to be in the page from when the first of them is opened. */
export const ChatSheets = defineAsyncComponent(withTexts(() => import('./ChatSheets.vue')))

const key: InjectionKey<Sheets> = Symbol('sheets')

/** Makes the sheets of a chat and offers them to the components below. */
export function provideSheets(): Sheets {
  const sheets = newSheets()
  provide(key, sheets)
  return sheets
}

/** The sheets of the chat that the component stands in. */
export function useSheets(): Sheets {
  const sheets = inject(key)
  if (!sheets) throw new Error('sheets are used outside of a chat')
  return sheets
}

function newSheets() {
  const link = subject<string>()
  const message = subject<Message>()
  const record = subject<Api['RecordContent']>()
  const person = subject<Api['Person']>()
  const details = ref(false)
  const keys = ref(false)
  const states = [link.open, message.open, record.open, person.open, details, keys]
  /** Whether any was ever open: they stay, so that they can close in peace and give the focus back. */
  const used = ref(false)
  watch(states, () => (used.value ||= states.some((open) => open.value)))
  return { link, message, record, person, details, keys, used }
}

/** A sheet about one thing, of a message where it is part of one. The thing stays while the sheet closes. */
function subject<T>() {
  const about = shallowRef<T>()
  const from = shallowRef<Message>()
  const open = ref(false)
  return {
    about,
    from,
    open,
    show(next: T, message?: Message): void {
      about.value = next
      from.value = message
      open.value = true
    },
  }
}
