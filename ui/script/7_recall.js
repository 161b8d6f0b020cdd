// ↑ and ↓ in the question box go through the questions of the talk, as in a shell; Escape leaves them. A text that was
// typed or changed is left alone: in it the arrows move the cursor.
if (within("#talk")) {
  let back = 0;
  let recalled = "";
  const recall = (steps) => {
    const asked = [...document.querySelectorAll("#talk .question")].map((one) => one.textContent).reverse();
    back = Math.min(steps, asked.length);
    recalled = back ? asked[back - 1] : "";
    box().value = recalled;
    box().dispatchEvent(new Event("input", { bubbles: true }));
  };
  document.addEventListener("keydown", (event) => {
    if (event.target !== box() || event.isComposing || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    if (!box().value) back = 0;
    else if (!back || box().value !== recalled) return;
    const steps = { ArrowUp: back + 1, ArrowDown: back - 1, Escape: 0 }[event.key];
    if (steps === undefined || steps < 0) return;
    event.preventDefault();
    recall(steps);
  });
}
