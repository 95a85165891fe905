// What the parts of the page share: its words, and the text that is looked at.
import { load, save } from '../../lib/store.js'
import { words_of } from '../../lib/text.svelte.js'
import words from './words.js'

export const say = words_of(words)

const looked_at = $state({ text: load('explore_text', null) ?? say('sample_text') })

export const explored = {
  get text() {
    return looked_at.text
  },
  set text(text) {
    looked_at.text = text
    save('explore_text', text)
  },
}
