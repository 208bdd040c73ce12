// What the server takes as the words of a search, told before it is asked; the rules
// are those of internal/search/words.go.
import { longestQuery } from './query'
import { partsOf } from './words'

/** What is wrong with words: too long, too many, nothing that shows. */
export type WordFault = 'long' | 'many' | 'blank'

const mostWords = 16
/** Joiners, direction marks and the like: what shows nothing by itself. */
const shows = /\P{Default_Ignorable_Code_Point}/u

/** What is wrong with what was typed; undefined for nothing, and for no text. */
export function faultOf(typed: string): WordFault | undefined {
  const text = typed.trim()
  if (!text) return undefined
  if ([...text].length > longestQuery) return 'long'
  // Blanks as the server has them: JavaScript's are others in two characters.
  const { all, none } = partsOf(text.replace(/\ufeff/g, '\u200b').replace(/\u0085/g, ' '))
  const words = [...all, ...none].filter((word) => shows.test(word)).length
  if (words > mostWords) return 'many'
  return words ? undefined : 'blank'
}
