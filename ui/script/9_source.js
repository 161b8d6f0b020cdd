// After the source is drawn: what was chosen comes into view; where only the folder has changed, all stays as it was.
let shownSource = "";
let shownAt = 0;
let focusedName = ""; // what in it has the focus, by its name
function sourceDrawn() {
  drawPages();
  const doc = element.querySelector(".doc");
  const shown = element.querySelector(".reader")?.dataset.shown;
  if (doc && shown === shownSource) doc.scrollTop = shownAt;
  else toMark();
  shownSource = shown;
  if (pages) follow();
  findDrawn();
  keepFocus();
}
function keepFocus() {
  if (!focusedName || document.activeElement !== document.body) return;
  const same = [...element.querySelectorAll("button, input, a")].find((one) => nameOf(one) === focusedName && !one.disabled);
  (same ?? element.querySelector(".doc"))?.focus({ preventScroll: true });
}
const nameOf = (part) => part.getAttribute("aria-label") || part.name || part.textContent;

if (within("#reader")) {
  element.addEventListener("scroll", ({ target }) => target.matches(".doc") && (shownAt = target.scrollTop), true);
  element.addEventListener("focusin", ({ target }) => (focusedName = nameOf(target)));
  element.addEventListener("focusout", ({ relatedTarget }) => relatedTarget && (focusedName = ""));
  document.addEventListener("pointerdown", ({ target }) => element.contains(target) || (focusedName = ""));
}
