// Runs once in each of the page's HTML parts. One listener serves whatever is drawn in the part later.
const page = document.getElementById("page");
const sheet = (open) => page.classList.toggle("reader-open", open);
// The cited words come into view; where there are none, the passage; of an earlier part of a text, its end.
let earlier = false;
const toMark = () => {
  const doc = document.querySelector("#reader .doc");
  const found = ["mark", ".box", ".passage"].map((name) => doc?.querySelector(name)).find((one) => one);
  if (found) found.scrollIntoView({ block: "center" });
  else if (earlier) doc?.scrollTo(0, doc.scrollHeight);
  earlier = false;
};
const box = () => document.querySelector("#asking textarea");
const within = (name) => element.closest(name) !== null;

// What a button does, by the first of its data that is known here: an event of this part, and what it is told.
const ACTIONS = {
  edit: (data) => ["edit", { turn: data.edit, what: "query" }],
  editQuestion: (data) => ["edit", { turn: data.editQuestion, what: "question" }],
  retry: (data) => ["retry", { turn: data.retry }],
  rate: (data) => ["like", { turn: data.of, rating: data.rate }],
  saveNote: (data) => ["like", { turn: data.saveNote, rating: "down", note: field("note", data.saveNote) }],
  ask: (data) => ["example_select", { question: data.ask }],
  chooseAll: () => ["option_select", {}],
  remove: (data) => ["delete", { source: data.remove }],
  undo: (data) => ["undo", { token: data.undo }],
  stop: () => ["stop", {}],
  open: (data) => ["select", { open: data.open }],
  rename: (data) => ["edit", { name: data.rename, title: field("title", data.rename) }],
  delete: (data) => ["delete", { name: data.delete }],
};
const field = (name, value) => element.querySelector(`[data-${name}="${CSS.escape(value)}"]`)?.value ?? "";

element.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button || button.disabled) return;
  const data = button.dataset;
  if ("close" in data) return close();
  if ("panel" in data) return page.classList.add("panel-open");
  if ("copy" in data) return copy(button);
  if ("unfold" in data) return unfold(button, button.getAttribute("aria-expanded") === "false");
  const action = Object.keys(ACTIONS).find((name) => name in data);
  if (action) {
    if (action.startsWith("edit") && "turn" in ACTIONS[action](data)[1]) box().focus();
    if (action === "open") page.classList.remove("panel-open");
    return trigger(...ACTIONS[action](data));
  }
  if ("turn" in data || "source" in data) show(button);
});

element.addEventListener("change", (event) => {
  const data = event.target.dataset;
  if ("choose" in data) trigger("option_select", { source: data.choose, on: event.target.checked });
});

function show(button) {
  const data = button.dataset;
  document.querySelectorAll(".marker.on").forEach((marker) => marker.classList.remove("on"));
  const number = ["n", "closest"].find((name) => name in data);
  const marker = `.marker[data-turn="${data.turn}"][data-${number}="${data[number]}"]`;
  if (number) document.querySelector(marker)?.classList.add("on");
  sheet(true);
  page.classList.remove("panel-open");
  earlier = button.textContent.includes("Earlier");
  setTimeout(toMark, 50); // what is chosen may be there already: then nothing is redrawn
  trigger("select", { ...data });
}

function close() {
  page.classList.remove("panel-open");
  sheet(false);
  hideCards();
}

// What a person has unfolded stays so when the talk is drawn anew: known by its place and its words.
const unfolded = new Set();
function unfold(button, open) {
  unfolded[open ? "add" : "delete"](unfoldedAs(button));
  button.closest(".excerpt").classList.toggle("open", open);
  button.setAttribute("aria-expanded", open);
  button.firstElementChild.textContent = open ? "Show less" : "Show more";
}
function unfoldedAs(button) {
  const name = button.getAttribute("aria-controls");
  return name + document.getElementById(name).textContent;
}

async function copy(button) {
  const text = button.closest(".answer").querySelector(".markdown").value;
  try {
    await navigator.clipboard.writeText(text);
  } catch { // not to be had where the page is reached over plain HTTP by name
    const area = Object.assign(document.createElement("textarea"), { value: text });
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  button.textContent = "Copied";
  setTimeout(() => (button.textContent = "Copy with sources"), 2000);
}

// The card of a citation, beside its number while that is pointed at or has the focus.
function hideCards() {
  document.querySelectorAll(".quote-card.shown").forEach((card) => card.classList.remove("shown"));
}
function showCard(event) {
  // A finger points at nothing: it opens the source, which says the same.
  if (!matchMedia("(hover: hover)").matches && !event.target.matches?.(":focus-visible")) return;
  const marker = event.target.closest?.(".marker");
  const card = marker && document.getElementById(marker.getAttribute("aria-describedby"));
  hideCards();
  if (!card) return;
  card.classList.add("shown");
  const at = marker.getBoundingClientRect();
  const size = card.getBoundingClientRect();
  const below = at.bottom + size.height + 8 < innerHeight;
  card.style.left = `${Math.max(8, Math.min(at.left - 24, innerWidth - size.width - 8))}px`;
  card.style.top = `${below ? at.bottom + 6 : Math.max(8, at.top - size.height - 8)}px`;
}
if (within("#talk")) {
  element.addEventListener("mouseover", showCard);
  element.addEventListener("focusin", showCard);
  element.addEventListener("mouseleave", hideCards);
  element.addEventListener("focusout", hideCards);
  document.addEventListener("scroll", hideCards, true);
}

// Keys, wherever the focus is but in a field: arrows go through the citations, Escape closes what is open.
if (within("#talk")) {
  document.addEventListener("keydown", (event) => {
    const typing = event.target.matches("input, textarea, select");
    if (event.key === "Escape") {
      const covered = page.matches(".reader-open") && getComputedStyle(document.getElementById("reader")).position === "fixed";
      close();
      ((covered && document.querySelector(".marker.on")) || box()).focus();
    }
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step || typing || event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.target.closest('[role="tab"], .scroll, .page-picture')) return;
    const markers = [...document.querySelectorAll("#talk .marker")];
    const at = markers.findIndex((marker) => marker === event.target || marker.matches(".on"));
    const next = markers[at < 0 ? (step > 0 ? 0 : markers.length - 1) : at + step];
    if (!next) return;
    event.preventDefault();
    if (!event.target.closest("#reader")) next.focus();
    next.click();
  });
}

// Uploads: each file by itself, with a bar of its own. What was dropped is checked by the server, not here.
if (within("#upload")) {
  const list = element.querySelector(".uploads");
  const input = element.querySelector("input");
  const drop = element.querySelector(".drop");
  const take = (files) => [...files].reduce((before, file) => before.then(() => send(file)), Promise.resolve());
  input.addEventListener("change", () => take(input.files).then(() => (input.value = "")));
  for (const name of ["dragenter", "dragover"])
    document.addEventListener(name, (event) => {
      if (!event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      drop.classList.add("over");
    });
  document.addEventListener("dragleave", (event) => event.relatedTarget || drop.classList.remove("over"));
  document.addEventListener("drop", (event) => {
    if (!event.dataTransfer?.files.length) return;
    event.preventDefault();
    drop.classList.remove("over");
    take(event.dataTransfer.files);
  });

  function send(file, replace = false, item = document.createElement("li")) {
    const name = Object.assign(document.createElement("b"), { textContent: file.name });
    const state = Object.assign(document.createElement("span"), { textContent: "0 %", className: "soft" });
    const bar = Object.assign(document.createElement("progress"), { max: 100, value: 0 });
    bar.setAttribute("aria-label", `Adding ${file.name}`);
    item.replaceChildren(name, state, bar);
    list.append(item);
    return new Promise((done) => {
      const request = new XMLHttpRequest();
      request.open("PUT", `api/documents?name=${encodeURIComponent(file.name)}${replace ? "&replace=true" : ""}`);
      request.setRequestHeader("Content-Type", "application/octet-stream");
      request.upload.onprogress = (event) => {
        bar.value = (100 * event.loaded) / (event.total || 1);
        state.textContent = bar.value < 100 ? `${Math.round(bar.value)} %` : "checking …";
      };
      request.onloadend = () => {
        bar.remove();
        ended(request, file, item, state);
        done();
      };
      request.send(file);
    });
  }

  function ended(request, file, item, state) {
    if (request.status === 201 || request.status === 200) {
      state.textContent = "added; it is read now";
      state.className = "soft ok";
      return setTimeout(() => item.remove(), 4000);
    }
    state.className = "soft bad";
    state.textContent = said(request);
    if (request.status === 409) item.append(button("Replace", () => send(file, true, item)));
    item.append(button("Dismiss", () => item.remove()));
  }
  function said(request) {
    try {
      return JSON.parse(request.responseText).error;
    } catch {
      return request.status ? `not added (${request.status}): try again` : "the server cannot be reached: try again";
    }
  }
  function button(text, act) {
    const made = Object.assign(document.createElement("button"), { type: "button", textContent: text });
    made.addEventListener("click", act);
    return made;
  }
}

// After a redraw: the marked words come into view, the last answer does, and the address names the talk.
watch("value", () => {
  if (within("#reader")) return toMark();
  // What a person has ticked stays ticked, whatever is drawn over it: the list knows better.
  for (const one of element.querySelectorAll("input[type=checkbox]")) one.checked = one.hasAttribute("checked");
  if (!within("#talk")) return;
  hideCards();
  for (const one of element.querySelectorAll("[data-unfold]")) if (unfolded.has(unfoldedAs(one))) unfold(one, true);
  const talk = element.querySelector(".talk");
  const place = talk?.dataset.conversation ?? "";
  if (place !== location.hash.slice(1)) history.replaceState(null, "", place ? `#${place}` : location.pathname);
  const last = talk?.querySelector(".turn:last-child");
  last?.scrollIntoView({ block: last.offsetHeight < document.getElementById("talk").clientHeight ? "end" : "start" });
});
