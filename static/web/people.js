/* Offers the zone of this device where a zone is asked for. */
(() => {
  "use strict";
  const input = document.querySelector('input[name="time_zone"]');
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (!input || !zone) return;
  const known = document.querySelector(`#zones option[value="${CSS.escape(zone)}"]`);
  const offer = document.querySelector("[data-browser-zone]");
  if (!known || input.value === zone) return;
  if (!offer) {
    if (!input.value || input.value === "UTC") input.value = zone;
    return;
  }
  const button = document.createElement("button");
  button.type = "button";
  button.className = "link";
  button.textContent = offer.dataset.use;
  button.addEventListener("click", () => {
    input.value = zone;
    offer.hidden = true;
    input.focus();
  });
  offer.append(offer.dataset.browserZone.replace("%s", zone), " ", button);
  offer.hidden = false;
})();
