// The file of a bubble, and what a tap on it opens.
import { useChat } from '../context'
import { type FileRef, openFile, openPicture } from '../viewer/stage'
import { useFresh } from '../viewer/useFresh'
import type { ContentProps } from './types'

/** The file of a message's part. */
export function useMedia(props: ContentProps) {
  const chat = useChat()
  const { media, broken, renew } = useFresh(() => props.message?.id, () => props.content.media)

  function refOf(): FileRef | undefined {
    const message = props.message
    return message && {
      messageId: message.id,
      cid: message.conversation_id,
      sentAt: message.sent_at,
      sender: message.sender,
      content: { ...props.content, media: media.value },
      locate: (id) => chat.jump(id),
    }
  }

  /** Opens its sheet, or where it is a picture that is here, the picture in full. */
  function open(inFull = false): void {
    const of = refOf()
    if (of) (inFull ? openPicture : openFile)(of)
  }

  return { media, broken, renew, open }
}
