/* Ticks a whole page of the list at once, and says how many are ticked. */
(() => {
  "use strict";

  const form = document.getElementById("many");
  if (!form) {
    return;
  }
  const boxes = [...document.querySelectorAll("input.action-select[form=many]")];
  const toggle = document.getElementById("action-toggle");
  const said = document.getElementById("many-said");
  const which = document.getElementById("many-which");

  function tell() {
    const ticked = boxes.filter((box) => box.checked).length;
    said.textContent = ticked ? said.dataset.some.replace("%s", ticked) : said.dataset.none;
    if (toggle) {
      toggle.checked = ticked > 0 && ticked === boxes.length;
      toggle.indeterminate = ticked > 0 && ticked < boxes.length;
    }
  }

  toggle?.classList.add("many-works");
  toggle?.addEventListener("change", () => {
    for (const box of boxes) {
      box.checked = toggle.checked;
    }
    tell();
  });
  for (const box of boxes) {
    box.addEventListener("change", () => {
      which.value = "ticked";
      tell();
    });
  }
  tell();
})();
