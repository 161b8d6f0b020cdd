// What has the focus keeps it when its part is drawn anew: the button of the same kind at the same place.
let focused = null;
const alike = (target) => [...element.querySelectorAll(`[data-event="${target}"]`)];
element.addEventListener("focusin", ({ target }) => {
  const event = target.dataset.event;
  focused = event ? { event, at: alike(event).indexOf(target) } : null;
});
document.addEventListener("focusin", ({ target }) => element.contains(target) || (focused = null));
watch("value", () => {
  const now = document.activeElement;
  if (!focused || (now !== document.body && !now.disabled)) return;
  const found = alike(focused.event);
  const same = found[Math.min(focused.at, found.length - 1)];
  const beside = same?.disabled && found.find((one) => one.parentElement === same.parentElement && !one.disabled);
  (beside || same)?.focus({ preventScroll: true });
});
