// What pages can do beside being read; each works without it in another way. The theme is set
// before the first paint, so this is loaded in the head.
"use strict";
(() => {
  const root = document.documentElement;
  const themes = ["system", "light", "dark"];
  const recall = () => { try { return localStorage.getItem("theme"); } catch { return null; } };
  const keep = (theme) => { try { localStorage.setItem("theme", theme); } catch { /* not kept */ } };

  const setTheme = (theme) => {
    if (theme === "light" || theme === "dark") root.dataset.theme = theme;
    else delete root.dataset.theme;
  };
  setTheme(recall());

  const prepareTheme = () => {
    const button = document.querySelector("[data-theme-toggle]");
    if (!button) return;
    const show = () => { button.textContent = `Theme: ${root.dataset.theme ?? "system"}`; };
    button.hidden = false;
    button.addEventListener("click", () => {
      const next = themes[(themes.indexOf(root.dataset.theme ?? "system") + 1) % themes.length];
      setTheme(next);
      keep(next);
      show();
    });
    show();
  };

  // One menu at a time; a click beside it or Escape closes it.
  const prepareMenus = () => {
    const menus = () => document.querySelectorAll("details.menu[open]");
    document.addEventListener("click", (event) => {
      for (const menu of menus()) if (!menu.contains(event.target)) menu.open = false;
    });
    document.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      for (const menu of menus()) {
        menu.open = false;
        menu.querySelector("summary").focus();
      }
    });
  };

  // Keys: links with data-key, the pages by their number, menus by their letter.
  const prepareKeys = () => {
    const menuKeys = { f: "filter", r: "range" };
    document.addEventListener("keydown", (event) => {
      const typing = event.target.closest("input, select, textarea");
      if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key === "?") return void document.getElementById("keys")?.togglePopover();
      const link = document.querySelector(`a[data-key="${CSS.escape(event.key)}"]`)
        ?? (/^[1-9]$/.test(event.key) && document.querySelectorAll(".side nav[aria-label=Pages] a")[event.key - 1]);
      if (link) return void link.click();
      const menu = document.querySelector(`details[data-menu="${menuKeys[event.key] ?? ""}"]`);
      if (!menu) return;
      event.preventDefault();
      menu.open = true;
      menu.querySelector("select, a, input:not([type=hidden])")?.focus();
    });
  };

  // The read-out of a chart: by pointer, by touch, and by arrow keys.
  const prepareChart = (chart) => {
    const svg = chart.querySelector("svg");
    const points = [...chart.querySelectorAll(".point")];
    if (!points.length) return;
    const title = svg.querySelector("title").textContent;
    const description = svg.querySelector("desc").textContent;
    svg.removeAttribute("aria-labelledby");
    svg.setAttribute("aria-label", `${title}. ${description}`);
    for (const one of svg.querySelectorAll("title")) one.remove(); // would be shown as well
    const readout = document.createElement("div");
    readout.className = "readout";
    readout.setAttribute("role", "status");
    readout.hidden = true;
    chart.append(readout);
    chart.tabIndex = 0;
    chart.setAttribute("role", "group");
    chart.setAttribute("aria-label", `${title}: left and right arrow keys read the values`);
    let current = -1;

    const line = (tag, text) => {
      const made = document.createElement(tag);
      made.textContent = text;
      return made;
    };
    const read = (number) => {
      points[current]?.classList.remove("read");
      current = number;
      const point = points[number];
      readout.hidden = !point;
      if (!point) return;
      point.classList.add("read");
      const { label, text, before, beforeLabel, notes, x } = point.dataset;
      readout.replaceChildren(line("p", label), line("strong", text));
      if (beforeLabel) readout.append(line("p", `${beforeLabel}: ${before}`));
      if (notes) readout.append(line("p", `● ${notes}`));
      const middle = (chart.clientWidth * x) / 100;
      const room = chart.clientWidth - readout.offsetWidth;
      const left = middle > chart.clientWidth / 2 ? middle - readout.offsetWidth - 14 : middle + 14;
      readout.style.left = `${Math.max(0, Math.min(left, room))}px`;
    };
    points.forEach((point, number) => point.addEventListener("pointerenter", () => read(number)));
    chart.addEventListener("pointerleave", () => read(-1));
    chart.addEventListener("blur", () => read(-1));
    chart.addEventListener("keydown", (event) => {
      const last = points.length - 1;
      const from = current < 0 ? last + (event.key === "ArrowLeft" ? 1 : 0) : current;
      const to = { ArrowLeft: from - 1, ArrowRight: from + 1, Home: 0, End: last }[event.key];
      if (to === undefined) return;
      event.preventDefault();
      read(Math.max(0, Math.min(to, last)));
    });
  };

  // A live page asks again while it is looked at, and changes only what has changed.
  const prepareLive = () => {
    const seconds = Number(document.querySelector("[data-live]")?.dataset.live);
    if (!seconds) return;
    const update = async () => {
      if (document.hidden || document.querySelector(":popover-open")) return;
      const live = document.querySelector("[data-live]");
      if (live.contains(document.activeElement)) return; // whoever reads here is not disturbed
      const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
      if (!answer.ok || answer.redirected) return;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      for (const selector of ["[data-live]", ".as-of"]) {
        const [fresh, shown] = [page.querySelector(selector), document.querySelector(selector)];
        if (fresh && shown && fresh.innerHTML !== shown.innerHTML) shown.replaceWith(fresh);
      }
    };
    const again = () => setTimeout(() => update().catch(() => {}).finally(again), seconds * 1000);
    again();
  };

  // On a phone the menu is wider than the page: show where we are.
  const showCurrent = () => {
    for (const current of document.querySelectorAll("nav [aria-current=page]")) {
      const list = current.closest("ul");
      list.scrollLeft = current.offsetLeft - list.offsetLeft - 16;
    }
  };

  document.addEventListener("DOMContentLoaded", () => {
    showCurrent();
    prepareTheme();
    prepareMenus();
    prepareKeys();
    document.querySelectorAll("[data-chart]").forEach(prepareChart);
    prepareLive();
    document.querySelector("[data-copy]")?.select();
  });
})();
