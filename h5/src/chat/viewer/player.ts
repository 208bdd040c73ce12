// Plays sounds: one element for all, since browsers allow it to play by a tap.
import { singleKeys } from '@/app/preferences'
import { freshFile, onRefused } from './fresh'
import { linksOver } from './links'
import { claim, heard, sound, soundKey, type SoundRef } from './sound'

/** How fast sounds may be played. */
export const rates = [1, 1.5, 2] as const

const audio = new Audio()
audio.preload = 'metadata'
let current: SoundRef | undefined
/** The links of the current sound were asked for anew. */
let renewed = false

audio.addEventListener('timeupdate', () => (sound.position = audio.currentTime))
audio.addEventListener('durationchange', readLength)
audio.addEventListener('play', () => (sound.playing = true))
audio.addEventListener('pause', () => (sound.playing = false))
audio.addEventListener('ended', () => (sound.position = 0))
audio.addEventListener('error', () => void renew())
window.addEventListener('keydown', onSpace)

function readLength(): void {
  if (Number.isFinite(audio.duration)) sound.length = audio.duration
}

/** Plays or pauses. */
export function toggle(of: SoundRef): void {
  if (sound.key === soundKey(of.messageId, of.media) && !sound.failed) {
    if (sound.playing) audio.pause()
    else start()
    return
  }
  take(of)
  start()
}

/** Makes a sound the current one, without playing it. */
export function take(of: SoundRef): void {
  const key = soundKey(of.messageId, of.media)
  if (key === sound.key && !sound.failed) return
  audio.pause()
  current = of
  renewed = false
  Object.assign(sound, { key, playing: false, failed: false, position: 0, length: of.media.duration_seconds ?? 0 })
  load(of.media.url)
}

function load(url: string | undefined): void {
  audio.src = url ?? ''
  audio.playbackRate = sound.rate
}

function start(): void {
  claim(stop)
  heard.add(sound.key)
  sound.playing = true
  if (current && linksOver(current.media)) void renew()
  void audio.play().catch(() => {
    // What went wrong comes as an event of its own, or the browser wants another tap.
    if (audio.paused) sound.playing = false
  })
}

/** The links may be over: asks for new ones, once, and goes on where it was. */
async function renew(): Promise<void> {
  const of = current
  if (!of || !audio.getAttribute('src')) return
  if (renewed || !of.media.id) return fail()
  renewed = true
  const wanted = sound.playing
  const at = sound.position
  try {
    const { media } = await freshFile(of.messageId, of.media.id)
    if (of !== current) return
    if (!media.url) return fail()
    load(media.url)
    audio.currentTime = at
    if (wanted) await audio.play()
  } catch {
    if (of === current) fail()
  }
}

function fail(): void {
  sound.playing = false
  sound.failed = true
  const of = current
  void onRefused(audio.src, () => of === current && (sound.failed = false))
}

/** Stops what is being heard. */
export function stop(): void {
  audio.pause()
}

/** Goes to a position of the current sound, in seconds. */
export function seek(seconds: number): void {
  const to = Math.min(Math.max(0, seconds), sound.length || seconds)
  audio.currentTime = to
  sound.position = to
}

/** Plays at the next speed. */
export function nextRate(): void {
  const at = rates.findIndex((rate) => rate === sound.rate)
  sound.rate = rates[(at + 1) % rates.length] ?? 1
  audio.playbackRate = sound.rate
}

/** Space on a message plays its sound; elsewhere in the chat, the one heard last. */
function onSpace(event: KeyboardEvent): void {
  if (event.key !== ' ' || !singleKeys.value || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return
  const target = event.target
  if (!(target instanceof HTMLElement) || !target.matches('article, body, .runway')) return
  const button = target.querySelector<HTMLElement>('button.play-sound')
  if (target.matches('article') && button) button.click()
  else if (current && !sound.failed) toggle(current)
  else return
  event.preventDefault()
}
