// What the scripts of all reports share: elements, numbers in words, ticks of an axis, language and theme.
const store = { get(k) { try { return localStorage.getItem(k); } catch { return null; } },
  set(k, v) { try { localStorage.setItem(k, v); } catch { /* a page opened from a file may have none */ } } };
let language = store.get("malmoi.language") || (navigator.language.startsWith("ko") ? "ko" : "en");
let theme = store.get("malmoi.theme") || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
const $ = id => document.getElementById(id);
const make = (name, attributes = {}, text) => {
  const node = document.createElement(name);
  for (const [k, v] of Object.entries(attributes)) node.setAttribute(k, v);
  if (text !== undefined) node.textContent = text;
  return node;
};
const svg = (name, attributes, text) => {
  const node = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [k, v] of Object.entries(attributes)) node.setAttribute(k, v);
  if (text !== undefined) node.textContent = text;
  return node;
};
const isNumber = v => typeof v === "number" && Number.isFinite(v);
const short = v => {
  if (!isNumber(v)) return "";
  const size = Math.abs(v);
  if (size !== 0 && (size < 1e-3 || size >= 1e15)) return v.toExponential(2).replace(/\.?0+e/, "e");
  if (size >= 1e9) return (v / 1e9).toFixed(2) + "B";
  if (size >= 1e6) return (v / 1e6).toFixed(1) + "M";
  if (size >= 1e4) return (v / 1e3).toFixed(1) + "k";
  return String(+v.toPrecision(4));
};
const bytes = v => v >= 1e9 ? (v / 1e9).toFixed(2) + " GB" : v >= 1e6 ? (v / 1e6).toFixed(1) + " MB" : v >= 1e4 ? Math.round(v / 1e3) + " kB" : v + " B";
const duration = s => {
  const h = Math.floor(s / 3600), m = Math.floor(s % 3600 / 60), r = Math.round(s % 60);
  if (language === "ko") return (h ? h + "시간 " : "") + (h || m ? m + "분 " : "") + (h ? "" : r + "초");
  return (h ? h + " h " : "") + (h || m ? m + " min " : "") + (h ? "" : r + " s");
};
const ticksOf = (low, high, log, count) => {
  const ticks = [];
  if (log) {
    for (let e = Math.floor(Math.log10(low)); e <= Math.ceil(Math.log10(high)); ++e)
      for (const m of high / low > 1e3 ? [1] : [1, 2, 5]) ticks.push(m * 10 ** e);
    const inside = ticks.filter(v => v >= low && v <= high);
    if (inside.length >= 2) return inside;
    ticks.length = 0;
  }
  const raw = (high - low) / count, power = 10 ** Math.floor(Math.log10(raw));
  const size = [1, 2, 5, 10].map(m => m * power).find(s => s >= raw) || 10 * power;
  for (let v = Math.ceil(low / size) * size; v <= high + size * 1e-9; v += size) ticks.push(Math.abs(v) < size * 1e-9 ? 0 : v);
  return ticks;
};
