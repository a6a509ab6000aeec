// Texts whose contrast with what is behind them is below 4.5 to 1 (WCAG 2.2, 1.4.3), as the browser shows them.
(() => {
  const numbers = (color) => color.match(/[\d.]+/g).map(Number);
  const linear = (x) => (x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4);
  const luminance = (color) => {
    const [red, green, blue] = numbers(color).map((x) => linear(x / 255));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const behind = (one) => {
    for (; one; one = one.parentElement) {
      const color = getComputedStyle(one).backgroundColor;
      if (numbers(color)[3] !== 0) return color;
    }
    return "rgb(255, 255, 255)";
  };
  const found = [];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const said = texts.currentNode.textContent.trim();
    const one = texts.currentNode.parentElement;
    if (!said || one.closest("script, title")) continue;
    const style = getComputedStyle(one);
    const front = one.closest("svg") ? style.fill : style.color;
    const [low, high] = [luminance(front), luminance(behind(one))].sort((a, b) => a - b);
    const ratio = (high + 0.05) / (low + 0.05);
    if (ratio < 4.5) found.push(`${ratio.toFixed(2)} ${said.slice(0, 40)}`);
  }
  return found;
})()
