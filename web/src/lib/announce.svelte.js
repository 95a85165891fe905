// What a screen reader is told, in the one live region of the frame.
export const spoken = $state({ text: '' })

/** Says a sentence once; the same sentence again is said again. */
export function announce(text) {
  spoken.text = ''
  setTimeout(() => (spoken.text = text), 60)
}
