// Marks that explain a figure: the browser shows them on tap and Enter; this adds hover and places
// them beside their mark.
(() => {
  "use strict";

  const GAP = 6;
  const EDGE = 8;
  const LINGER = 150; // Milliseconds to get from the mark to its text.
  let leaving = 0;

  const markOf = (about) => about.querySelector("button");
  const textOf = (about) => about.querySelector("[popover]");
  const isOpen = (text) => text.matches(":popover-open");

  function place(text) {
    const mark = markOf(text.closest(".explain")).getBoundingClientRect();
    const box = text.getBoundingClientRect();
    const under = mark.bottom + GAP;
    const fits = under + box.height <= innerHeight - EDGE;
    const left = mark.left + mark.width / 2 - box.width / 2;
    text.style.left = `${Math.max(EDGE, Math.min(innerWidth - box.width - EDGE, left))}px`;
    text.style.top = `${Math.max(EDGE, fits ? under : mark.top - GAP - box.height)}px`;
  }

  function over(event) {
    const about = event.target.closest?.(".explain");
    if (!about || event.pointerType !== "mouse") return;
    clearTimeout(leaving);
    const text = textOf(about);
    if (isOpen(text)) return;
    text.showPopover();
    about.dataset.hovered = "";
  }

  function out(event) {
    const about = event.target.closest?.(".explain");
    if (!about || !("hovered" in about.dataset) || about.contains(event.relatedTarget)) return;
    leaving = setTimeout(() => textOf(about).hidePopover(), LINGER);
  }

  document.addEventListener("pointerover", over);
  document.addEventListener("pointerout", out);
  document.addEventListener("toggle", (event) => {
    const about = event.target.closest?.(".explain");
    if (!about) return;
    if (event.newState === "open") place(event.target);
    else delete about.dataset.hovered;
  }, true);
  // A click on a mark whose text was shown by hovering keeps it open.
  document.addEventListener("click", (event) => {
    const about = event.target.closest?.(".explain");
    if (!about || !markOf(about).contains(event.target) || !("hovered" in about.dataset)) return;
    event.preventDefault();
    delete about.dataset.hovered;
  }, true);
  addEventListener("scroll", () => {
    document.querySelectorAll(".explain [popover]:popover-open").forEach(place);
  }, { capture: true, passive: true });
  // What is being read is not swapped away; the next look of the page brings the news.
  document.addEventListener("htmx:beforeSwap", (event) => {
    const verb = event.detail.requestConfig?.verb;
    if (verb === "get" && event.detail.target.querySelector?.(".explain [popover]:popover-open")) {
      event.detail.shouldSwap = false;
    }
  });
})();
