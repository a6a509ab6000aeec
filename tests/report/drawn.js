// Each chart of the page: how many bars and dots it has, and how far to the sides anything of it reaches.
[...document.querySelectorAll(".plot")].map((plot) => {
  const parts = [...plot.querySelectorAll(".plot .point path, .plot .points path, .plot text")];
  const boxes = parts.map((one) => one.getBoundingClientRect()).filter((box) => box.width);
  return {
    shapes: plot.querySelectorAll(".point path, .points path").length,
    left: Math.min(...boxes.map((box) => box.left)),
    right: Math.max(...boxes.map((box) => box.right)),
  };
})
