// Each chart of the page: how many bars and dots it has, and how far to the sides anything of it reaches.
[...document.querySelectorAll(".plot")].map((plot) => {
  const parts = [...plot.querySelectorAll("rect, circle, line, text, span, strong")];
  const boxes = parts.map((one) => one.getBoundingClientRect());
  return {
    shapes: plot.querySelectorAll("rect, circle").length,
    left: Math.min(...boxes.map((box) => box.left)),
    right: Math.max(...boxes.map((box) => box.right)),
  };
})
