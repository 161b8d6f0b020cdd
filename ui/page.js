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

// What Python listens for (ui/app.py): a button or a box names one of them in its data-event.
const EVENTS = [
  "ask_starter", "ask_again", "ask_everywhere", "edit_question", "cancel_edit", "discard_question", "restore_turns",
  "rate", "show_source", "choose_document", "choose_all", "remove_document", "restore_document", "stop_rebuild",
  "allow_removals", "open_conversation", "rename_conversation", "delete_conversation", "restore_conversation",
];
// What the page does by itself before; where it returns false, Python is told nothing.
const BEFORE = {
  remove_document: (button, event) => !isRepeated(event),
  edit_question: () => box().focus(),
  cancel_edit: () => box().focus(),
  open_conversation: () => page.classList.remove("panel-open"),
  show_source: (button) => pointTo(button),
};
function raise(part, event) {
  const { event: name, field, ...told } = part.dataset;
  if (!EVENTS.includes(name) || BEFORE[name]?.(part, event) === false) return;
  if (field) told[field] = part.parentElement.querySelector(`[name="${field}"]`).value;
  if (part.type === "checkbox") told.on = part.checked;
  trigger(name, told);
}

element.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button || button.disabled) return;
  const data = button.dataset;
  if ("close" in data) return close();
  if ("panel" in data) return page.classList.add("panel-open");
  if ("copy" in data) return copy(button);
  if ("unfold" in data) return unfold(button, button.getAttribute("aria-expanded") === "false");
  raise(button, event);
});
element.addEventListener("change", (event) => raise(event.target, event));

// A double click is meant for one document, and so is a second click where the list has moved under the pointer.
let removedAt = "";
const placeOf = (event) => `${event.clientX} ${event.clientY}`;
element.addEventListener("pointermove", (event) => placeOf(event) === removedAt || (removedAt = ""));
function isRepeated(event) {
  if (event.detail === 0) return false; // by a key
  const repeated = event.detail > 1 || placeOf(event) === removedAt;
  removedAt = placeOf(event);
  return repeated;
}

// The source that a button opens comes into view, and its number in the answer is marked.
function pointTo(button) {
  const data = button.dataset;
  document.querySelectorAll(".marker.on").forEach((marker) => marker.classList.remove("on"));
  const number = ["n", "closest"].find((name) => name in data);
  const marker = `.marker[data-turn="${data.turn}"][data-${number}="${data[number]}"]`;
  if (number) document.querySelector(marker)?.classList.add("on");
  sheet(true);
  page.classList.remove("panel-open");
  earlier = button.textContent.includes("Earlier");
  setTimeout(toMark, 50); // what is chosen may be there already: then nothing is redrawn
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
element.addEventListener("toggle", ({ target }) => {
  if (target.dataset.why && target.isConnected) unfolded[target.open ? "add" : "delete"](target.dataset.why);
}, true);

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
      if (!covered && !page.matches(".panel-open")) document.querySelector("[data-event=cancel_edit]")?.click();
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

// The question that is edited is marked, and those that go with it are dim.
function markEdited() {
  const at = document.querySelector("#notice [data-editing]")?.dataset.editing;
  document.querySelectorAll("#talk .turn").forEach((turn, number) => {
    turn.classList.toggle("edited", String(number) === at);
    turn.classList.toggle("after-edited", at !== undefined && number > Number(at));
  });
}

// While an answer is waited for, its seconds are counted.
let asked = { id: "", at: 0 };
function countSeconds() {
  const waiting = document.querySelector("#talk .waiting");
  if (!waiting) return;
  if (waiting.dataset.waiting !== asked.id) asked = { id: waiting.dataset.waiting, at: Date.now() };
  const seconds = Math.floor((Date.now() - asked.at) / 1000);
  waiting.querySelector(".seconds").textContent = seconds ? `${seconds} s` : "";
}
if (within("#talk")) setInterval(countSeconds, 500);

// A question whose answer was cut off by a reload is asked again, once: should it bring the server down, not for ever.
let isDrawn = false;
function resume() {
  const again = !isDrawn && element.querySelector("[data-pending]");
  isDrawn = true;
  if (!again || sessionStorage.getItem("resumed") === again.dataset.pending) return;
  sessionStorage.setItem("resumed", again.dataset.pending);
  again.click();
}

// What is typed and not asked yet outlives a reload.
if (within("#talk")) addEventListener("pagehide", () => sessionStorage.setItem("typed", box()?.value ?? ""));

// Uploads, one file after another. What was dropped is checked by the server, not here.
if (within("#upload")) {
  const TRIES = 4; // of a file that does not get through, though the server can be reached
  const PASSING = [0, 408, 502, 504]; // statuses that another try may change; 0: the connection broke
  const FOR_ALL = [503, 507]; // statuses that every other file would meet as well
  const list = element.querySelector(".uploads");
  const input = element.querySelector("input");
  const drop = element.querySelector(".drop");
  const waiting = [];
  const failed = new Map(); // each upload that failed, and its line in the list
  let total = 0;
  let added = 0;
  let running = false;
  let stopped = false;
  let request = new XMLHttpRequest();
  let wake = () => {};

  const make = (tag, text, className = "") => Object.assign(document.createElement(tag), { textContent: text, className });
  const title = make("b");
  const state = make("span", "", "soft");
  const bar = Object.assign(make("progress"), { max: 100, value: 0, ariaLabel: "Adding files" });
  const progress = Object.assign(make("li"), { ariaLive: "off" }); // else each of the files is read out
  progress.append(title, state, button("Stop", stop), bar);
  const outcome = make("li");

  input.addEventListener("change", () => {
    add([...input.files]);
    input.value = "";
  });
  for (const name of ["dragenter", "dragover"])
    document.addEventListener(name, (event) => {
      if (!event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      drop.classList.add("over");
    });
  document.addEventListener("dragleave", (event) => event.relatedTarget || drop.classList.remove("over"));
  document.addEventListener("drop", async (event) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    drop.classList.remove("over");
    add(await dropped(event.dataTransfer));
  });
  window.addEventListener("beforeunload", (event) => running && event.preventDefault());

  // The files that were dropped, and those in the folders that were.
  async function dropped(data) {
    const entries = [...data.items].filter((item) => item.kind === "file").map((item) => item.webkitGetAsEntry?.());
    const found = [...data.files].map((file, at) => (entries[at]?.isDirectory ? filesIn(entries[at]) : [file]));
    return (await Promise.all(found)).flat();
  }
  async function filesIn(folder) {
    const found = [];
    const reader = folder.createReader();
    try {
      for (let some = [0]; some.length; found.push(...some))
        some = await new Promise((done, fail) => reader.readEntries(done, fail)); // a hundred at most
    } catch {
      list.append(line(folder.name, "this folder cannot be read: choose the files in it"));
    }
    const visible = found.filter((entry) => !entry.name.startsWith("."));
    return (await Promise.all(visible.map((entry) => (entry.isDirectory ? filesIn(entry) : fileOf(entry))))).flat();
  }
  const fileOf = (entry) => new Promise((done) => entry.file(done, () => done(new File([], entry.name))));

  const add = (files) => addAll(files.map((file) => ({ file, replace: false })));
  async function addAll(uploads) {
    waiting.push(...uploads);
    total += uploads.length;
    if (running) return;
    running = true;
    stopped = false;
    outcome.remove();
    list.prepend(progress);
    while (waiting.length) await finish(waiting.shift());
    running = false;
    progress.remove();
    tellOutcome();
    total = added = 0;
  }

  async function finish(upload) {
    const name = upload.file.name;
    title.textContent = total > 1 ? `Adding ${total - waiting.length} of ${total}: ${name}` : `Adding ${name}`;
    await deliver(upload);
    if (request.status === 201) added += 1;
    else if (!stopped) fail(upload);
    if (FOR_ALL.includes(request.status)) waiting.splice(0).forEach(fail);
  }
  // Sends a file until the server has it or will not have it.
  async function deliver(upload) {
    for (let tries = 1; !stopped; tries += 1) {
      await send(upload);
      const seconds = await pauseBeforeRetry(tries);
      if (!seconds) return;
      const limited = request.status === 429;
      state.textContent = limited ? `waiting ${seconds} s for the server` : `${reason()}; trying again in ${seconds} s`;
      await new Promise((done) => setTimeout((wake = done), 1000 * seconds));
    }
  }
  // Seconds to wait before a file is sent again; 0 where that would not help.
  async function pauseBeforeRetry(tries) {
    const { status } = request;
    const asked = Number(request.getResponseHeader("Retry-After"));
    if (stopped) return 0;
    if (status === 429) return asked || 1;
    if (status === 0 && !(await fetch("api/health").catch(() => null))) return 2; // until it can be reached
    if (tries === TRIES) return 0;
    return status === 503 ? asked : PASSING.includes(status) && (asked || 1);
  }
  function send({ file, replace }) {
    const before = total - waiting.length - 1;
    const show = (share) => {
      bar.value = (100 * (before + share)) / total;
      state.textContent = `${Math.round(bar.value)} %`;
    };
    show(0);
    request = new XMLHttpRequest();
    request.open("PUT", `api/documents?name=${encodeURIComponent(file.name)}${replace ? "&replace=true" : ""}`);
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.upload.onprogress = (event) => show(event.loaded / (event.total || 1));
    return new Promise((done) => {
      request.onloadend = done;
      request.send(file);
    });
  }
  function stop() {
    stopped = true;
    waiting.length = 0;
    request.abort();
    wake();
  }

  function fail(upload) {
    const told = line(upload.file.name, reason());
    upload.exists = request.status === 409;
    if (upload.exists) told.append(button("Replace", () => retry([upload], true)));
    failed.set(upload, told);
    list.append(told);
  }
  function retry(uploads, replace) {
    for (const upload of uploads) {
      failed.get(upload).remove();
      failed.delete(upload);
    }
    addAll(uploads.map((upload) => ({ file: upload.file, replace: replace || upload.replace })));
  }
  function tellOutcome() {
    const count = (number) => `${number} file${number === 1 ? "" : "s"}`;
    const told = stopped ? `Stopped: ${added} of ${count(total)} added` : `${count(added)} added`;
    outcome.replaceChildren(make("b", failed.size ? `${told}, ${failed.size} not added` : told));
    const again = [...failed.keys()].filter((upload) => !upload.exists);
    const buttons = make("span");
    if (again.length) buttons.append(button("Try again", () => retry(again)));
    buttons.append(button("Dismiss", dismiss));
    outcome.append(buttons);
    list.prepend(outcome);
  }
  function dismiss() {
    failed.clear();
    list.replaceChildren();
  }
  function line(name, told) {
    const made = make("li");
    made.append(make("b", name), make("span", told, "soft bad"));
    return made;
  }
  function reason() {
    try {
      return JSON.parse(request.responseText).error;
    } catch {
      return request.status ? `not added (status ${request.status})` : "the connection to the server broke off";
    }
  }
  function button(text, act) {
    const made = Object.assign(make("button", text), { type: "button" });
    made.addEventListener("click", act);
    return made;
  }
}

// After a redraw: the marked words come into view, the last answer does, and the address names the talk.
watch("value", () => {
  if (within("#reader")) return toMark();
  // What a person has ticked stays ticked, whatever is drawn over it: the list knows better.
  for (const one of element.querySelectorAll("input[type=checkbox]")) one.checked = one.hasAttribute("checked");
  if (within("#talk") || within("#notice")) markEdited();
  if (!within("#talk")) return;
  hideCards();
  countSeconds();
  for (const one of element.querySelectorAll("[data-why]")) one.open = unfolded.has(one.dataset.why);
  for (const one of element.querySelectorAll("[data-unfold]")) if (unfolded.has(unfoldedAs(one))) unfold(one, true);
  const talk = element.querySelector(".talk");
  const place = talk?.dataset.conversation ?? "";
  if (place !== location.hash.slice(1)) history.replaceState(null, "", place ? `#${place}` : location.pathname);
  const last = talk?.querySelector(".turn:last-child");
  last?.scrollIntoView({ block: last.offsetHeight < document.getElementById("talk").clientHeight ? "end" : "start" });
  resume();
});
