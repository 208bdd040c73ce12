// Texts that come with the entry chunk.
import type { CoreMessages } from '../t'
import chat from './chat'
import common from './common'
import messages from './messages'

const core: CoreMessages = { ...common, ...chat, ...messages }
export default core
