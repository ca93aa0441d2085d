// Runs in the page: elements that reach beyond the right edge and make the whole page scroll.
() => {
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= width) return [];
  const outside = [...document.querySelectorAll("body *")].filter((element) =>
    element.checkVisibility() && element.getBoundingClientRect().right > width + 1);
  const names = outside.slice(0, 3).map((element) => element.outerHTML.replace(/\s+/g, " ").slice(0, 90));
  return [`scrolls sideways at ${width} px (${document.documentElement.scrollWidth}): ${names.join(" | ")}`];
}
