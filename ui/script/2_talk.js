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
  if (waiting.matches(".here")) sessionStorage.setItem("asked", waiting.dataset.waiting);
  if (waiting.dataset.waiting !== asked.id) asked = { id: waiting.dataset.waiting, at: Date.now() };
  const seconds = Math.floor((Date.now() - asked.at) / 1000);
  waiting.querySelector(".seconds").textContent = seconds ? `${seconds} s` : "";
}
if (within("#talk")) setInterval(countSeconds, 500);

// A question of this tab whose answer was cut off is asked again, once: should it bring the server down, not for ever.
function resume() {
  const again = element.querySelector(`[data-pending="${CSS.escape(sessionStorage.getItem("asked") ?? "")}"][data-event="ask_again"]`);
  if (!again || sessionStorage.getItem("resumed") === again.dataset.pending) return;
  sessionStorage.setItem("resumed", again.dataset.pending);
  again.click();
}

// What is typed and not asked yet outlives a reload.
if (within("#talk")) addEventListener("pagehide", () => sessionStorage.setItem("typed", box()?.value ?? ""));
