// Adds rows to what somebody imagined did; without it the two blank rows are there to fill.
(() => {
  for (const part of document.querySelectorAll("[data-touches]")) {
    const button = part.querySelector("[data-add]");
    const total = part.querySelector('[name="did-TOTAL_FORMS"]');
    const most = Number(part.querySelector('[name="did-MAX_NUM_FORMS"]').value);
    button.hidden = false;
    button.addEventListener("click", () => {
      const place = Number(total.value);
      if (place >= most) return;
      const row = part.querySelector("template").innerHTML.replaceAll("__prefix__", place);
      part.querySelector(".touches").insertAdjacentHTML("beforeend", row);
      total.value = place + 1;
      part.querySelector(`[name="did-${place}-kind"]`).focus();
    });
  }
})();
