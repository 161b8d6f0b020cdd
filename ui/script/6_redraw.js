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
