/* The page of a flow: one node is selected everywhere, and the table of nodes sorts. Elements of a node have
   data-node, lines and bands between two have data-from and data-to. */
(() => {
  const { byId, all } = page;
  let selected = "";

  /* Selecting */
  const select = (key, { scrollTo = null, focus = false } = {}) => {
    selected = key;
    for (const element of all(".is-selected, .is-beside")) element.classList.remove("is-selected", "is-beside");
    for (const row of all("tr[aria-current]")) row.removeAttribute("aria-current");
    document.body.classList.toggle("has-selection", key !== "");
    const detail = byId("detail");
    if (detail) detail.hidden = key === "";
    const row = key && byId(`node-${key}`);
    if (!row) return;
    for (const element of all(`[data-node="${key}"]`)) element.classList.add("is-selected");
    for (const element of all(`[data-from="${key}"], [data-to="${key}"]`)) element.classList.add("is-selected");
    row.setAttribute("aria-current", "true");
    if (detail) describe(row);
    if (scrollTo) page.show(scrollTo);
    if (focus) row.querySelector(".node").focus({ preventScroll: true });
  };

  const describe = (row) => {
    byId("detail-name").textContent = row.querySelector(".node").textContent;
    const list = byId("detail-list");
    list.replaceChildren();
    for (const cell of all("td", row)) {
      const box = document.createElement("div");
      const term = document.createElement("dt");
      const value = document.createElement("dd");
      const counts = document.createElement("span");
      term.textContent = cell.dataset.label;
      value.textContent = `${cell.querySelector(".n").textContent} `;
      counts.className = "sub";
      counts.textContent = cell.querySelector(".fig").title;
      value.append(counts);
      box.append(term, value);
      list.append(box);
    }
    byId("detail-row").href = `#${row.id}`;
  };

  document.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.target.closest("#detail, thead, .examples")) return;
    const element = event.target.closest("[data-node]");
    if (!element || getSelection().toString()) return;
    event.preventDefault();
    select(element.dataset.node === selected ? "" : element.dataset.node);
  });

  const detailRow = byId("detail-row");
  if (detailRow) {
    detailRow.addEventListener("click", (event) => {
      event.preventDefault();
      select(selected, { scrollTo: byId(`node-${selected}`), focus: true });
    });
    byId("detail-close").addEventListener("click", () => select(""));
  }

  const step = (by) => {
    const rows = all("#nodes-table tbody tr");
    if (!rows.length) return false;
    const at = rows.findIndex((row) => row.dataset.node === selected);
    const next = rows[at < 0 ? 0 : Math.min(Math.max(at + by, 0), rows.length - 1)];
    select(next.dataset.node, { scrollTo: next, focus: true });
    return true;
  };

  const counts = byId("counts");
  page.keys({
    j: () => step(1),
    k: () => step(-1),
    c: () => { counts.checked = !counts.checked; },
    Escape: () => (selected ? select("") : false),
  });

  /* Sorting: a heading becomes a button; a second click turns the order round. Empty cells stay last. */
  const table = byId("nodes-table");
  if (table) {
    const body = table.tBodies[0];
    const headings = [...table.tHead.rows[0].cells];
    const value = (row, column, text) => {
      const raw = row.cells[column].dataset.sort;
      return text ? raw : raw === "" ? null : Number(raw);
    };
    const sort = (column) => {
      const heading = headings[column];
      const text = heading.dataset.type === "text";
      const now = heading.getAttribute("aria-sort");
      const down = now ? now === "ascending" : !text;
      for (const other of headings) other.removeAttribute("aria-sort");
      heading.setAttribute("aria-sort", down ? "descending" : "ascending");
      const rows = [...body.rows];
      rows.sort((one, other) => {
        const a = value(one, column, text);
        const b = value(other, column, text);
        if (a === null || b === null) return (a === null) - (b === null);
        const order = text ? a.localeCompare(b) : a - b;
        return (down ? -order : order) || Number(one.dataset.node) - Number(other.dataset.node);
      });
      body.append(...rows);
      byId("sorted").textContent = `Sorted by ${heading.textContent}, ${down ? "descending" : "ascending"}`;
    };
    table.classList.add("can-sort");
    headings.forEach((heading, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "sort";
      button.append(...heading.childNodes);
      heading.append(button);
      button.addEventListener("click", () => sort(column));
    });
  }

  /* Copying the id of a call that has no page */
  if (navigator.clipboard) {
    for (const code of all(".call-id")) {
      const button = document.createElement("button");
      const id = code.title || code.textContent;
      button.type = "button";
      button.className = "copy";
      button.textContent = "copy";
      button.setAttribute("aria-label", `Copy the id ${id}`);
      button.addEventListener("click", async () => {
        try {
          await navigator.clipboard.writeText(id);
          button.textContent = "copied";
        } catch {
          getSelection().selectAllChildren(code);
        }
      });
      code.after(button);
    }
  }

  const asked = /^#node-(\d+)$/.exec(location.hash);
  if (asked) select(asked[1]);
})();
