// The objective against each searched hyperparameter: a panel each, a dot a trial, the leading one a star.
import { axis, chart, number, scoreAxis } from "./chart.js";
import { follow } from "./data.js";
import { tell } from "./table.js";

const [SMALLEST, LARGEST, STAR] = [6, 12, 17];
const STAR_SHAPE = "path://M50 5 61 38 96 38 68 58 79 91 50 71 21 91 32 58 4 38 39 38Z";

const place = document.getElementById("hyperparameters");
const objective = document.getElementById("sweep").dataset.objective;

const isBetter = (one, two) => one.epochs > two.epochs || (one.epochs === two.epochs && one.mean < two.mean);

const leads = (points) => points.reduce((best, point) => (!best || isBetter(point, best) ? point : best), null);

const xAxis = ({ scale, low, high, choices }, colours) => {
  if (scale === "choice") return axis(colours, { type: "category", data: choices, splitLine: { show: false } });
  return axis(colours, { type: scale === "log" ? "log" : "value", min: low, max: high, splitNumber: 4 });
};

// How far up the ladder a trial has come, from 0 to 1, rungs being equally far apart.
const height = (epochs, most) => (most > 1 ? Math.log(epochs) / Math.log(most) : 1);

const look = (point, isFirst, most, colours) => ({
  symbol: isFirst ? STAR_SHAPE : "circle",
  symbolSize: isFirst ? STAR : SMALLEST + (LARGEST - SMALLEST) * height(point.epochs, most),
  itemStyle: {
    color: isFirst ? colours.first : colours.accent,
    opacity: isFirst ? 1 : 0.35 + 0.55 * height(point.epochs, most),
    borderColor: colours.surface,
    borderWidth: 1,
  },
});

const describe = (name) => ({ data: { point, value } }) =>
  [
    `Trial ${point.trial}, ${point.epochs} epochs`,
    `${name} ${number(value[0])}`,
    `${objective} ${number(point.mean)} ± ${number(point.standard_error)}`,
  ].join("\n");

const panel = (name) => ({ axes, points, max_epochs: most }, colours) => {
  const index = axes.findIndex((each) => each.name === name);
  const first = leads(points);
  const dot = (point) => ({ value: [point.values[index], point.mean], point, ...look(point, point === first, most, colours) });
  const isDrawn = points.filter((point) => point.values[index] !== null);
  const lastOnTop = isDrawn.sort((one, two) => (isBetter(one, two) ? 1 : -1));
  return {
    grid: { left: 8, right: 16, top: 10, bottom: 4, containLabel: true },
    xAxis: xAxis(axes[index], colours),
    yAxis: scoreAxis(colours, points.map((point) => point.mean)),
    tooltip: { formatter: describe(name) },
    series: [{ type: "scatter", data: lastOnTop.map(dot) }],
  };
};

const panels = [...place.querySelectorAll("[data-axis]")].map((element) => chart(element, panel(element.dataset.axis)));
const table = tell(place.querySelector("details"));

follow("charts", (told) => {
  for (const draw of panels) draw(told);
  table(
    ["Trial", "Bracket", "Epochs", objective, "SE", ...told.axes.map((each) => each.name)],
    told.points.map(({ trial, bracket, epochs, mean, standard_error: error, values }) =>
      [trial, bracket, epochs, mean, error, ...values].map(number),
    ),
  );
});
