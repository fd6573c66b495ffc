// A chart's text alternative: a table with the same numbers, made when it is opened and kept up to date while it is.
const cell = (name, text) => {
  const made = document.createElement(name);
  made.textContent = text ?? "–";
  made.className = "number";
  return made;
};

const row = (cells, name) => {
  const made = document.createElement("tr");
  made.append(...cells.map((text) => cell(name, text)));
  return made;
};

export const tell = (details) => {
  const place = details.querySelector("div");
  let columns = [];
  let rows = [];

  const show = () => {
    if (!details.open) return;
    const table = document.createElement("table");
    table.createTHead().append(row(columns, "th"));
    table.createTBody().append(...rows.map((cells) => row(cells, "td")));
    place.replaceChildren(table);
  };

  details.addEventListener("toggle", show);
  return (newColumns, newRows) => {
    [columns, rows] = [newColumns, newRows];
    show();
  };
};
