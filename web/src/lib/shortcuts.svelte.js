// Keyboard shortcuts, and the list of them that the page shows. A shortcut is written 'Ctrl+Shift+O' or '?'; Ctrl is the
// Command key on a Mac, too. One without a modifier, unless it is Escape, does nothing while somebody types.
import { onMount } from 'svelte'

// Raw: entries hold functions, and are only added and removed.
let entries = $state.raw([])

/** All that can be pressed now: {keys, label(), run(), when()}. */
export function shortcuts() {
  return entries.filter((entry) => entry.when())
}

/** In a component: a shortcut as long as it is there. `when()`: whether it can be pressed, such as while its page is shown. */
export function use_shortcut(keys, label, run, when = () => true) {
  const entry = { keys, label, run, when }
  onMount(() => {
    entries = [...entries, entry]
    return () => (entries = entries.filter((other) => other !== entry))
  })
}

const is_typing = (target) => target?.matches?.('input:not([type=checkbox], [type=radio], [type=range]), textarea, select, [contenteditable]')

function matches(keys, event) {
  const parts = keys.split('+')
  const key = parts.pop()
  const has = (name) => parts.includes(name)
  if (has('Ctrl') !== (event.ctrlKey || event.metaKey) || has('Alt') !== event.altKey) return false
  // With Alt a Mac types other characters, with a Korean layout letters are Hangul: the key itself is meant.
  const code = /^[A-Z]$/.test(key) ? 'Key' + key : /^\d$/.test(key) ? 'Digit' + key : null
  if (code) return has('Shift') === event.shiftKey && event.code === code
  return key === event.key
}

/** The listener of the window. */
export function press(event) {
  if (event.isComposing || event.defaultPrevented || document.querySelector('dialog[open]')) return
  for (const { keys, run } of shortcuts()) {
    if (!matches(keys, event)) continue
    if (!/Ctrl|Alt|Escape/.test(keys) && is_typing(event.target)) continue
    event.preventDefault()
    run()
    return
  }
}
