// What is shown over the page: a file's sheet, or a picture in full. Any page may
// ask for it; FileStage.vue, in the app, shows it and is loaded then.
import { ref, shallowRef } from 'vue'
import type { Api } from '@/api/client'

/** A file and where it stands. */
export interface FileRef {
  messageId: string
  cid: string
  sentAt: string
  sender: Api['Person']
  /** The part of the message that holds it. */
  content: Api['Content']
  /** Goes to the message in its chat. */
  locate: (messageId: string) => void
}

/** The file whose sheet was opened last. */
export const file = shallowRef<FileRef>()
/** Whether the sheet is open. */
export const fileOpen = ref(false)
/** The picture or video that was opened in full last. */
export const picture = shallowRef<FileRef>()
/** Whether it is open. */
export const pictureOpen = ref(false)

/** Opens the sheet with all that is known of a file. */
export function openFile(of: FileRef): void {
  file.value = of
  fileOpen.value = true
}

/** Opens a picture or video in full, its neighbours to both sides; other files in their sheet. */
export function openPicture(of: FileRef): void {
  const { kind, media } = of.content
  if (media?.state !== 'ready' || !media.url || (kind !== 'image' && kind !== 'video')) return openFile(of)
  picture.value = of
  pictureOpen.value = true
}
