// Keys, wherever the focus is but in a field: arrows go through the citations, Escape closes what is open.
if (within("#talk")) {
  document.addEventListener("keydown", (event) => {
    const typing = event.target.matches("input, textarea, select");
    if (event.key === "Escape") {
      const covered = page.matches(".reader-open") && getComputedStyle(document.getElementById("reader")).position === "fixed";
      if (!covered && !page.matches(".panel-open")) document.querySelector("[data-event=cancel_edit]")?.click();
      close();
      ((covered && document.querySelector(".marker.on")) || box()).focus();
    }
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step || typing || event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.target.closest('[role="tab"], .scroll, .zoomed')) return;
    const markers = [...document.querySelectorAll("#talk .marker")];
    const at = markers.findIndex((marker) => marker === event.target || marker.matches(".on"));
    const next = markers[at < 0 ? (step > 0 ? 0 : markers.length - 1) : at + step];
    if (!next) return;
    event.preventDefault();
    if (!event.target.closest("#reader")) next.focus();
    next.click();
  });
}
