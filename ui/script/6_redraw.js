// After a redraw: the marked words come into view, the last answer does, and the address names the talk.
watch("value", () => {
  if (within("#reader")) return sourceDrawn();
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
  if (last && isNew(place, last)) last.scrollIntoView({ block: last.offsetHeight < element.clientHeight ? "end" : "start" });
  resume();
});

// The last answer comes into view when it is another, or goes on; not when something was done to one that is there.
const STAYS = "stays"; // of another branch, what is before it stays where it is
let drawn = "";
function isNew(place, last) {
  const count = (name) => last.parentElement.querySelectorAll(name).length;
  const before = drawn;
  drawn = [place, count(".turn"), count(".waiting"), count(".excerpt, .sentence"), last.querySelector(".question").textContent].join(" ");
  return drawn !== before && before !== STAYS;
}
