// The pages of a PDF: their pictures, and the words over them, are fetched as they come near, and let go as they leave.
const SETTLED = 120; // ms that a page is near before it is fetched: a person may be scrolling past it
const STEPS = 16384; // in which the places of words are told
const ZOOMS = [0.5, 0.75, 1, 1.25, 1.5, 2, 3, 4]; // of the width of the viewer
const LARGEST_SCALE = 2; // of a picture, as the server has it
let pages = null; // what is drawn: its element, the papers in it, and which of them are near
let place = null; // what of it is looked at: a paper, and how far down on it

function drawPages() {
  pages?.observer.disconnect();
  pages?.sized.disconnect();
  const doc = element.querySelector(".doc.pages");
  pages = place = null;
  if (!doc) return;
  const observer = new IntersectionObserver(comeAndGo, { root: doc, rootMargin: "100% 0px" });
  pages = { doc, papers: [...doc.querySelectorAll(".paper")], near: new Set(), observer, sized: new ResizeObserver(stay) };
  zoomTo(Number(localStorage.getItem("zoom")) || 1);
  for (const paper of pages.papers) observer.observe(paper);
  pages.sized.observe(doc);
  doc.addEventListener("scroll", () => pages?.doc === doc && follow());
}

function comeAndGo(entries) {
  const { near } = pages;
  for (const { target, isIntersecting } of entries) {
    near[isIntersecting ? "add" : "delete"](target);
    if (isIntersecting) setTimeout(() => near.has(target) && come(target), SETTLED);
    else leave(target);
  }
}
function come(paper) {
  if (!paper.isConnected) return;
  drawPicture(paper);
  if (!paper.querySelector(".words")) drawWords(paper);
}
function leave(paper) {
  const selected = getSelection();
  if (!selected.isCollapsed && selected.containsNode(paper, true)) return; // it may be copied yet
  paper.querySelector("img")?.removeAttribute("src"); // which ends a request
  paper.querySelectorAll("img, .words, .hits, .failed").forEach((part) => part.remove());
}

const wordsOn = new WeakMap(); // by the papers
const addressOf = (paper, kind) => `api/page.${kind}?${pages.doc.dataset.pages}&page=${paper.dataset.page}`;
const sideOf = (paper, name) => Number(paper.style.getPropertyValue(name));
function drawPicture(paper) {
  const shown = paper.querySelector("img");
  const wanted = Math.ceil((paper.clientWidth * devicePixelRatio) / sideOf(paper, "--w") - 0.1);
  const scale = Math.max(1, Math.min(wanted, LARGEST_SCALE));
  if (paper.querySelector(".failed") || scale <= Number(shown?.dataset.scale ?? 0)) return;
  const image = shown ?? Object.assign(new Image(), { alt: "", draggable: false });
  image.dataset.scale = scale;
  image.onerror = () => image.replaceWith(make("p", "failed", "This page can’t be shown."));
  image.setAttribute("src", `${addressOf(paper, "png")}&scale=${scale}`);
  if (!shown) paper.prepend(image);
}
function make(tag, name, text = "") {
  return Object.assign(document.createElement(tag), { className: name, textContent: text });
}

// A word is as large as on the picture, whatever the letters are that a browser has.
const letters = document.createElement("canvas").getContext("2d");
letters.font = "100px sans-serif";
async function drawWords(paper) {
  const layer = make("div", "words");
  paper.append(layer);
  const response = await fetch(addressOf(paper, "json")).catch(() => null);
  const { words } = response?.ok ? await response.json() : { words: [] };
  if (!layer.isConnected) return;
  const [width, height] = [sideOf(paper, "--w"), sideOf(paper, "--h")];
  for (const { start, text, after, box: [left, top, right, bottom] } of words) {
    const span = make("span", "", after === " " ? `${text} ` : text);
    const size = ((bottom - top) * height) / width; // in steps of the width
    const natural = (letters.measureText(text).width / 100) * size;
    span.dataset.start = start;
    span.style.cssText = `left:${(100 * left) / STEPS}%;top:${(100 * top) / STEPS}%;font-size:${(100 * size) / STEPS}cqw;`
      + `transform:scaleX(${natural ? (right - left) / natural : 1})`;
    layer.append(span);
    if (after === "\n") layer.append(document.createElement("br"));
  }
  wordsOn.set(paper, words);
  markFound(paper);
}

// The number of the page that is looked at follows, and so does the way back to what was cited.
const readingLine = () => pages.doc.scrollTop + pages.doc.clientHeight / 3;
function follow() {
  const { doc, papers } = pages;
  let [low, high] = [0, papers.length - 1];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (papers[middle].offsetTop <= readingLine()) low = middle;
    else high = middle - 1;
  }
  const paper = papers[low];
  place = { paper, share: (readingLine() - paper.offsetTop) / paper.offsetHeight };
  const box = element.querySelector("[name=page]");
  if (box !== document.activeElement) box.value = paper.dataset.page;
  tellText(paper);
  const back = element.querySelector("[data-back]");
  if (back) back.hidden = isSeen(doc.querySelector(".box") ?? doc.querySelector(".passage"), doc);
}
function isSeen(part, doc) {
  const [one, other] = [part.getBoundingClientRect(), doc.getBoundingClientRect()];
  return one.top < other.bottom && one.bottom > other.top;
}
// The text is opened at the page that is looked at, where that is not the one of the passage.
function tellText(paper) {
  const text = element.querySelector(".views [data-view=text]");
  if (paper.matches(".passage")) delete text.dataset.page;
  else text.dataset.page = paper.dataset.page;
}
// What is looked at stays where it is, however wide the pages become.
function stay() {
  if (!place) return;
  pages.doc.scrollTop += place.paper.offsetTop + place.share * place.paper.offsetHeight - readingLine();
  pages.near.forEach(drawPicture);
}
function goToPage(number) {
  const paper = pages.papers[Math.max(1, Math.min(number, pages.papers.length)) - 1];
  pages.doc.scrollTop = paper.offsetTop - 14;
}

function zoomTo(zoom) {
  const { doc } = pages;
  const middle = (doc.scrollLeft + doc.clientWidth / 2) / doc.scrollWidth;
  doc.style.setProperty("--zoom", zoom);
  doc.classList.toggle("zoomed", zoom > 1);
  doc.scrollLeft = middle * doc.scrollWidth - doc.clientWidth / 2;
  element.querySelector("[data-zoom=fit]").ariaPressed = zoom === 1;
  stay();
}
function changeZoom(how) {
  const now = Number(pages.doc.style.getPropertyValue("--zoom"));
  const wanted = { in: ZOOMS.find((one) => one > now), out: ZOOMS.findLast((one) => one < now), fit: 1 }[how] ?? now;
  localStorage.setItem("zoom", wanted);
  zoomTo(wanted);
}

if (within("#reader")) {
  element.addEventListener("click", ({ target }) => {
    const data = target.closest("button")?.dataset ?? {};
    if ("zoom" in data) changeZoom(data.zoom);
    if ("back" in data) toMark(), pages.doc.focus({ preventScroll: true }); // the button goes
  });
  element.addEventListener("change", ({ target }) => {
    if (target.name !== "page") return;
    if (/^\d+$/.test(target.value.trim())) goToPage(Number(target.value));
    else target.value = place?.paper.dataset.page ?? 1;
  });
}
