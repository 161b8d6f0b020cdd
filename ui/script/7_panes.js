// The panes beside the talk: as wide as a person has drawn them, or closed; the browser remembers it.
const LEAST_TALK = 380; // pixels, as the style has it
const PANES = { panel: { least: 180, most: 480, side: 1 }, reader: { least: 340, most: Infinity, side: -1 } };
const isPhone = () => matchMedia("(max-width: 900px)").matches;
const pane = (name) => document.getElementById(name);

function keptPanes() {
  try {
    return JSON.parse(localStorage.getItem("panes")) ?? {};
  } catch {
    return {};
  }
}
function keepPane(name, change) {
  const kept = keptPanes();
  localStorage.setItem("panes", JSON.stringify({ ...kept, [name]: { ...kept[name], ...change } }));
  arrangePane(name);
}
function arrangePane(name) {
  const { width, closed } = keptPanes()[name] ?? {};
  page.classList.toggle(`${name}-closed`, closed === true);
  if (Number.isFinite(width)) page.style.setProperty(`--${name}-width`, `${width}px`);
}

// On a phone a pane lies over the talk, and is closed whenever the page is opened.
function openPane(name) {
  if (!isPhone()) keepPane(name, { closed: false });
}
function closePane(name) {
  if (isPhone()) return;
  keepPane(name, { closed: true });
  document.querySelector(`#top [data-open="${name}"]`).focus();
}

const edge = element.querySelector("[role=separator]");
if (edge) {
  const STEP = 16; // pixels a key
  const name = edge.dataset.pane;
  const { least, most, side } = PANES[name];
  const other = Object.keys(PANES).find((one) => one !== name);
  const room = () => {
    const taken = name === "panel" && pane(other).offsetWidth ? PANES[other].least : pane(other).offsetWidth;
    return Math.max(least, Math.min(most, innerWidth - LEAST_TALK - taken));
  };
  const tell = () => Object.assign(edge, { ariaValueNow: pane(name).offsetWidth, ariaValueMin: least, ariaValueMax: room() });
  const widen = (width) => keepPane(name, { width: Math.round(Math.max(least, Math.min(width, room()))) });
  edge.addEventListener("pointerdown", (event) => edge.setPointerCapture(event.pointerId));
  edge.addEventListener("pointermove", (event) => {
    if (!edge.hasPointerCapture(event.pointerId)) return;
    const { left, right } = pane(name).getBoundingClientRect();
    widen(side > 0 ? event.clientX - left : right - event.clientX);
  });
  edge.addEventListener("keydown", (event) => {
    const now = pane(name).offsetWidth;
    const wanted = { ArrowLeft: now - side * STEP, ArrowRight: now + side * STEP, Home: least, End: room() }[event.key];
    if (wanted === undefined) return;
    event.preventDefault();
    event.stopPropagation(); // arrows go through the citations elsewhere
    widen(wanted);
  });
  new ResizeObserver(tell).observe(pane(name));
  addEventListener("resize", tell);
  arrangePane(name);
}
