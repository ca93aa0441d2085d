/* Keeps empty fields out of the address, so that a view is as short as what it asks. */
(() => {
  "use strict";
  const form = document.getElementById("ledger-filters");
  form.addEventListener("formdata", (event) => {
    const asked = event.formData;
    for (const [name, value] of [...asked.entries()]) {
      if (value === "") {
        asked.delete(name);
      }
    }
    if (!asked.has("since") && !asked.has("until")) {
      asked.delete("zone");
    }
  });
})();
