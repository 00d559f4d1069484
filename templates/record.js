"use strict";
/* The record of a call: kept once, packed, and unfolded when somebody asks for it. */
(() => {
  const packed = page.byId("record-data");
  const unpack = () => {
    /* A number that this browser would write otherwise is kept as it stands in the record, where it can be. */
    const exact = (key, value, told) => (
      typeof value === "number" && told && JSON.rawJSON && told.source !== String(value) ? JSON.rawJSON(told.source) : value
    );
    const { document: record, kinds, moments } = JSON.parse(packed.textContent, exact);
    record.events = moments.map(([index, ...values], seq) => {
      const [kind, same, fields, words] = kinds[index];
      const moment = { seq, kind, ...same };
      values.forEach((value, place) => {
        const name = fields[place];
        if (value !== null) moment[name] = name in words ? words[name][value] : value;
      });
      return moment;
    });
    return record;
  };
  if (packed) {
    const text = page.byId("record-text");
    const save = page.byId("record-save");
    save.hidden = false;
    page.byId("record-box").addEventListener("toggle", () => {
      if (text.dataset.full) return;
      text.dataset.full = "yes";
      text.textContent = JSON.stringify(unpack(), null, 1);
    });
    save.addEventListener("click", () => {
      const link = document.createElement("a");
      link.href = URL.createObjectURL(new Blob([JSON.stringify(unpack())], { type: "application/json" }));
      link.download = save.dataset.name;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 10000);
    });
  }
})();
