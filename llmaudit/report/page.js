"use strict";
// Unpack plotly.js, draw the charts, and get out of the way: every number is on the page without this file.
(() => {
  const PRINT_WIDTH = 680; // A4 minus its margins, in CSS pixels
  const plots = [...document.querySelectorAll("[data-chart]")];
  const quiet = { displayModeBar: false, responsive: true, scrollZoom: false, doubleClick: false, showTips: false };

  async function unpack() {
    const packed = atob(document.getElementById("plotly").textContent);
    const bytes = Uint8Array.from(packed, (letter) => letter.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    const script = document.createElement("script");
    script.textContent = await new Response(stream).text();
    document.head.append(script);
  }

  async function draw() {
    for (const plot of plots) {
      const figure = JSON.parse(document.getElementById(plot.dataset.chart).textContent);
      plot.textContent = "";
      await Plotly.newPlot(plot, figure.data, figure.layout, quiet);
    }
  }

  function scrollable() {
    for (const box of document.querySelectorAll(".scroll")) {
      if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
      else box.removeAttribute("tabindex");
    }
  }

  function follow() {
    const links = new Map([...document.querySelectorAll("nav a")].map((link) => [link.hash.slice(1), link]));
    const seen = new Set();
    const observer = new IntersectionObserver((entries) => {
      for (const entry of entries) entry.isIntersecting ? seen.add(entry.target.id) : seen.delete(entry.target.id);
      let current = null;
      for (const id of links.keys()) if (current === null && seen.has(id)) current = id;
      for (const [id, link] of links) {
        if (id === current) link.setAttribute("aria-current", "true");
        else link.removeAttribute("aria-current");
      }
    }, { rootMargin: "-15% 0px -70% 0px" });
    for (const section of document.querySelectorAll("main > section")) observer.observe(section);
  }

  const opened = [];
  addEventListener("beforeprint", () => {
    for (const fold of document.querySelectorAll("details:not([open]):not([data-long])")) {
      fold.open = true;
      opened.push(fold);
    }
    if (window.Plotly) for (const plot of plots) Plotly.relayout(plot, { width: PRINT_WIDTH, autosize: false });
  });
  addEventListener("afterprint", () => {
    for (const fold of opened.splice(0)) fold.open = false;
    if (window.Plotly) for (const plot of plots) Plotly.relayout(plot, { width: null, autosize: true });
  });

  scrollable();
  addEventListener("resize", scrollable);
  document.addEventListener("toggle", scrollable, true);
  follow();
  unpack().then(draw).then(
    () => { document.documentElement.dataset.charts = "ready"; },
    (problem) => { document.documentElement.dataset.charts = `not drawn: ${problem}`; },
  );
})();
