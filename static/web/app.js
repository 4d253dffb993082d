// Clocks that count business time, keys, dialogs, toasts and a quiet sound. No state of its own:
// the server sends due instants, open intervals and its time; this page only counts.
(() => {
  "use strict";

  const SOON_SECONDS = 3600;
  const one = (selector, root = document) => root.querySelector(selector);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];

  // Clocks.

  let ahead = 0; // How far this device's clock is ahead of the server's, in seconds.

  function readServerTime() {
    const element = all("[data-now]").at(-1);
    if (element) ahead = Date.now() / 1000 - Number(element.dataset.now);
  }

  function openSeconds(intervals, from, until) {
    return intervals.reduce(
      (sum, [opens, closes]) => sum + Math.max(0, Math.min(closes, until) - Math.max(opens, from)),
      0,
    );
  }

  function words(seconds) {
    const whole = Math.max(0, Math.floor(seconds));
    const minutes = Math.floor(whole / 60);
    if (whole < 600) return `${minutes}:${String(whole % 60).padStart(2, "0")} min`;
    if (minutes < 60) return `${minutes} min`;
    const hours = Math.floor(minutes / 60);
    return hours < 24 && minutes % 60 ? `${hours} h ${minutes % 60} min` : `${hours} h`;
  }

  function tickClock(clock, now) {
    const due = Number(clock.dataset.due);
    const intervals = clock.dataset.open.split(",").filter(Boolean).map((part) => part.split("-").map(Number));
    const isLate = now >= due;
    const seconds = isLate ? openSeconds(intervals, due, now) : openSeconds(intervals, now, due);
    const state = isLate ? "late" : seconds <= SOON_SECONDS ? "soon" : "ontime";
    const text = isLate ? `late by ${words(seconds)}` : `due in ${words(seconds)}`;
    const place = one(".words", clock);
    if (place.textContent !== text) place.textContent = text;
    if (!clock.classList.contains(state)) {
      clock.classList.remove("late", "soon", "ontime");
      clock.classList.add(state);
      one(".state", clock).textContent = { late: "Late", soon: "Soon", ontime: "On time" }[state];
    }
  }

  function tick() {
    const now = Date.now() / 1000 - ahead;
    all(".clock[data-due]").forEach((clock) => tickClock(clock, now));
    all(".toast").forEach((toast) => {
      toast.dataset.until ??= now + Number(toast.dataset.for);
      if (now > Number(toast.dataset.until) && !toast.matches(":hover, :focus-within")) toast.remove();
    });
  }

  // The sound of a new row: two soft notes, unless muted.

  const isMuted = () => localStorage.getItem("sound") === "off";

  function showSound() {
    const button = one("#sound");
    if (!button) return;
    button.setAttribute("aria-pressed", String(!isMuted()));
    button.title = isMuted() ? "Sound for new leads is off" : "Sound for new leads is on";
    one(".icon-on", button).toggleAttribute("hidden", isMuted());
    one(".icon-off", button).toggleAttribute("hidden", !isMuted());
  }

  let audio = null; // Browsers allow sound only after a gesture, so it is made at the first one.

  function allowSound() {
    audio ??= new AudioContext();
  }

  function chime() {
    if (isMuted() || !audio || audio.state !== "running") return;
    [660, 880].forEach((pitch, index) => {
      const begins = audio.currentTime + index * 0.12;
      const note = audio.createOscillator();
      const volume = audio.createGain();
      note.frequency.value = pitch;
      volume.gain.setValueAtTime(0.0001, begins);
      volume.gain.exponentialRampToValueAtTime(0.05, begins + 0.02);
      volume.gain.exponentialRampToValueAtTime(0.0001, begins + 0.25);
      note.connect(volume).connect(audio.destination);
      note.start(begins);
      note.stop(begins + 0.26);
    });
  }

  // Partial updates.

  let known = new Set();
  let focused = null;
  const rows = () => all(".lead[data-id]");
  const keyOf = (row) => row.dataset.id;
  const current = () => document.activeElement?.closest?.(".lead[data-id]") ?? null;

  function beforeQueueSwap() {
    known = new Set(rows().map(keyOf));
    const row = current();
    focused = row && { id: keyOf(row), place: document.activeElement.dataset.focus };
  }

  function afterQueueSwap() {
    const arrived = rows().filter((row) => !known.has(keyOf(row)));
    arrived.forEach((row) => row.classList.add("arriving"));
    if (arrived.some((row) => row.dataset.fresh === "yes")) chime();
    const said = one("#said");
    if (said && arrived.length) said.textContent = `${arrived.length} new in your queue`;
    if (!focused) return;
    const row = rows().find((candidate) => keyOf(candidate) === focused.id) ?? rows()[0];
    one(`[data-focus="${focused.place}"]`, row ?? document)?.focus({ preventScroll: true });
  }

  document.addEventListener("htmx:configRequest", (event) => {
    const version = event.detail.elt.dataset.version;
    if (version && event.detail.verb === "get") event.detail.headers["If-None-Match"] = version;
  });
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.target.id === "queue") beforeQueueSwap();
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target.id === "queue") afterQueueSwap();
    if (event.detail.target.id === "sheet") openSheet();
    readServerTime();
    tick();
  });
  document.addEventListener("htmx:sendError", () => one("#offline")?.removeAttribute("hidden"));
  document.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.successful || event.detail.xhr?.status === 304) one("#offline")?.setAttribute("hidden", "");
  });
  document.addEventListener("answered", closeSheet);

  // Dialogs.

  function openSheet() {
    const sheet = one("#sheet");
    if (!sheet.open) sheet.showModal();
    (one("[aria-invalid=true]", sheet) ?? one("[data-first]", sheet))?.focus();
  }

  function closeSheet() {
    const sheet = one("#sheet");
    if (sheet?.open) sheet.close();
  }

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-close]")) {
      event.preventDefault();
      event.target.closest("dialog")?.close();
    }
    if (event.target.closest("[data-dismiss]")) event.target.closest(".toast")?.remove();
    if (event.target.matches("dialog")) event.target.close();
    if (event.target.closest("[data-help]")) one("#help")?.showModal();
    all("details.menu[open]").forEach((menu) => {
      if (!menu.contains(event.target)) menu.open = false;
    });
  });
  document.addEventListener("pointerdown", allowSound, { once: true });

  one("#sound")?.addEventListener("click", () => {
    localStorage.setItem("sound", isMuted() ? "on" : "off");
    showSound();
    allowSound();
    chime();
  });

  // Keys.

  function move(by) {
    const list = rows();
    if (!list.length) return;
    const at = list.indexOf(current());
    const next = list[Math.min(list.length - 1, Math.max(0, at < 0 ? 0 : at + by))];
    const link = one(".name", next);
    link.focus();
    next.scrollIntoView({ block: "nearest" });
  }

  function act(key) {
    const scope = current() ?? one(".aside") ?? rows()[0];
    const target = scope && one(`[data-key="${key}"]`, scope);
    if (target?.matches("summary")) {
      target.parentElement.open = true;
      one("input:checked, input", target.parentElement)?.focus();
    } else target?.click();
  }

  const KEYS = {
    j: () => move(1),
    k: () => move(-1),
    c: () => act("c"),
    a: () => act("a"),
    r: () => act("r"),
    "/": () => one("#search")?.focus(),
    "?": () => one("#help")?.showModal(),
  };

  document.addEventListener("keydown", (event) => {
    allowSound();
    if (event.key === "Escape") all("details.menu[open]").forEach((menu) => { menu.open = false; });
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input, select, textarea, dialog[open]")) return;
    const run = KEYS[event.key];
    if (!run) return;
    event.preventDefault();
    run();
  });

  if (matchMedia("(min-width: 1081px)").matches) {
    all("details[data-wide]").forEach((details) => { details.open = true; });
  }
  readServerTime();
  showSound();
  tick();
  setInterval(tick, 1000);
})();
