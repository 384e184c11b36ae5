/* The page's own script: where the page is, what is typed, and where the focus goes.

   Python paints; this script moves. It keeps the address (`/?s=practise&q=ID`), opens the screen the address names by pressing its hidden
   button, follows the one link a painted answer may bring (`a.go`), saves drafts, keeps focus, title and status, and answers the keys.
   Everything it shows is set as text, never as markup. */
"use strict";
(() => {
  const NAME = "Interview Assistant";
  const PLACES = [["today", "Today"], ["practise", "Practise"], ["interview", "Interview"], ["progress", "Progress"]];
  const MORE = [["sources", "Sources"], ["settings", "Settings"]];
  const KEYS = [
    ["Ctrl + Enter", "Get feedback on an answer"], ["Enter", "Send, in an interview and to the coach"], ["Shift + Enter", "New line there"],
    ["Esc", "Stop what is being written; close a sheet"], ["Ctrl + Alt + N", "Next question"], ["Ctrl + Alt + R", "Try this question again"],
    ["Ctrl + Alt + H", "Hint"], ["/", "Search your history"], ["?", "Show these keys"],
  ];
  const html = document.documentElement;
  const told = (name, otherwise) => Number(document.querySelector(`meta[name="assistant-${name}"]`)?.content ?? otherwise);
  const PATIENCE = told("patience", 1);
  const LIMITS = { answer: told("answer-limit", 20000), say: told("answer-limit", 20000), ask: told("answer-limit", 20000), "posting-text": told("posting-limit", 200000) };
  const find = (selector, within = document) => within.querySelector(selector);
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const shown = (element) => !!element && element.getClientRects().length > 0 && getComputedStyle(element).visibility !== "hidden";

  function make(name, attributes = {}, ...children) {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) if (value !== false) element.setAttribute(key, value === true ? "" : value);
    element.append(...children);
    return element;
  }

  // --- the frame: skip link, rail, status, sheet of keys -----------------------------------------------------------------------------

  const status = make("div", { id: "status", role: "status", class: "sr" });
  const sheet = make("dialog", { id: "keys-sheet", "aria-labelledby": "keys-title" },
    make("h2", { id: "keys-title", class: "plain" }, "Keys"),
    make("table", { class: "keys" }, make("tbody", {}, ...KEYS.map(([key, what]) => make("tr", {}, make("th", { scope: "row" }, make("kbd", {}, key)), make("td", {}, what))))),
    make("form", { method: "dialog" }, make("button", { class: "btn" }, "Close")));

  function item([place, words]) {
    return make("li", {}, make("a", { href: `/?s=${place}`, "data-place": place }, words));
  }

  function frame() {
    const more = make("ul", { id: "rail-more" }, ...MORE.map(item), make("li", {}, make("a", { href: "?ask=new", "data-ask": "new", class: "ask" }, "Ask the coach")));
    const opener = make("button", { type: "button", id: "more", "aria-expanded": "false", "aria-controls": "rail-more" }, "More");
    opener.addEventListener("click", () => opener.setAttribute("aria-expanded", String(opener.getAttribute("aria-expanded") !== "true")));
    const rail = make("nav", { id: "rail", "aria-label": "Screens" },
      make("a", { href: "/?s=today", class: "brand" }, NAME), make("ul", {}, ...PLACES.map(item)), opener, more);
    document.body.prepend(make("a", { href: "#main", class: "skip" }, "Skip to the content"), rail);
    document.body.append(status, sheet);
  }

  // --- where the page is -------------------------------------------------------------------------------------------------------------

  const query = () => new URLSearchParams(location.search);
  const place = () => [...PLACES, ...MORE].map(([name]) => name).find((name) => name === query().get("s")) ?? "today";
  const asking = () => query().get("ask") ?? "";
  const key = () => [...query()].filter(([k]) => k !== "ask" && k !== "part").sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([k, v]) => `${k}=${v}`).join("&");
  const mark = () => find(`#screen-${place()} .at`);
  const coachMark = () => find("#coach .at");

  let wanted = null; // the address that was asked for and is not painted yet
  let wantedAsk = null;
  let part = query().get("part") ?? ""; // the place on the screen that is to be scrolled to, until it is there
  const followed = {}; // what is being followed, by screen

  function go(to, { replace = false, ask } = {}) {
    const url = new URL(to, location.href);
    if (ask === undefined && asking() && !url.searchParams.has("ask")) url.searchParams.set("ask", asking());
    if (ask === "") url.searchParams.delete("ask");
    saveNow();
    const same = url.href === location.href;
    history[replace || same ? "replaceState" : "pushState"]({}, "", url);
    moved();
  }

  // A link to another part of what is painted only scrolls; everything else is opened.
  function moved() {
    part = query().get("part") ?? "";
    const here = wanted?.key === key() && !wanted.since && asking() === wantedAsk;
    if (here && find("[data-parts]", find(`#screen-${place()}`)) && part) reach();
    else arrive({ focus: true });
  }

  function reach() {
    const parts = all(`#screen-${place()} [data-parts]`).find((e) => e.dataset.parts === key());
    const target = part && parts && find(`#part-${CSS.escape(part)}`, parts);
    if (!target) return;
    part = "";
    if (target.tagName === "DETAILS") target.open = true;
    (find("summary", target) ?? target).focus({ preventScroll: true });
    target.scrollIntoView({ block: "start", behavior: "auto" });
  }

  function arrive({ focus = false } = {}) {
    const here = place();
    const opens = wanted === null || wanted.key !== key() || focus;
    html.dataset.screen = here;
    html.toggleAttribute("data-asking", asking() !== "");
    all("#rail a[data-place]").forEach((a) => (a.dataset.place === here ? a.setAttribute("aria-current", "page") : a.removeAttribute("aria-current")));
    find("#more")?.setAttribute("aria-expanded", "false");
    const painted = mark()?.dataset.for;
    if (opens) {
      wanted = { key: key(), focus: focus && (painted !== key() || document.activeElement === document.body), since: Date.now() };
      followed[here] = null;
      if (painted !== key()) still(true);
      press(`open-${here}`);
    }
    if (asking() !== wantedAsk) {
      const opening = asking() && !wantedAsk;
      wantedAsk = asking();
      followed.coach = null;
      if (asking()) {
        press("open-coach");
        if (opening && focus) requestAnimationFrame(() => field("ask")?.focus());
      }
    }
    setTimeout(missing, 6000, key());
  }

  // While the old words are still on the screen nothing on it may be pressed: the address has moved on already.
  function still(yes) {
    html.toggleAttribute("data-stale", yes);
    const screen = find(`#screen-${place()}`);
    if (screen) screen.inert = yes;
    all(".screen").filter((s) => s !== screen).forEach((s) => (s.inert = false));
  }

  function press(id) {
    const button = document.getElementById(id);
    if (button) button.click();
    else waitingToPress.add(id);
  }
  const waitingToPress = new Set();

  function linked(event) {
    const a = event.target.closest?.("a[href]");
    if (!a || event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey || a.target || a.hasAttribute("download")) return;
    if (a.classList.contains("skip")) {
      event.preventDefault();
      find("#main")?.focus();
      return;
    }
    if (a.dataset.ask !== undefined) {
      event.preventDefault();
      const url = new URL(location.href);
      url.searchParams.set("ask", a.dataset.ask);
      if (!a.dataset.ask) go(url, { ask: "" });
      else {
        asker = document.activeElement;
        go(url);
        requestAnimationFrame(() => field("ask")?.focus());
      }
      return;
    }
    const url = new URL(a.href);
    if (url.origin !== location.origin || url.pathname !== "/") return;
    event.preventDefault();
    go(url);
  }
  let asker = null; // what opened the coach; it gets the focus back

  function closeCoach() {
    const url = new URL(location.href);
    url.searchParams.delete("ask");
    history.pushState({}, "", url);
    html.removeAttribute("data-asking");
    wantedAsk = "";
    (shown(asker) ? asker : find("#rail a.ask"))?.focus();
  }

  // --- after something was painted ---------------------------------------------------------------------------------------------------

  let due = false;
  function soon() {
    if (due) return;
    due = true;
    requestAnimationFrame(() => { due = false; settle(); });
  }

  function settle() {
    prepare();
    for (const id of [...waitingToPress]) if (document.getElementById(id)) { waitingToPress.delete(id); document.getElementById(id).click(); }
    for (const a of all("a.go:not([data-gone])")) {
      a.dataset.gone = "";
      go(a.getAttribute("href"), { replace: a.dataset.replace !== undefined });
      return;
    }
    const at = mark();
    const head = all(`#screen-${place()} [data-for]`).filter((e) => e.dataset.for === key());
    if (at && head.includes(at) && head.length > 1) arrived(at);
    if (!html.hasAttribute("data-stale")) reach();
    const coach = coachMark();
    if (coach && asking() && (coach.dataset.for === asking() || coach.dataset.for === "")) follow("coach", coach);
    focusHeld();
    patience();
    tell();
    countWords();
    chats();
  }

  function arrived(at) {
    const title = at.dataset.title ? `${at.dataset.title} - ${NAME}` : NAME;
    if (document.title !== title) document.title = title;
    if (wanted && wanted.key === key() && wanted.since) {
      const { focus } = wanted;
      wanted = { key: key(), focus: false, since: 0 };
      still(false);
      begin(at);
      const passage = find("#passage", find(`#screen-${place()}`));
      if (focus) {
        if (!passage) window.scrollTo(0, 0);
        find(`#screen-${place()} h1`)?.focus({ preventScroll: true });
      }
      if (passage && at.dataset.passage !== undefined) passage.scrollIntoView({ block: "center" });
    }
    follow(place(), at);
  }

  // A painted state says whether something still runs for it; what it is is the server's business.
  function follow(name, at) {
    const runs = at.dataset.running !== undefined ? at.dataset.for : null;
    if (runs !== null && followed[name] !== runs) press(`follow-${name}`);
    followed[name] = runs;
  }

  function missing(asked) {
    const absent = () => wanted?.key === asked && wanted.since > 0 && key() === asked;
    if (absent()) reconnect(absent);
  }

  // What Gradio draws gets its names and marks here, each time it draws anew.
  function prepare() {
    const main = find("gradio-app main");
    if (main && !main.id) { main.id = "main"; main.tabIndex = -1; }
    const coach = find("#coach");
    if (coach && !coach.hasAttribute("role")) {
      coach.setAttribute("role", "region");
      coach.setAttribute("aria-label", "The coach");
      coach.prepend(make("button", { type: "button", class: "close btn" }, "Close"));
    }
    // Gradio names each message by its markup; the message says itself who speaks.
    for (const message of all(".chat [data-testid][aria-label]")) message.removeAttribute("aria-label");
    const letters = find("#letter-keys:not([data-known])");
    if (letters) { letters.checked = letterKeys(); letters.dataset.known = ""; }
    for (const log of all(".chat [aria-live]")) if (log.getAttribute("aria-live") !== "off") log.setAttribute("aria-live", "off");
    for (const [id, words] of [["#chat", "The conversation"], ["#coach-chat", "The coach's answers"]]) {
      const log = find(`${id} [role="log"]`);
      if (log && log.getAttribute("aria-label") !== words) log.setAttribute("aria-label", words);
    }
    for (const svg of all(".mermaid > svg:not([data-sized])")) {
      // A wide diagram is scrolled before its words become too small to read.
      svg.dataset.sized = "";
      svg.style.minWidth = `${Math.round(svg.viewBox.baseVal.width * 0.7)}px`;
    }
    scrollers();
    for (const fault of all('[id$="-said"] .banner:not([data-seen])')) { fault.dataset.seen = ""; fault.scrollIntoView({ block: "nearest" }); }
    for (const button of all("button.working")) if (button.dataset.since && Date.now() - button.dataset.since > 80) rest(button);
  }

  // The keyboard stops at what is scrolled by itself, and only there; a formula may still be drawn, and keeps its stop.
  function scrollers() {
    for (const box of all(".scrolls")) {
      if (box.scrollWidth > box.clientWidth + 1) box.tabIndex = 0;
      else if (!box.matches(".formula")) box.removeAttribute("tabindex");
    }
  }

  // --- focus -------------------------------------------------------------------------------------------------------------------------

  let toFocus = ""; // the beginning of the data-focus that a press is to bring
  let lastFocus = "";
  function focusHeld() {
    if (!toFocus) return;
    const target = all(`#screen-${place()} [data-focus^="${toFocus}"]`).filter(shown).at(-1);
    if (!target || target.dataset.focus === lastFocus) return;
    lastFocus = target.dataset.focus;
    toFocus = "";
    target.focus({ preventScroll: true });
    target.scrollIntoView({ block: "start", behavior: "auto" });
  }

  // --- waiting: nothing for three seconds, then words, then the ways on -----------------------------------------------------------------

  const begun = new Map(); // when the wait for an address began, so that a repaint does not begin it again
  function patience() {
    const waits = all(".waiting").filter((w) => !w.closest(".screen:not(#screen-" + place() + ")"));
    if (!waits.length) return;
    for (const wait of waits) {
      const seconds = Number(wait.dataset.waited) + (Date.now() - (seen.get(wait) ?? seen.set(wait, Date.now()).get(wait))) / 1000;
      wait.classList.toggle("late", seconds >= 3 * PATIENCE);
      const keeps = begun.get(key()) ?? 0;
      wait.classList.toggle("long", wait.dataset.model !== undefined && seconds >= 10 * PATIENCE && Date.now() > keeps);
    }
    clearTimeout(patience.timer);
    patience.timer = setTimeout(patience, 200);
  }
  const seen = new WeakMap();

  // --- the polite status: writing and finished, never the words themselves ---------------------------------------------------------------

  let lastTold = "";
  function tell() {
    const says = all(`#screen-${place()} [data-says], #coach [data-says]`).filter((e) => e.closest("#coach") ? asking() : true).at(-1)?.dataset.says ?? "";
    if (says === lastTold) return;
    if (lastTold || !says.includes("finished")) status.textContent = says;
    lastTold = says;
  }

  // --- chats -------------------------------------------------------------------------------------------------------------------------

  let lastLength = 0;
  let lastChat = "";
  function chats() {
    const panel = find("#coach-chat");
    if (panel && asking()) {
      const box = find("#coach");
      if (panel.textContent.length !== chats.coach) box.scrollTop = box.scrollHeight;
      chats.coach = panel.textContent.length;
    }
    const chat = find("#chat");
    if (place() !== "interview" || !shown(chat)) return;
    const length = chat.textContent.length;
    // A conversation opens at its newest words; from then on only a reader who is at the end is taken along.
    const opened = lastChat !== key() && length > 0 && shown(field("say"));
    if (opened || (length !== lastLength && html.scrollHeight - (scrollY + innerHeight) < 320)) window.scrollTo(0, html.scrollHeight);
    lastLength = length;
    if (length > 0) lastChat = key();
  }

  // --- what is typed -----------------------------------------------------------------------------------------------------------------

  const field = (id) => find(`#${id} textarea, #${id} input`);
  const boxOf = (target) => target.closest?.("#answer, #say, #ask, #posting-text")?.id;
  let draft = null; // the answer being written: its question, the revision it is based on, what is saved
  let timer = 0;

  function begin(at) {
    const box = field("answer");
    clearTimeout(timer);
    draft = at.dataset.question && at.classList.contains("can-answer") && box
      ? { question: at.dataset.question, revision: Number(at.dataset.revision), saved: box.value } : null;
    conflict(null);
    for (const id of ["say", "ask"]) {
      const kept = sessionStorage.getItem(typingKey(id));
      if (kept && field(id) && !field(id).value && shown(field(id))) fill(field(id), kept);
    }
  }

  const typingKey = (id) => `typing:${id}:${id === "say" ? query().get("i") ?? "" : ""}`;

  function fill(box, text) {
    box.value = text;
    box.dispatchEvent(new Event("input", { bubbles: true }));
  }

  function typed(event) {
    const id = boxOf(event.target);
    if (!id) return;
    limit(id);
    if (id === "answer") {
      countWords();
      clearTimeout(timer);
      timer = setTimeout(save, 2000 * Math.min(PATIENCE, 1));
    } else if (id !== "posting-text") sessionStorage.setItem(typingKey(id), event.target.value);
  }

  function saveNow() {
    if (!timer) return;
    clearTimeout(timer);
    save({ keepalive: true });
  }

  async function save({ keepalive = false, over = null } = {}) {
    timer = 0;
    const box = field("answer");
    const kept = draft;
    if (!kept || !box || (box.value === kept.saved && over === null) || box.value.length > LIMITS.answer || conflict.open && over === null) return;
    const text = box.value;
    let reply;
    try {
      reply = await fetch(`/api/v1/drafts/${encodeURIComponent(kept.question)}`, {
        method: "PUT", keepalive, headers: { "Content-Type": "application/json" }, body: JSON.stringify({ text, revision: over ?? kept.revision }),
      });
    } catch {
      if (!keepalive) reconnect();
      return;
    }
    const answer = await reply.json().catch(() => ({}));
    if (kept !== draft) return;
    if (reply.ok) {
      kept.revision = answer.revision;
      kept.saved = text;
      conflict(null);
      const now = new Date();
      note(`saved ${[now.getHours(), now.getMinutes(), now.getSeconds()].map((n) => String(n).padStart(2, "0")).join(":")}`);
    } else if (reply.status === 409) conflict(answer);
    else note(answer.message ?? "not saved");
  }

  function note(words) {
    const saved = find("#saved");
    if (saved) saved.textContent = words;
  }

  function conflict(other) {
    const spot = find("#draft-conflict");
    conflict.open = other !== null;
    if (!spot) return;
    spot.replaceChildren();
    if (!other) return;
    const button = (words, act) => { const b = make("button", { type: "button", class: "btn" }, words); b.addEventListener("click", act); return b; };
    const both = make("div", { class: "exact box", hidden: true }, other.other ?? "");
    spot.append(
      make("p", {}, other.message),
      make("p", { class: "row" },
        button("Keep mine", () => save({ over: other.revision })),
        button("Keep other", () => {
          draft.revision = other.revision;
          draft.saved = other.other;
          fill(field("answer"), other.other);
          conflict(null);
        }),
        button("See both", () => (both.hidden = !both.hidden))),
      both);
  }

  function countWords() {
    const spot = find("#words");
    const box = field("answer");
    if (!spot || !box) return;
    const count = box.value.split(/\s+/).filter(Boolean).length;
    const words = `${count} word${count === 1 ? "" : "s"}`;
    if (spot.textContent !== words) spot.textContent = words;
  }

  // A text that is too long is told at once and not sent: the server would only refuse it whole.
  function limit(id) {
    const box = field(id);
    const over = box.value.length > LIMITS[id];
    let words = find(`#${id} + .limit`) ?? find(`.limit[data-for-field="${id}"]`);
    if (!over) { words?.remove(); return true; }
    if (!words) {
      words = make("p", { class: "limit", role: "alert", "data-for-field": id });
      document.getElementById(id).after(words);
    }
    words.textContent = `This text has ${box.value.length.toLocaleString("en")} characters. The limit is ${LIMITS[id].toLocaleString("en")}. Shorten it, and it can be used.`;
    return false;
  }

  const SENDS = { "get-feedback": "answer", send: "say", "ask-coach": "ask", "use-posting": "posting-text" };

  function pressed(event) {
    const button = event.target.closest?.("gradio-app button");
    if (!button || button.classList.contains("trigger")) return;
    const id = SENDS[button.id];
    if (id && field(id) && !limit(id)) {
      event.preventDefault();
      event.stopImmediatePropagation();
      field(id).focus();
      return;
    }
    if (button.id === "get-feedback") {
      clearTimeout(timer);
      timer = 0;
      draft = null;
      toFocus = "card:";
    }
    if (button.id === "hint") toFocus = "hint:";
    if (id === "say" || id === "ask") sent(id);
    if (button.classList.contains("button")) work(button);
  }

  function sent(id) {
    sessionStorage.removeItem(typingKey(id));
  }

  function work(button) {
    button.classList.add("working");
    button.dataset.since = Date.now();
    status.textContent = "Working";
    setTimeout(() => { if (button.classList.contains("working")) { rest(button); healthy(); } }, 6000);
  }

  function rest(button) {
    button.classList.remove("working");
    delete button.dataset.since;
    if (status.textContent === "Working") status.textContent = "";
  }

  // --- files -------------------------------------------------------------------------------------------------------------------------

  async function upload(input) {
    const file = input.files[0];
    if (!file) return;
    const said = find(`#${input.id}-said`);
    const say = (words) => { said.textContent = words; input.value = ""; };
    const most = told("file-limit", 1e7);
    if (file.size > most) return say(`This file is ${Math.ceil(file.size / 1e6)} MB. The limit is ${Math.round(most / 1e6)} MB.`);
    if (!/\.(txt|md|markdown)$/i.test(file.name)) return say(`I can read text and Markdown for now, and “${file.name}” is neither. Paste the text instead.`);
    say(`Reading ${file.name}…`);
    let reply;
    try {
      reply = await fetch(`${input.dataset.uploads}?name=${encodeURIComponent(file.name)}`, { method: "POST", headers: { "Content-Type": "text/plain" }, body: await file.arrayBuffer() });
    } catch {
      return reconnect();
    }
    const answer = await reply.json().catch(() => ({ message: "This file could not be read." }));
    if (!reply.ok) return say(answer.message);
    say("");
    go(answer.go);
  }

  // --- small things in our own HTML ----------------------------------------------------------------------------------------------------

  async function copied(button) {
    const source = button.dataset.copies === "answer" ? field("answer")?.value ?? find(".yours .exact")?.textContent : find(`#${button.dataset.copies}`)?.innerText;
    if (!source) return;
    await navigator.clipboard.writeText(source);
    const words = button.textContent;
    button.textContent = "Copied";
    status.textContent = "Copied";
    setTimeout(() => (button.textContent = words), 2000);
  }

  // One click on a model that was found: its address and name are filled in, and kept as if they had been typed.
  function useModel(button) {
    fill(field("model-address"), button.dataset.uses);
    fill(field("model-name"), button.dataset.model);
    fill(field("model-key"), "");
    requestAnimationFrame(() => find("#use-model").click());
  }

  function filter(input) {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    const rows = all(`#${input.dataset.finds} > *`);
    let count = 0;
    for (const row of rows) {
      row.hidden = !words.every((w) => row.textContent.toLowerCase().includes(w));
      count += !row.hidden;
    }
    find("#found").textContent = words.length ? `${count} found` : "";
  }

  const letterKeys = () => localStorage.getItem("letter-keys") !== "off";

  function keyed(event) {
    if (event.isComposing || event.getModifierState("AltGraph")) return;
    const typing = event.target.closest?.("textarea, input, select, [contenteditable]");
    if (event.key === "Enter" && event.ctrlKey && boxOf(event.target) === "answer") {
      event.preventDefault();
      find("#get-feedback")?.click();
    } else if (event.key === "Enter" && !event.shiftKey && ["say", "ask"].includes(boxOf(event.target))) {
      const id = boxOf(event.target);
      const button = id === "say" ? find("#send") : find("#ask-coach");
      // While the reply is being written Enter must not send a second turn; a text over the limit is kept back too.
      if (!limit(id) || !shown(button)) { event.preventDefault(); event.stopImmediatePropagation(); } else { sent(id); work(button); }
    } else if (event.key === "Escape" && !sheet.open) {
      const stop = all("#stop-coach, #stop-turn, #stop-check, #stop-set").find(shown);
      if (stop) stop.click();
      else if (find("#more")?.getAttribute("aria-expanded") === "true") { find("#more").setAttribute("aria-expanded", "false"); find("#more").focus(); }
      else if (find("#coach")?.contains(document.activeElement)) closeCoach();
    } else if (event.ctrlKey && event.altKey && "nrh".includes(event.key.toLowerCase())) {
      const target = { n: "#next", r: "#again", h: "#hint" }[event.key.toLowerCase()];
      const element = all(`#screen-${place()} ${target}`).find(shown);
      if (element) { event.preventDefault(); element.click(); }
    } else if (!typing && !event.ctrlKey && !event.altKey && !event.metaKey && letterKeys()) {
      if (event.key === "?") sheet.showModal();
      else if (event.key === "/" && shown(find("#find"))) { event.preventDefault(); find("#find").focus(); }
    }
  }

  // --- when the server does not answer -------------------------------------------------------------------------------------------------

  async function healthy() {
    try { await fetch("/healthz", { cache: "no-store" }); } catch { reconnect(); }
  }

  let lost = false;
  async function reconnect(needed = () => true) {
    if (lost) return;
    lost = true;
    const words = make("p", { id: "lost", role: "alert" }, "Reconnecting. What you typed is kept on this page.");
    document.body.append(words);
    for (;;) {
      await new Promise((done) => setTimeout(done, 1500));
      if (!needed()) break; // it was only slow
      const up = await fetch("/readyz", { cache: "no-store" }).then((r) => r.ok, () => false);
      if (up) break;
    }
    lost = false;
    words.remove();
    if (!needed()) return;
    await save();
    // A server that was started again does not know this page's connection; the address and the saved text bring everything back.
    location.reload();
  }

  // --- wiring ------------------------------------------------------------------------------------------------------------------------

  frame();
  html.dataset.screen = place();
  document.addEventListener("click", pressed, true);
  document.addEventListener("click", (event) => {
    const copy = event.target.closest?.("[data-copies]");
    if (copy) copied(copy);
    const uses = event.target.closest?.("[data-uses]");
    if (uses) useModel(uses);
    const keep = event.target.closest?.("[data-keeps-waiting]");
    const asks = event.target.closest?.("[data-asks]");
    if (asks) {
      const url = new URL(location.href);
      url.searchParams.set("part", asks.dataset.asks);
      history.replaceState({}, "", url);
      work(asks);
      press("ask-about");
    }
    if (keep) { begun.set(key(), Date.now() + 10000 * PATIENCE); patience(); }
    const close = event.target.closest?.("#coach .close");
    if (close) { event.preventDefault(); closeCoach(); return; }
    linked(event);
  });
  document.addEventListener("input", (event) => { typed(event); if (event.target.dataset?.finds) filter(event.target); }, true);
  document.addEventListener("focusout", (event) => { if (boxOf(event.target) === "answer") saveNow(); });
  document.addEventListener("change", (event) => {
    if (event.target.dataset?.uploads) upload(event.target);
    if (event.target.id === "letter-keys") localStorage.setItem("letter-keys", event.target.checked ? "on" : "off");
  });
  document.addEventListener("keydown", keyed, true);
  addEventListener("popstate", moved);
  addEventListener("resize", scrollers);
  addEventListener("pagehide", saveNow);
  addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden") saveNow();
    // What is typed in Settings is not kept anywhere yet: coming back with a copied key must not find the address gone.
    else if (place() !== "settings" && (!draft || field("answer")?.value === draft.saved)) { wanted = null; arrive(); }
  });
  new MutationObserver(soon).observe(find("gradio-app"), { childList: true, subtree: true, characterData: true });
  arrive();
  soon();
})();
