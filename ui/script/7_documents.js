// The list of documents: folders are folded and unfolded, a range is chosen, and a redraw leaves the focus.
if (within("#documents")) {
  // What is in a folder is drawn when it is unfolded.
  element.addEventListener("click", ({ target }) => {
    const folder = target.closest("summary[data-folder]");
    if (folder) trigger("unfold_folder", { folder: folder.dataset.folder, on: !folder.parentElement.open });
  });

  // With the shift key, all from the box that was ticked last to this one; what is in a folder goes with its box.
  const boxes = () => [...element.querySelectorAll("[data-event=choose_document]:enabled")];
  const nameOfBox = (box) => box.dataset.source;
  let first = "";
  let isRange = false;
  element.addEventListener("click", (event) => (isRange = event.shiftKey), true);
  BEFORE.choose_document = (box) => {
    const all = boxes();
    const ends = [all.findIndex((one) => nameOfBox(one) === first), all.indexOf(box)].sort((one, other) => one - other);
    first = nameOfBox(box);
    if (!isRange || ends[0] < 0) return true;
    const some = all.slice(ends[0], ends[1] + 1).filter((one) => one === box || !one.parentElement.querySelector(":scope > details[open]:not(.more)"));
    trigger("choose_document", { sources: some.map(nameOfBox), on: box.checked });
    return false;
  };
  BEFORE.remove_chosen = (button, event) => !isRepeated(event);

  // The menu that is open stays so through a redraw, and one is open at a time.
  let menu = "";
  const showMenu = () => element.querySelectorAll("summary[data-menu]").forEach((one) => (one.parentElement.open = one.dataset.menu === menu));
  element.addEventListener("click", (event) => {
    const summary = event.target.closest("summary[data-menu]");
    if (summary) event.preventDefault();
    menu = summary && summary.dataset.menu !== menu ? summary.dataset.menu : "";
    showMenu();
  });
  element.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !menu) return;
    event.stopPropagation();
    element.querySelector(".more[open] summary").focus();
    menu = "";
    showMenu();
  });
  BEFORE.read_again = (button) => button.closest(".more").querySelector("summary").focus();

  // Gradio changes one row into another where rows come or go: the focus goes with its row.
  const nameOf = ({ dataset }) => [dataset.event, dataset.source ?? dataset.folder ?? dataset.token ?? dataset.menu].join(" ");
  let focused = "";
  element.addEventListener("focusin", ({ target }) => (focused = nameOf(target)));
  element.addEventListener("focusout", ({ target }) => target.isConnected && (focused = ""));
  const isNamed = (one) => nameOf(one) === focused;
  watch("value", () => {
    showMenu();
    for (const one of element.querySelectorAll("input[type=checkbox]")) one.indeterminate = "some" in one.dataset;
    const at = document.activeElement;
    const isLost = at === document.body || (element.contains(at) && !isNamed(at));
    if (focused && isLost) [...element.querySelectorAll("button, input, select, summary")].find(isNamed)?.focus({ preventScroll: true });
  });
}
