// The page 'tokens' as the table of pages lists it.
import Page from './Tokens.svelte'
import words from './words.js'

export default { name: 'tokens', Page, words }
