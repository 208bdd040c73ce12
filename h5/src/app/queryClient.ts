// Server state of lists and boards. Chats keep their own window.
import { QueryClient } from '@tanstack/vue-query'
import { toProblem } from '@/api/problem'

/** A client that retries only what may go better the second time. */
export function newQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 15_000,
        gcTime: 10 * 60_000,
        retry: (failures, error) => failures < 2 && worthRetrying(toProblem(error).status),
        refetchOnWindowFocus: false,
      },
      mutations: { retry: false },
    },
  })
}

/** Whether a call that failed with status may succeed when repeated. */
export function worthRetrying(status: number): boolean {
  return status === 502 || status === 503 || status === 504
}
