"use strict";
// Unpack plotly.js, draw the charts, and get out of the way: every number is on the page without this file.
(() => {
  const PRINT_WIDTH = 680; // A4 minus its margins, in CSS pixels
  const LABEL_GAP = 24; // between a label and its figure
  const root = document.documentElement;
  const plots = [...document.querySelectorAll("[data-chart]")];
  const quiet = { displayModeBar: false, scrollZoom: false, doubleClick: false, showTips: false };

  async function unpack() {
    const packed = atob(document.getElementById("plotly").textContent);
    const bytes = Uint8Array.from(packed, (letter) => letter.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    const script = document.createElement("script");
    script.textContent = await new Response(stream).text();
    document.head.append(script);
  }

  // A figure names its colours as the style sheet does; their values are those of the screen, or of paper.
  function painted(text) {
    const style = getComputedStyle(root);
    return JSON.parse(text, (key, value) =>
      key.endsWith("color") && value.startsWith("var(") ? style.getPropertyValue(value.slice(4, -1)).trim() : value);
  }

  // A label is as long as its figure, to the right of it, leaves room for; pointing at its bar shows all of it.
  function shorten({ annotations = [], font }, width) {
    const pen = document.createElement("canvas").getContext("2d");
    const plain = (text) => new DOMParser().parseFromString(text, "text/html").body.textContent;
    const wide = (text, weight) => {
      pen.font = `${weight} ${font.size}px ${font.family}`;
      return pen.measureText(plain(text)).width;
    };
    for (const label of annotations.filter((one) => one.xanchor === "left")) {
      const figure = annotations.find((one) => one.xanchor === "right" && one.y === label.y);
      const room = width - wide(figure.text, "bold") - LABEL_GAP;
      if (wide(label.text, "normal") <= room) continue;
      const letters = label.text.match(/&#?\w+;|./gsu); // an escaped letter is one
      do letters.pop(); while (letters.length > 1 && wide(`${letters.join("")}…`, "normal") > room);
      label.text = `${letters.join("")}…`;
    }
  }

  function draw(plot, width = plot.clientWidth) {
    if (!window.Plotly || width === 0) return; // not there yet, or inside a fold
    const { data, layout } = painted(document.getElementById(plot.dataset.chart).textContent);
    shorten(layout, width);
    if (!plot.classList.contains("js-plotly-plot")) plot.textContent = "";
    plot.dataset.width = width;
    Plotly.react(plot, data, { ...layout, width }, quiet);
    // A legend of several lines makes the chart higher, and its rows no closer.
    const extra = (plot.querySelector(".legend")?.getBBox().height ?? 0) - layout.margin.t;
    if (extra > 0) Plotly.relayout(plot, { height: layout.height + extra });
  }

  function drawAll(width) {
    for (const plot of plots) draw(plot, width);
  }

  const widths = new ResizeObserver((entries) => {
    for (const { target } of entries) if (target.clientWidth !== Number(target.dataset.width)) draw(target);
  });

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

  addEventListener("beforeprint", () => {
    root.classList.add("paper");
    drawAll(PRINT_WIDTH);
  });
  addEventListener("afterprint", () => {
    root.classList.remove("paper");
    drawAll();
  });

  scrollable();
  follow();
  addEventListener("resize", scrollable);
  document.addEventListener("toggle", scrollable, true);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => drawAll());
  unpack().then(() => drawAll()).then(
    () => {
      for (const plot of plots) widths.observe(plot);
      root.dataset.charts = "ready";
    },
    (problem) => { root.dataset.charts = `not drawn: ${problem}`; },
  );
})();
