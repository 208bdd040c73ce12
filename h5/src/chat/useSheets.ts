// The sheets of a chat: which is open, and about what.
import { inject, type InjectionKey, provide, ref, shallowRef } from 'vue'
import type { Api } from '@/api/client'
import type { Message } from './rows'

/** The sheets of one chat. */
export type Sheets = ReturnType<typeof newSheets>

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
  const days = ref(false)
  const details = ref(false)
  const keys = ref(false)
  return { link, message, record, person, days, details, keys }
}

/** A sheet about one thing. The thing stays while the sheet closes. */
function subject<T>() {
  const about = shallowRef<T>()
  const open = ref(false)
  return {
    about,
    open,
    show(next: T): void {
      about.value = next
      open.value = true
    },
  }
}
