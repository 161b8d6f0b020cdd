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
