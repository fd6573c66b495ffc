// The editor of a spec: numbers of lines, and each fault beside its line. What is wrong the server says.
(() => {
  const form = () => document.getElementById("draft");
  const isWide = matchMedia("(width > 62rem)");

  const number = (count) => {
    const gutter = form().querySelector(".gutter");
    while (gutter.children.length > count) gutter.lastChild.remove();
    while (gutter.children.length < count) gutter.append(document.createElement("li"));
  };

  const mark = (faults) => {
    const lines = new Set(faults.map((fault) => Number(fault.dataset.line)));
    [...form().querySelectorAll(".gutter li")].forEach((line, index) => {
      line.classList.toggle("wrong", lines.has(index + 1));
    });
  };

  // On a wide page a fault is level with its line, or below the fault before it.
  const place = (faults, text) => {
    const style = getComputedStyle(text);
    let free = 0;
    for (const fault of faults) {
      const level = (Math.max(1, Number(fault.dataset.line)) - 1) * parseFloat(style.lineHeight);
      const top = Math.max(level + parseFloat(style.paddingTop), free);
      fault.style.top = isWide.matches ? `${top}px` : "";
      free = top + fault.offsetHeight + 4;
    }
    form().querySelector(".faults").style.minHeight = isWide.matches ? `${free}px` : "";
  };

  const draw = () => {
    const text = document.getElementById("text");
    const count = text.value.split("\n").length;
    const faults = [...form().querySelectorAll(".faults li")];
    text.rows = Math.max(16, count + 1);
    number(count);
    mark(faults);
    place(faults, text);
  };

  // What browsers leave alone once someone has used it: the text, unless it was typed on meanwhile, and selects.
  let sent = "";
  document.addEventListener("htmx:before:request", () => (sent = document.getElementById("text").value));

  const settle = () => {
    const text = document.getElementById("text");
    if (text.value === sent && text.value !== text.defaultValue) text.value = text.defaultValue;
    for (const select of form().querySelectorAll("select")) {
      if (select === document.activeElement) continue;
      const marked = [...select.options].findIndex((option) => option.defaultSelected);
      if (marked >= 0) select.selectedIndex = marked;
    }
    draw();
  };

  document.addEventListener("input", (event) => event.target.id === "text" && draw());
  document.addEventListener("htmx:after:settle", settle);
  isWide.addEventListener("change", draw);
  // Enter in a field means that it is filled in, not that the sweep is to be submitted.
  form().addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.target.matches("input")) event.preventDefault();
  });
  // What was typed before htmx listened, or is there again after going back, is looked at too.
  const lookAgain = () => {
    const text = document.getElementById("text");
    if (text.value !== text.defaultValue) text.dispatchEvent(new Event("input", { bubbles: true }));
  };
  window.addEventListener("load", () => setTimeout(lookAgain)); // behind htmx, which waits for as long
  draw();
})();
