// Choosing a file: its name and size at once, a clear word when it is too large, and how far the
// sending is. Everything works without this.
(() => {
  "use strict";

  const one = (selector, root = document) => root.querySelector(selector);

  function sizeOf(bytes) {
    const written = (value, unit, places) =>
      new Intl.NumberFormat(document.documentElement.lang, {
        style: "unit", unit, unitDisplay: unit === "byte" ? "long" : "short", maximumFractionDigits: places,
      }).format(value);
    if (bytes < 1024) return written(bytes, "byte", 0);
    const kilo = bytes / 1024;
    return kilo < 1024 ? written(kilo, "kilobyte", 0) : written(kilo / 1024, "megabyte", 1);
  }

  function choose(input) {
    const drop = input.closest(".drop");
    const file = input.files[0];
    const isTooLarge = Boolean(file) && file.size > Number(drop.dataset.limit);
    drop.classList.toggle("chosen", Boolean(file) && !isTooLarge);
    one("[data-name]", drop).textContent = file ? file.name : drop.dataset.empty;
    one("[data-size]", drop).textContent = file ? sizeOf(file.size) : drop.dataset.hint;
    const wrong = one("#too-large");
    wrong.toggleAttribute("hidden", !isTooLarge);
    one("[data-send]").disabled = isTooLarge;
    input.setAttribute("aria-invalid", String(isTooLarge));
  }

  document.addEventListener("change", (event) => {
    if (event.target.matches(".drop input[type=file]")) choose(event.target);
  });
  const early = one(".drop input[type=file]"); // Chosen before this ran, or on the way back.
  if (early?.files.length) choose(early);
  ["dragenter", "dragover"].forEach((name) =>
    document.addEventListener(name, (event) => event.target.closest?.(".drop")?.classList.add("over")),
  );
  ["dragleave", "drop"].forEach((name) =>
    document.addEventListener(name, (event) => event.target.closest?.(".drop")?.classList.remove("over")),
  );

  document.addEventListener("htmx:xhr:progress", (event) => {
    const bar = one("#sending");
    // Other parts of the page ask the server, too.
    if (event.target.id !== "upload" || !bar || !event.detail.lengthComputable) return;
    bar.parentElement.hidden = false;
    const share = event.detail.loaded / event.detail.total;
    if (share < 1) bar.value = share;
    else bar.removeAttribute("value"); // Sent; now the server looks at it.
    const words = one("#sending-words");
    words.textContent =
      share < 1 ? words.dataset.share.replace("{share}", Math.floor(share * 100)) : words.dataset.sent;
  });

  ["htmx:sendError", "htmx:responseError"].forEach((name) =>
    document.addEventListener(name, (event) => {
      if (event.target.id !== "upload") return;
      one(event.detail.xhr?.status === 413 ? "#too-large" : "#not-sent").hidden = false;
      one("#sending").parentElement.hidden = true;
    }),
  );
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (event.target.id === "upload") one("#not-sent").hidden = true;
  });

  // What happens by itself is said once, when it is over.

  let state = one("#import[data-state]")?.dataset.state;
  document.addEventListener("htmx:afterSwap", () => {
    const run = one("#import[data-state]");
    if (!run || run.dataset.state === state) return;
    state = run.dataset.state;
    one("#said").textContent = run.dataset.said;
  });
})();
