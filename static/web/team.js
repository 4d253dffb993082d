// The team page: a filter acts at once, and ticked leads stay ticked while the page refreshes.
(() => {
  "use strict";

  const ticked = () => [...document.querySelectorAll("#team input[name=handoff]:checked")];
  let kept = new Set();

  document.addEventListener("change", (event) => {
    event.target.closest("form[data-auto]")?.requestSubmit();
  });
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.target.id === "team") kept = new Set(ticked().map((box) => box.value));
  });
  document.addEventListener("htmx:afterSwap", () => {
    document.querySelectorAll("#team input[name=handoff]").forEach((box) => {
      if (kept.has(box.value)) box.checked = true;
    });
  });
  document.addEventListener("team-changed", () => {
    ticked().forEach((box) => { box.checked = false; });
  });
  document.querySelectorAll("form[data-auto] [type=submit]").forEach((button) => { button.hidden = true; });
})();
