// The language chosen, and words in it.
import { load, save } from './store.js'
import shared from './words.js'

export const languages = [
  ['ko', '한국어'],
  ['en', 'English'],
]
const first = languages[0][0]
const known = (code) => languages.some(([name]) => name === code)

const wanted = load('language', navigator.language?.startsWith('en') ? 'en' : first)
const chosen = $state({ code: known(wanted) ? wanted : first })

export function language() {
  return chosen.code
}

export function set_language(code) {
  chosen.code = known(code) ? code : first
  save('language', chosen.code)
}

/** A function that gives the words of a page (its words.js), or those that all share, with `{name}`s filled in. */
export function words_of(own) {
  return (key, values = {}) => {
    const text = own[chosen.code]?.[key] ?? shared[chosen.code][key] ?? key
    return text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole)
  }
}

/** The shared words alone, for the parts that all pages use. */
export const t = words_of({})
