// A document that an answer names is shown in the list, with its state and the reason for it.
function showInList(source) {
  const find = document.querySelector("#find input");
  if (find?.value) {
    find.value = "";
    find.dispatchEvent(new Event("input", { bubbles: true }));
  }
  [...document.querySelectorAll('#panel [role="tab"]')].find((tab) => tab.textContent.trim() === "Documents")?.click();
  page.classList.add("panel-open");
  waitFor(() => document.querySelector(`#documents [data-source="${CSS.escape(source)}"]`)?.closest("li"), (line) => {
    line.classList.add("pointed");
    line.tabIndex = -1;
    line.scrollIntoView({ block: "center" });
    line.focus({ preventScroll: true });
    line.addEventListener("blur", () => line.classList.remove("pointed"), { once: true });
  });
}
// The list is drawn anew where it was searched before: looked for a few times, then let be.
function waitFor(find, use, tries = 10) {
  const found = find();
  if (found) use(found);
  else if (tries) setTimeout(waitFor, 100, find, use, tries - 1);
}
