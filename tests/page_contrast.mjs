// Whether what a page says can be read: for the tests of all pages.
import assert from 'node:assert/strict'

/** Text against its background: at least 4.5 to 1 (WCAG AA), in both themes. */
export async function has_contrast(page) {
  for (const theme of ['light', 'dark']) {
    await page.evaluate((name) => (document.documentElement.dataset.theme = name), theme)
    const poor = await page.evaluate(() => {
      const parse = (c) => (c.match(/[\d.]+/g) ?? []).map(Number)
      const light = ([r, g, b]) => {
        const f = (v) => ((v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
        return 0.2126 * f(r) + 0.7152 * f(g) + 0.0722 * f(b)
      }
      const behind = (node) => {
        for (; node; node = node.parentElement) {
          const c = parse(getComputedStyle(node).backgroundColor)
          if (c.length === 3 || c[3] > 0.99) return c
        }
        return [255, 255, 255]
      }
      const bad = []
      for (const node of document.querySelectorAll('body *')) {
        const own = [...node.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim())
        if (!own || !node.checkVisibility() || node.closest(':disabled, .hidden, noscript')) continue
        const style = getComputedStyle(node)
        const written = node instanceof SVGElement ? style.fill : style.color
        const [a, b] = [light(parse(written)), light(behind(node))].sort((x, y) => y - x)
        const ratio = (a + 0.05) / (b + 0.05)
        if (ratio < 4.5) bad.push(`${node.tagName}.${node.className} "${node.textContent.trim().slice(0, 20)}" ${ratio.toFixed(2)}`)
      }
      return bad
    })
    assert.deepEqual(poor, [], theme)
  }
  await page.evaluate(() => delete document.documentElement.dataset.theme)
}
