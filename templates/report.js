"use strict";
/* What every page has: the help, drawings that begin where they start, details that print open. */
const page = {
  byId: (id) => document.getElementById(id),
  all: (selector, within) => [...(within || document).querySelectorAll(selector)],
  calm: matchMedia("(prefers-reduced-motion: reduce)"),

  /* Bring an element into view without hiding it under the bars at the edges. */
  show(element, block) {
    element.scrollIntoView({ block: block || "center", behavior: page.calm.matches ? "auto" : "smooth" });
  },

  /* The id that an address leads to; an address may hold anything. */
  idIn(hash) {
    try {
      return decodeURIComponent(hash.slice(1));
    } catch {
      return "";
    }
  },

  typing: (event) => event.target.closest("input:not([type=checkbox]), textarea, select, dialog") !== null,

  /* Single-key shortcuts, which the help can switch off. */
  keys(table) {
    document.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || page.typing(event)) return;
      const on = page.byId("keys");
      if (event.key !== "Escape" && on && !on.checked) return;
      const act = table[event.key];
      if (act && act(event) !== false) event.preventDefault();
    });
  },
};

(() => {
  const tools = page.byId("tools");
  if (tools) tools.hidden = false;

  const help = page.byId("help");
  if (help) {
    const open = () => help.showModal();
    page.byId("help-open").addEventListener("click", open);
    page.byId("help-close").addEventListener("click", () => help.close());
    help.addEventListener("click", (event) => { if (event.target === help) help.close(); });
    page.keys({ "?": open });
  }

  /* What is folded away prints open, but for the bars of waits, which say the same in short. */
  const folded = [];
  addEventListener("beforeprint", () => {
    for (const box of page.all("details.data:not([open]), details.metadata:not([open])")) folded.push(box);
    for (const box of folded) box.open = true;
  });
  addEventListener("afterprint", () => {
    for (const box of folded.splice(0)) box.open = false;
  });

  /* A drawing wider than the page is made smaller as far as its words stay readable, and shows where it starts. */
  const fit = () => {
    for (const graph of page.all(".graph")) {
      const box = graph.parentElement;
      const wide = graph.viewBox.baseVal.width;
      const room = box.clientWidth - 24;
      const scale = wide > room ? Math.max(room / wide, 0.72) : 1;
      graph.style.width = `${wide * scale}px`;
      graph.style.height = "auto";
      if (wide * scale > room && graph.dataset.start) box.scrollLeft = graph.dataset.start * scale - room / 2;
    }
  };
  fit();
  addEventListener("resize", fit);
})();
