/* Of the inputs of a condition, only those that its operator takes are shown. */
(() => {
  const several = new Set(["one_of", "none_of", "any_of"]);
  const bare = new Set(["known", "unknown"]);

  function rowOf(input) {
    return input.closest(".field-row > div, .form-row, .field-line") || input.parentElement;
  }

  function isTaken(operator, kind, isLevel) {
    if (bare.has(operator)) return false;
    if (kind === "two") return operator === "between";
    if (kind === "choices" && isLevel) return several.has(operator);
    if (kind === "rank") return !several.has(operator);
    return true;
  }

  document.addEventListener("DOMContentLoaded", () => {
    const operator = document.querySelector("select[data-operator]");
    if (!operator) return;
    const inputs = [...document.querySelectorAll("[data-wanted]")];
    const isLevel = inputs.some((input) => input.dataset.wanted === "rank");
    const show = () => {
      for (const input of inputs) {
        rowOf(input).hidden = !isTaken(operator.value, input.dataset.wanted, isLevel);
      }
    };
    operator.addEventListener("change", show);
    show();
  });

  // The picker of several values makes an input of its own, which nobody named, some time after
  // the page is there.
  const NAMELESS = ".select2-search--inline .select2-search__field:not([aria-label])";
  const nameInputs = () => {
    for (const input of document.querySelectorAll(NAMELESS)) {
      const label = input.closest(":has(label)")?.querySelector("label");
      if (label) input.setAttribute("aria-label", label.textContent.trim());
    }
  };
  document.addEventListener("DOMContentLoaded", () => {
    nameInputs();
    new MutationObserver(nameInputs).observe(document.body, { childList: true, subtree: true });
  });
})();
