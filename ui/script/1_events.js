// Runs once in each of the page's HTML parts. One listener serves whatever is drawn in the part later.
const page = document.getElementById("page");
const sheet = (open) => page.classList.toggle("reader-open", open);
// The cited words come into view, on the page that was chosen if one was; where there are none, the passage or that
// page; of an earlier part of a text, its end.
let earlier = false;
const toMark = () => {
  const doc = document.querySelector("#reader .doc");
  const names = doc?.querySelector(".here") ? [".here .box", ".here"] : ["mark", ".box", ".passage"];
  const found = names.map((name) => doc?.querySelector(name)).find((one) => one);
  if (found) found.scrollIntoView({ block: found.matches(".paper") ? "start" : "center" });
  else if (earlier) doc?.scrollTo(0, doc.scrollHeight);
  earlier = false;
};
const box = () => document.querySelector("#asking textarea");
const within = (name) => element.closest(name) !== null;

// What Python listens for (ui/app.py): a button or a box names one of them in its data-event.
const EVENTS = [
  "allow_removals",
  "ask_again",
  "ask_everywhere",
  "ask_instead",
  "ask_starter",
  "cancel_edit",
  "choose_all",
  "choose_document",
  "choose_model",
  "close_arrivals",
  "delete_conversation",
  "discard_question",
  "edit_question",
  "open_conversation",
  "pin_excerpt",
  "rate",
  "read_again",
  "remove_chosen",
  "remove_document",
  "remove_note",
  "rename_conversation",
  "restore_conversation",
  "restore_document",
  "restore_note",
  "show_branch",
  "show_source",
  "sort_documents",
  "stop_rebuild",
  "unfold_folder",
  "write_remark",
];
// What the page does by itself before; where it returns false, Python is told nothing.
const BEFORE = {
  remove_document: (button, event) => !isRepeated(event),
  edit_question: () => box().focus(),
  cancel_edit: () => box().focus(),
  show_branch: () => (drawn = STAYS),
  open_conversation: () => page.classList.remove("panel-open"),
  show_source: (button) => pointTo(button),
};
function raise(part, event) {
  const { event: name, field, ...told } = part.dataset;
  if (!EVENTS.includes(name) || BEFORE[name]?.(part, event) === false) return;
  if (field) told[field] = part.parentElement.querySelector(`[name="${field}"]`).value;
  if (part.type === "checkbox") told.on = part.checked;
  if (part.localName === "select") told.value = part.value;
  trigger(name, told);
}

element.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button || button.disabled) return;
  const data = button.dataset;
  if ("close" in data) return close(data.close);
  if ("open" in data) return bring(data.open);
  if ("copy" in data) return copy(button);
  if ("list" in data) return showInList(data.list);
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
  if (number && !data.note) document.querySelector(marker)?.classList.add("on");
  sheet(true);
  openPane("reader");
  page.classList.remove("panel-open");
  earlier = button.textContent.includes("Earlier");
  setTimeout(toMark, 50); // what is chosen may be there already: then nothing is redrawn
}

// Without a name, as by Escape, what lies over the talk.
function close(name) {
  page.classList.remove("panel-open");
  sheet(false);
  hideCards();
  if (name) closePane(name);
}
function bring(name) {
  if (name === "panel") page.classList.add("panel-open");
  openPane(name);
  document.querySelector(`[data-close="${name}"]`).focus();
}
