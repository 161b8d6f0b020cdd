// Finding words in the document that is shown. The server looks, over all of its text; a person goes from place to place.
const TYPED = 250; // ms without a key, after which what was typed is looked for
let sought = { text: "", address: "", found: [], more: false, at: -1 };
let typed = ""; // what stands in the field, also while it is drawn anew
let waitForKeys = 0;
let isToBeSeen = false; // the place that is shown, as soon as its words are there
const finding = () => element.querySelector(".finding");
const isFinding = () => finding() && !finding().hidden;

function showFinding(open) {
  if (!finding()) return;
  finding().hidden = !open;
  element.querySelector(".find-in").ariaExpanded = open;
}
function toggleFinding(open = !isFinding()) {
  showFinding(open);
  if (!open) forget();
  const box = finding()?.querySelector("input");
  (open ? box : element.querySelector(".find-in"))?.focus();
  if (open) box?.select();
}
function forget() {
  sought = { text: "", address: "", found: [], more: false, at: -1 };
  finding().querySelector("input").value = typed = "";
  tellFound();
  pages?.near.forEach(markFound);
  for (const hit of element.querySelectorAll("mark.hit")) hit.replaceWith(...hit.childNodes);
}

async function look(text) {
  const { address } = element.querySelector(".reader").dataset;
  const now = (sought = { text, address, found: [], more: false, at: -1 });
  const asked = `api/find?${address}&text=${encodeURIComponent(text)}`;
  const response = text.trim() && (await fetch(asked).catch(() => null));
  const told = response?.ok ? await response.json() : {};
  if (sought !== now) return; // something else was typed
  Object.assign(sought, told);
  tellFound();
  pages?.near.forEach(markFound);
  showFound(firstAhead());
}
// The first place at or after what is looked at.
function firstAhead() {
  const page = Number(place?.paper.dataset.page ?? 0);
  return Math.max(0, sought.found.findIndex((one) => !pages || one.page >= page));
}
function showFound(at) {
  const { found, text } = sought;
  if (!found.length) return;
  sought.at = (at + found.length) % found.length;
  tellFound();
  const { start, page } = found[sought.at];
  if (!pages) return trigger("show_source", { ...JSON.parse(shownSource)[0], view: "text", sought: text, at: start });
  isToBeSeen = true;
  pages.near.forEach(markFound);
  if (isToBeSeen) goToPage(page ?? 1); // its words are not there yet
}
function tellFound() {
  const { text, found, more, at } = sought;
  const count = `${found.length.toLocaleString("en")}${more ? "+" : ""}`;
  finding().querySelector(".count").textContent = !text.trim() ? "" : found.length ? `${at + 1} of ${count}` : "Not found";
  for (const one of finding().querySelectorAll("[data-found]")) one.disabled = !found.length;
}

// On a page, what was found is marked where its words stand; the place that is shown comes into view.
function markFound(paper) {
  const words = wordsOn.get(paper);
  paper.querySelector(".hits")?.remove();
  if (!words?.length || !paper.querySelector(".words")) return;
  const hits = make("div", "hits");
  const [begins, ends] = [words[0].start, words.at(-1).start + words.at(-1).text.length];
  sought.found.forEach(({ start, end }, at) => {
    if (start >= ends || end <= begins) return;
    for (const box of boxesOf(words, start, end)) hits.append(hitAt(box, at === sought.at));
  });
  paper.querySelector(".words").before(hits);
  const shown = hits.querySelector(".here");
  if (!shown || !isToBeSeen) return;
  isToBeSeen = false;
  if (!isSeen(shown, pages.doc)) shown.scrollIntoView({ block: "center", inline: "nearest" });
}
// Where a stretch of the text stands: a box for the words of each line, and of a word the part that is in it.
function boxesOf(words, start, end) {
  const boxes = [];
  let goesOn = false;
  for (const { start: begins, text, after, box: [left, top, right, bottom] } of words) {
    const length = [...text].length;
    const [first, last] = [Math.max(0, start - begins), Math.min(length, end - begins)];
    if (first >= last) continue;
    const at = (sign) => left + ((right - left) * sign) / length;
    const before = goesOn ? boxes.pop() : [at(first), top, at(last), bottom];
    boxes.push([Math.min(before[0], at(first)), Math.min(before[1], top), Math.max(before[2], at(last)), Math.max(before[3], bottom)]);
    goesOn = after === " ";
  }
  return boxes;
}
function hitAt([left, top, right, bottom], isShown) {
  const share = (part) => `${(100 * part) / STEPS}%`;
  const hit = make("i", isShown ? "here" : "");
  hit.style.cssText = `left:${share(left)};top:${share(top)};width:${share(right - left)};height:${share(bottom - top)}`;
  return hit;
}

// What is looked for stays in its field when the document is drawn anew.
function findDrawn() {
  const { address } = element.querySelector(".reader").dataset;
  if (!finding() || !sought.text || address !== sought.address) return;
  showFinding(true);
  finding().querySelector("input").value = typed;
  tellFound();
}

if (within("#reader")) {
  element.addEventListener("click", ({ target }) => {
    const data = target.closest("button")?.dataset ?? {};
    if ("find" in data) toggleFinding();
    if ("found" in data) showFound(sought.at + Number(data.found));
  });
  element.addEventListener("input", ({ target }) => {
    if (target.name !== "sought") return;
    typed = target.value;
    clearTimeout(waitForKeys);
    waitForKeys = setTimeout(() => look(target.value), TYPED);
  });
  element.addEventListener("keydown", (event) => {
    const { target, key } = event;
    if ((event.ctrlKey || event.metaKey) && key === "f" && finding()) {
      event.preventDefault();
      toggleFinding(true);
    } else if (key === "Enter" && target.name === "sought") {
      clearTimeout(waitForKeys);
      if (target.value === sought.text) showFound(sought.at + (event.shiftKey ? -1 : 1));
      else look(target.value);
    } else if (key === "Escape" && isFinding()) {
      event.stopPropagation(); // it closes nothing else
      toggleFinding(false);
    }
  });
}
