"use strict";
/* The page of a call: one moment is selected everywhere. Moments are the elements with an id and data-at or data-v;
   data-m names the moment that another element stands for, data-v the visits that it belongs to. */
(() => {
  const { byId, all } = page;
  const sound = byId("sound");
  const line = byId("timeline-drawing");
  const scroll = byId("timeline-scroll");
  const total = line ? Number(line.dataset.total) : 0;
  let selected = null;

  const visitsOf = (element) => {
    const holder = element.closest("[data-v]");
    return holder ? holder.dataset.v.split(" ") : [];
  };

  /* Selecting */
  const clear = () => {
    for (const element of all(".is-selected, .in-visit")) element.classList.remove("is-selected", "in-visit");
    for (const element of all("[aria-current]")) element.removeAttribute("aria-current");
    selected = null;
    byId("dock").hidden = true;
    document.body.classList.remove("has-dock");
    at("cursor", null);
  };

  /* Put a line of the timeline where a time is; null takes it away. */
  const at = (id, ms) => {
    const mark = byId(id);
    if (!mark) return;
    for (const end of ["x1", "x2"]) {
      if (ms === null || !total) mark.removeAttribute(end);
      else mark.setAttribute(end, `${Math.min(Math.max((100 * ms) / total, 0), 100)}%`);
    }
  };

  const words = (element) => {
    const plain = (node) => (node ? node.textContent.replace(/\s+/g, " ").trim().slice(0, 300) : "");
    if (element.matches(".said")) return [plain(element.querySelector("h3")), ""];
    const head = element.matches(".turn") ? ".who strong" : "th, .who";
    return [plain(element.querySelector(head)), plain(element.querySelector("p.words, .what .why"))];
  };

  const select = (id, { scrollTo = false, seek = true } = {}) => {
    const element = byId(id);
    if (!element || !(element.dataset.at || element.dataset.v)) return false;
    clear();
    selected = element;
    const visits = visitsOf(element);
    element.classList.add("is-selected");
    element.setAttribute("aria-current", "true");
    for (const other of all(`[data-m="${CSS.escape(id)}"]`)) other.classList.add("is-selected");
    for (const visit of visits.slice(0, 1)) {
      for (const other of all(`[data-v~="${visit}"]`)) other.classList.add("in-visit");
      for (const other of all(`[data-m="visit-${visit}"]`)) other.classList.add("in-visit");
    }
    const ms = element.dataset.at === undefined ? null : Number(element.dataset.at);
    const [what, said] = words(element);
    byId("dock-at").textContent = (element.querySelector(".t") || { textContent: "" }).textContent;
    byId("dock-what").textContent = what;
    byId("dock-said").textContent = said;
    byId("dock").hidden = false;
    document.body.classList.add("has-dock");
    if (ms !== null) {
      at("cursor", ms);
      follow(ms);
      if (seek && sound && sound.dataset.began !== undefined) seekTo(ms);
    }
    if (location.hash !== `#${id}`) history.replaceState(null, "", `#${id}`);
    if (scrollTo) page.show(element);
    return true;
  };

  /* Keep the selected time in sight in a timeline that is wider than its box. */
  const follow = (ms) => {
    if (!scroll || !total || scroll.scrollWidth <= scroll.clientWidth) return;
    const x = (ms / total) * scroll.scrollWidth;
    if (x < scroll.scrollLeft + 40 || x > scroll.scrollLeft + scroll.clientWidth - 40) {
      scroll.scrollLeft = x - scroll.clientWidth / 2;
    }
  };

  /* A node or a stretch of the path stands for all visits to it: each click takes the next one. */
  const nextVisit = (element) => {
    const visits = visitsOf(element);
    const now = selected && selected.matches(".said") ? visits.indexOf(selected.dataset.v) : -1;
    return `visit-${visits[(now + 1) % visits.length]}`;
  };

  document.addEventListener("click", (event) => {
    const link = event.target.closest('a[href^="#"]');
    if (link) {
      if (link.dataset.go) return goto(event, link.dataset.go);
      const id = page.idIn(link.hash);
      const own = link.closest("[id]");
      if (select(id, { scrollTo: !own || own.id !== id })) event.preventDefault();
      return undefined;
    }
    if (event.target.closest("summary, button, input, audio, pre, details.wait ol, dialog")) return undefined;
    if (String(getSelection())) return undefined;
    const stands = event.target.closest("[data-m]");
    if (stands) return select(stands.dataset.m);
    const moment = event.target.closest(".item[id], tr[id]");
    if (moment) return select(moment.id);
    const visit = event.target.closest(".card[data-v], .segment[data-v], .visit");
    if (visit) return select(nextVisit(visit));
    return undefined;
  });

  const goto = (event, where) => {
    if (!selected) return;
    event.preventDefault();
    if (where === "moment") page.show(selected);
    else page.show((where === "flow" && document.querySelector(".card.in-visit")) || byId(where), "center");
  };

  /* From turn to turn */
  const turns = all(".turn[id]");
  const step = (by) => {
    if (!turns.length) return;
    let now = turns.indexOf(selected);
    if (now < 0 && selected) {
      const after = turns.findIndex((turn) => Number(turn.dataset.at) >= Number(selected.dataset.at || 0));
      now = after < 0 ? turns.length : by > 0 ? after - 1 : after;
    } else if (now < 0) now = by > 0 ? -1 : turns.length;
    const next = turns[Math.min(Math.max(now + by, 0), turns.length - 1)];
    select(next.id, { scrollTo: true });
  };

  const found = all(".finding");
  let finding = -1;
  const nextFinding = () => {
    if (!found.length) return;
    finding = (finding + 1) % found.length;
    select(found[finding].dataset.m, { scrollTo: true });
  };

  /* The recording */
  let wanted = null;
  const gone = () => {
    byId("sound-gone").hidden = false;
    byId("play").hidden = true;
    sound.hidden = true;
  };
  const seekTo = (ms) => {
    const place = Math.max((ms - Number(sound.dataset.began)) / 1000, 0);
    if (sound.readyState > 0) sound.currentTime = place;
    else wanted = place;
  };
  const play = () => {
    if (!sound || sound.hidden) return;
    if (sound.paused) sound.play().catch(() => {});
    else sound.pause();
  };
  if (sound) {
    sound.addEventListener("error", gone);
    if (sound.error || sound.networkState === HTMLMediaElement.NETWORK_NO_SOURCE) gone();
    else byId("play").hidden = false;
    sound.addEventListener("loadedmetadata", () => {
      if (wanted !== null) sound.currentTime = wanted;
      wanted = null;
    });
    for (const name of ["play", "pause"]) {
      sound.addEventListener(name, () => { byId("play").textContent = sound.paused ? "Play" : "Pause"; });
    }
    if (sound.dataset.began !== undefined) {
      let spoken = null;
      sound.addEventListener("timeupdate", () => {
        const ms = sound.currentTime * 1000 + Number(sound.dataset.began);
        at("playhead", ms);
        if (!sound.paused) follow(ms);
        const turn = turns.filter((one) => Number(one.dataset.at) <= ms + 1).pop() || null;
        if (turn === spoken) return;
        if (spoken) spoken.classList.remove("is-heard");
        if (turn) turn.classList.add("is-heard");
        spoken = turn;
      });
    }
  }

  /* The timeline, larger and smaller */
  let zoom = 1;
  const enlarge = (by) => {
    if (!line) return;
    const before = zoom;
    zoom = Math.min(Math.max(zoom * by, 1), 32);
    const held = selected && selected.dataset.at && total ? Number(selected.dataset.at) / total : null;
    const middle = held === null ? (scroll.scrollLeft + scroll.clientWidth / 2) / (scroll.scrollWidth || 1) : held;
    line.style.width = `${100 * zoom}%`;
    line.classList.toggle("is-large", zoom >= 4);
    scroll.scrollLeft = middle * scroll.clientWidth * zoom - scroll.clientWidth / 2;
    byId("zoom-level").textContent = `×${zoom}`;
    byId("zoom-out").disabled = zoom === 1;
    byId("zoom-in").disabled = zoom === 32;
    if (before !== zoom) label();
  };
  /* Names of nodes are written where there is room for all of them, else the number alone, which the path has too. */
  const label = () => {
    const texts = all(".segment text, .nodes text");
    texts.forEach((text) => text.classList.remove("is-bare", "is-out"));
    const fits = texts.map((text) => {
      const room = text.ownerSVGElement.width.baseVal.value - 8;
      const number = text.firstChild.length;
      return text.getComputedTextLength() <= room ? "" : text.getSubStringLength(0, number) <= room ? "is-bare" : "is-out";
    });
    texts.forEach((text, index) => { if (fits[index]) text.classList.add(fits[index]); });
  };
  label();
  addEventListener("resize", label);
  if (line) {
    byId("zoom").hidden = false;
    byId("zoom-out").disabled = true;
    byId("zoom-in").addEventListener("click", () => enlarge(2));
    byId("zoom-out").addEventListener("click", () => enlarge(0.5));
    scroll.addEventListener("wheel", (event) => {
      if (!event.ctrlKey) return;
      event.preventDefault();
      enlarge(event.deltaY < 0 ? 2 : 0.5);
    }, { passive: false });
    scroll.addEventListener("keydown", (event) => {
      const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!by || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
      const ordered = turns.slice().sort((a, b) => Number(a.dataset.at) - Number(b.dataset.at));
      const now = ordered.indexOf(selected);
      const next = ordered[Math.min(Math.max(now < 0 ? (by > 0 ? 0 : ordered.length - 1) : now + by, 0), ordered.length - 1)];
      if (next) select(next.id);
      event.preventDefault();
    });
  }

  /* Searching */
  /* As long as before, letter by letter: İ, made small, is two, and all places behind it would be wrong. */
  const small = (text) => {
    const low = text.toLowerCase();
    const one = (letter) => (letter.toLowerCase().length === letter.length ? letter.toLowerCase() : letter);
    return low.length === text.length ? low : [...text].map(one).join("");
  };
  const field = byId("search");
  const told = byId("search-found");
  const items = all(".item");
  const texts = items.map((item) => small(item.textContent));
  let matches = [];
  let match = -1;
  const search = () => {
    const query = small(field.value.trim());
    matches = query ? items.filter((item, index) => texts[index].includes(query)) : [];
    match = -1;
    byId("transcript").classList.toggle("is-searched", query !== "");
    items.forEach((item) => item.classList.remove("is-match"));
    matches.forEach((item) => item.classList.add("is-match"));
    told.textContent = !query ? "" : matches.length ? `${matches.length} found` : "none found";
    highlight(query);
  };
  const highlight = (query) => {
    if (!window.Highlight || !CSS.highlights) return;
    CSS.highlights.delete("found");
    if (!query) return;
    const ranges = [];
    for (const item of matches.slice(0, 500)) {
      const walk = document.createTreeWalker(item, NodeFilter.SHOW_TEXT);
      for (let node = walk.nextNode(); node; node = walk.nextNode()) {
        const text = small(node.data);
        for (let from = text.indexOf(query); from >= 0 && ranges.length < 2000; from = text.indexOf(query, from + query.length)) {
          const range = new Range();
          range.setStart(node, from);
          range.setEnd(node, Math.min(from + query.length, node.length));
          ranges.push(range);
        }
      }
    }
    CSS.highlights.set("found", new Highlight(...ranges));
  };
  const nextMatch = (by) => {
    if (!matches.length) return;
    match = (match + by + matches.length) % matches.length;
    told.textContent = `${match + 1} of ${matches.length}`;
    const closed = matches[match].querySelector("details.data");
    if (closed && small(closed.textContent).includes(small(field.value.trim()))) closed.open = true;
    select(matches[match].id, { scrollTo: true });
  };
  field.addEventListener("input", search);
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter") nextMatch(event.shiftKey ? -1 : 1);
    if (event.key === "Escape") {
      field.value = "";
      search();
      field.blur();
    }
  });

  page.keys({
    j: () => step(1),
    k: () => step(-1),
    f: nextFinding,
    p: play,
    "+": () => enlarge(2),
    "-": () => enlarge(0.5),
    "/": () => { field.focus(); field.select(); },
    Escape: () => {
      if (field.value) { field.value = ""; search(); } else if (selected) { clear(); history.replaceState(null, "", " "); } else return false;
      return true;
    },
  });
  byId("next").addEventListener("click", () => step(1));
  byId("previous").addEventListener("click", () => step(-1));
  byId("play").addEventListener("click", play);
  byId("dock-close").addEventListener("click", clear);

  const begin = page.idIn(location.hash);
  if (begin && byId(begin)) select(begin, { scrollTo: true });
  addEventListener("hashchange", () => {
    const id = page.idIn(location.hash);
    if (id && (!selected || selected.id !== id)) select(id, { scrollTo: true });
  });
})();
