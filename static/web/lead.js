// The lead's page: a cited touchpoint is shown even where its day is folded; `n` writes a note.
(() => {
  "use strict";

  function unfold(element) {
    for (let fold = element?.closest("details"); fold; fold = fold.parentElement?.closest("details")) {
      fold.open = true;
    }
  }

  document.addEventListener("click", (event) => {
    const link = event.target.closest('a[href^="#"]');
    if (!link) return;
    const target = document.getElementById(link.hash.slice(1));
    unfold(target);
    if (link.dataset.opens) {
      if (target?.matches("details")) target.open = true;
      target?.querySelector("input:checked, input:not([type=hidden]), textarea")?.focus();
    }
  });

  document.addEventListener("keydown", (event) => {
    if (event.key !== "n" || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input, select, textarea, dialog[open]")) return;
    const note = document.querySelector("[data-note]");
    if (!note) return;
    event.preventDefault();
    note.focus();
  });

  // The notes come back as a whole: say what became of the new one, and go on writing.
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target.id !== "notes") return;
    document.getElementById("said").textContent = document.querySelector("#notes [data-kept]")?.textContent.trim() ?? "";
    document.querySelector("#notes [data-note]")?.focus();
  });

  unfold(document.getElementById(location.hash.slice(1)));
})();
