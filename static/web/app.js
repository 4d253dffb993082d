// Clocks that count business time, keys, dialogs, toasts and a quiet sound. No state of its own:
// the server sends due instants, open intervals and its time; this page only counts.
(() => {
  "use strict";

  const SOON_SECONDS = 3600;
  const one = (selector, root = document) => root.querySelector(selector);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];

  // Words come with the page, in the reader's language; {names} stand for what is filled in.
  function say(key, values = {}) {
    const words = one("#help")?.dataset[key] ?? "";
    return words.replace(/\{(\w+)\}/g, (_, name) => values[name]);
  }

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

  function tickDays(clock, now) {
    const due = Number(clock.dataset.due);
    const days = Math.floor(Math.abs(now - due) / 86400).toLocaleString(document.documentElement.lang);
    const text = say(now >= due ? "late" : "due", { time: say("days", { days }) });
    const place = one(".words", clock);
    if (place.textContent !== text) place.textContent = text;
  }

  function tickClock(clock, now) {
    if ("long" in clock.dataset) return tickDays(clock, now);
    const due = Number(clock.dataset.due);
    const intervals = clock.dataset.open.split(",").filter(Boolean).map((part) => part.split("-").map(Number));
    const isLate = now >= due;
    const seconds = isLate ? openSeconds(intervals, due, now) : openSeconds(intervals, now, due);
    const state = isLate ? "late" : seconds <= SOON_SECONDS ? "soon" : "ontime";
    const isJustLate = isLate && seconds < 1; // It came due while closed.
    const text = isJustLate ? say("stateLate") : say(isLate ? "late" : "due", { time: words(seconds) });
    const place = one(".words", clock);
    if (place.textContent !== text) place.textContent = text;
    if (!clock.classList.contains(state)) {
      clock.classList.remove("late", "soon", "ontime");
      clock.classList.add(state);
      one(".state", clock).textContent = say({ late: "stateLate", soon: "stateSoon", ontime: "stateOntime" }[state]);
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
    button.title = say(isMuted() ? "soundOff" : "soundOn");
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
  const rows = () => all("#queue [data-id]");
  const keyOf = (row) => row.dataset.id;
  const current = () => document.activeElement?.closest?.("#queue [data-id]") ?? null;

  function beforeQueueSwap() {
    known = new Set(rows().map(keyOf));
    const row = current();
    focused = row && { id: keyOf(row), place: document.activeElement.dataset.focus };
  }

  function afterQueueSwap() {
    const arrived = rows().filter((row) => !known.has(keyOf(row)));
    arrived.forEach((row) => row.classList.add("arriving"));
    if (arrived.some((row) => row.dataset.fresh === "yes")) chime();
    const names = arrived.filter((row) => row.dataset.fresh === "yes").map((row) => row.dataset.name);
    const said = one("#said");
    if (said && names.length) said.textContent = say("arrived", { names: names.join(", ") });
    showChosen();
    if (!focused) return;
    const row = rows().find((candidate) => keyOf(candidate) === focused.id) ?? rows()[0];
    one(`[data-focus="${focused.place}"]`, row ?? document)?.focus({ preventScroll: true });
  }

  // What is selected: kept over refreshes, until it is acted on or leaves the queue.

  const boxes = () => all('input[name="handoff"][form="bulk"]');
  let chosen = new Set();
  let lastChosen = null;

  function showChosen() {
    const present = boxes();
    chosen = new Set(present.map((box) => box.value).filter((value) => chosen.has(value)));
    present.forEach((box) => { box.checked = chosen.has(box.value); });
    const bar = one("#bulk");
    if (!bar) return;
    bar.hidden = !chosen.size;
    one("#chosen-count").textContent = chosen.size;
    document.body.classList.toggle("choosing", chosen.size > 0);
  }

  function choose(box, isRange) {
    const present = boxes();
    const from = present.findIndex((other) => other.value === lastChosen);
    const to = present.indexOf(box);
    const between = isRange && from >= 0 ? present.slice(Math.min(from, to), Math.max(from, to) + 1) : [box];
    between.forEach((other) => chosen[box.checked ? "add" : "delete"](other.value));
    lastChosen = box.value;
    showChosen();
  }

  function unchoose() {
    chosen = new Set();
    showChosen();
  }

  function chooseUpTo() {
    const box = one('[data-key="x"]', current() ?? document.createElement("i"));
    if (!box) return;
    box.checked = true;
    choose(box, true);
  }

  document.addEventListener("click", (event) => {
    if (event.target.matches('input[name="handoff"][form="bulk"]')) choose(event.target, event.shiftKey);
    if (event.target.closest("[data-unselect]")) unchoose();
  });

  document.addEventListener("htmx:configRequest", (event) => {
    if (event.detail.elt.id === "filters") {
      // What is blank does not belong in the address.
      const given = event.detail.parameters;
      Object.keys(given).filter((name) => given[name] === "").forEach((name) => { delete given[name]; });
    }
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
  document.addEventListener("answered", () => {
    settled();
    closeSheet();
    unchoose();
  });

  // Whoever clicks twice by habit sends a form once.

  const SENT_SECONDS = 1;
  const sent = new WeakMap();

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post") return;
    if (Date.now() / 1000 - (sent.get(form) ?? 0) < SENT_SECONDS) {
      event.preventDefault();
      event.stopImmediatePropagation();
    } else sent.set(form, Date.now() / 1000);
  }, true);

  // What somebody typed is not lost without a word.

  let typed = null;

  const settled = () => { typed = null; };
  const mayLeave = () => !typed?.isConnected || !typed.offsetParent || window.confirm(say("keep"));

  document.addEventListener("input", (event) => {
    const form = event.target.closest("form[data-guard]");
    if (form) typed = form;
  });
  document.addEventListener("submit", settled);
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (event.detail.elt.matches("form[data-guard]")) settled();
  });
  window.addEventListener("beforeunload", (event) => {
    if (typed?.isConnected && typed.offsetParent) event.preventDefault();
  });
  document.addEventListener("cancel", (event) => {
    if (event.target.id === "sheet" && !mayLeave()) event.preventDefault();
  }, true);
  document.addEventListener("close", settled, true);

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
    const closing = event.target.closest("dialog [data-close]");
    if (closing) {
      event.preventDefault();
      if (mayLeave()) closing.closest("dialog").close();
    }
    if (event.target.closest("[data-dismiss]")) event.target.closest(".toast")?.remove();
    if (event.target.matches("dialog") && mayLeave()) event.target.close();
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

  function takeBack() {
    all("#toasts [data-undo]").at(-1)?.click();
  }

  let wentAt = 0; // When "g" was pressed: "q" within a second goes to the queue.

  function goToQueue() {
    if (Date.now() - wentAt < 1000) location.assign(one("#help").dataset.queue);
  }

  const KEYS = {
    j: () => move(1),
    k: () => move(-1),
    c: () => act("c"),
    a: () => act("a"),
    r: () => act("r"),
    d: () => act("d"),
    x: () => act("x"),
    X: chooseUpTo,
    u: takeBack,
    g: () => { wentAt = Date.now(); },
    q: goToQueue,
    "/": () => one("#search")?.focus(),
    "?": () => one("#help")?.showModal(),
  };

  document.addEventListener("keydown", (event) => {
    allowSound();
    if (event.key === "Escape") all("details.menu[open]").forEach((menu) => { menu.open = false; });
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input:not([type=radio], [type=checkbox]), select, textarea, dialog[open]")) return;
    const run = KEYS[event.key];
    if (!run) return;
    event.preventDefault();
    run();
  });

  if (matchMedia("(min-width: 1081px)").matches) {
    all("details[data-wide]").forEach((details) => { details.open = true; });
  }
  one(".places [aria-current]")?.scrollIntoView({ inline: "center", block: "nearest" });
  all(".tabs [aria-current]").forEach((tab) => {
    tab.parentElement.scrollLeft = tab.offsetLeft - tab.parentElement.offsetLeft - 48;
  });
  readServerTime();
  showSound();
  tick();
  setInterval(tick, 1000);
})();
