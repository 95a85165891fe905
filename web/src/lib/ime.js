// Enter in a text box with an input method (IME). While a syllable is being composed, Enter belongs to the input method:
// it ends the composition, and only then is the text whole. Browsers differ in what they fire:
//   Chrome, Firefox   keydown (isComposing) -> compositionend, sometimes a second plain keydown
//   Safari            compositionend -> keydown (keyCode 229, isComposing false)
// However it comes, `send` is called once, after compositionend. Not so where Enter chose among candidates (kana, Chinese
// characters): there it ends the choice and no more.

const chosen_among_candidates = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/u

/** A Svelte action. `wants(event)`: whether this Enter sends (modifiers); `send()`: the text of the box is whole. */
export function send_on_enter(node, { wants, send }) {
  let composing = false
  let pending = false
  let timer = 0
  let sent_at = -1000

  function fire() {
    clearTimeout(timer)
    timer = 0
    pending = false
    sent_at = performance.now()
    send()
  }
  function keydown(event) {
    if (event.key !== 'Enter' && event.code !== 'Enter' && event.code !== 'NumpadEnter') return
    if (!wants(event)) return
    if (composing || event.isComposing) {
      pending = true
      return
    }
    event.preventDefault()
    // The second keydown of the Enter that ended a composition finds it sent already.
    if (performance.now() - sent_at > 50) fire()
  }
  function start() {
    composing = true
    pending = false
  }
  function end(event) {
    composing = false
    if (chosen_among_candidates.test(event.data ?? '')) pending = false
    // Some browsers put the last syllable into the box only after this event.
    if (pending) timer = setTimeout(fire, 0)
  }
  // The line break of an Enter that has sent the text does not stay behind in the empty box.
  function before(event) {
    const breaks = event.inputType === 'insertLineBreak' || event.inputType === 'insertParagraph'
    if (breaks && (pending || performance.now() - sent_at < 50)) event.preventDefault()
  }
  const listeners = { keydown, compositionstart: start, compositionend: end, beforeinput: before }
  for (const [name, listener] of Object.entries(listeners)) node.addEventListener(name, listener)
  return {
    update(options) {
      ;({ wants, send } = options)
    },
    destroy() {
      clearTimeout(timer)
      for (const [name, listener] of Object.entries(listeners)) node.removeEventListener(name, listener)
    },
  }
}
