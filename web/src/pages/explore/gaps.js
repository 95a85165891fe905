// Texts with gaps: a gap is typed as underscores, and sent as the mark that the model's vocabulary has for it.

/** What one may type in place of a vocabulary's mark. */
export const GAP = '___'
/** How vocabularies spell a gap. */
export const MASKS = ['[MASK]', '<mask>']

/** Three underscores or more become the mark. */
export const with_mask = (text, mask) => text.replace(/_{3,}/g, () => mask)

/** The pieces of a text round its gaps: one more than there are gaps. */
export const between_gaps = (text, mask) => (mask ? text.split(mask) : [text])
