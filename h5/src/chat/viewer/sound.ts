// What is being heard: one sound at a time in the whole app. player.ts, loaded
// when a voice message is in view, plays it.
import { reactive, shallowReactive } from 'vue'
import type { Api } from '@/api/client'

/** A sound and where it stands. */
export interface SoundRef {
  messageId: string
  media: Api['MediaContent']
}

/** The sound that was started last; positions in seconds. */
export const sound = reactive({ key: '', playing: false, failed: false, position: 0, length: 0, rate: 1 })
/** Keys of the sounds that were started while the page lives: nobody else is told. */
export const heard = shallowReactive(new Set<string>())

/** What names a sound. */
export function soundKey(messageId: string, media: Api['MediaContent'] | undefined): string {
  return `${messageId} ${media?.id ?? ''}`
}

type Player = typeof import('./player')
let player: Player | undefined

/** Loads the player, so that a tap finds it: browsers let sounds begin with a tap only. */
export async function loadPlayer(): Promise<Player> {
  player ??= await import('./player')
  return player
}

/** Plays or pauses. */
export function toggleSound(of: SoundRef): void {
  if (player) player.toggle(of)
  else void loadPlayer().then((loaded) => loaded.toggle(of))
}

/** Stops what is being heard. */
export function stopSound(): void {
  player?.stop()
}

let stopOther: (() => void) | undefined

/** Begins to be heard: what was heard before is stopped by the way it left. */
export function claim(stop: () => void): void {
  if (stopOther !== stop) stopOther?.()
  stopOther = stop
}
