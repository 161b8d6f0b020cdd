// Runs once in each of the page's HTML parts. One listener serves whatever is drawn in the part later.
const page = document.getElementById("page");
const sheet = (open) => page.classList.toggle("reader-open", open);
const toMark = () =>
  document.querySelector("#reader .doc mark, #reader .doc .passage")?.scrollIntoView({ block: "center" });
element.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button || button.disabled) return;
  if ("close" in button.dataset) return sheet(false);
  if ("edit" in button.dataset) {
    document.querySelector("#asking textarea").focus();
    return trigger("edit", { turn: button.dataset.edit });
  }
  if (!("turn" in button.dataset || "source" in button.dataset)) return;
  document.querySelectorAll(".marker.on").forEach((marker) => marker.classList.remove("on"));
  if (button.dataset.n) {
    const same = `.marker[data-turn="${button.dataset.turn}"][data-n="${button.dataset.n}"]`;
    document.querySelector(same)?.classList.add("on");
  }
  sheet(true);
  page.classList.remove("documents-open");
  setTimeout(toMark, 50); // what is chosen may be there already: then nothing is redrawn
  trigger("select", { ...button.dataset });
});
// After a redraw: the marked words come into view, and the talk stays at its end.
watch("value", () => {
  toMark();
  element.querySelector(".talk > :last-child")?.scrollIntoView({ block: "end" });
});
