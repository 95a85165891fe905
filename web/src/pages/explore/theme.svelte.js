// Colours of the theme for canvases, which CSS does not reach: read anew when the theme changes.
const changed = $state({ times: 0 })

if (typeof window !== 'undefined') {
  const note = () => ++changed.times
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', note)
  new MutationObserver(note).observe(document.documentElement, { attributeFilter: ['data-theme'] })
}

/** The values of custom properties such as '--accent' as '#rrggbb'; an effect that reads them runs again when they change. */
export function theme_colours(names) {
  void changed.times
  const style = getComputedStyle(document.documentElement)
  // However they are written ('#fff', 'white'), a canvas says them in one form.
  const context = document.createElement('canvas').getContext('2d')
  return names.map((name) => {
    context.fillStyle = style.getPropertyValue(name).trim()
    return context.fillStyle
  })
}
