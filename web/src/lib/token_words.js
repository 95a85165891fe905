// What is said of a token's name (lib/chips.js) to who points at it or listens.
import { t } from './text.svelte.js'

/** '' of whole characters. */
export function part_words(name) {
  if (!name.is_part) return ''
  return name.whole ? t('part_of', { whole: name.whole }) : t('part_alone')
}

/** A name within a sentence; '' where there is none. */
export function said(name) {
  if (!name) return ''
  return name.is_part ? `${name.text} (${part_words(name)})` : name.text
}
