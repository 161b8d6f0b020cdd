// The section that a button unfolds is only hidden meanwhile: what was typed in it stays.
element.addEventListener("click", (event) => {
  const fold = event.target.closest("[data-fold]");
  if (fold) fold.setAttribute("aria-expanded", fold.getAttribute("aria-expanded") === "false");
});
