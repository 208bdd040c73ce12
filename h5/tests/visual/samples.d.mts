import type { components } from '../../src/api/schema'

type Message = components['schemas']['Message']

/** People of the group of samples. */
export const people: components['schemas']['Person'][]
/** The messages of the group, a minute apart. */
export function samples(cid: string): Message[]
