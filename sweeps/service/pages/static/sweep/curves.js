// The leading trials over time: the objective at each rung, and any term of their training by epoch.
import { axis, chart, number, scoreAxis } from "./chart.js";
import { follow } from "./data.js";
import { tell } from "./table.js";

// Told apart on light and on dark ground.
const COLOURS = ["#3b82c4", "#d2691e", "#1f9d76", "#b5679f", "#a8831f", "#7a6fd0", "#c94f4f", "#6b7a8f"];
const MARKED = 40; // lines of fewer points show each of them

const place = document.getElementById("curves");
const objective = document.getElementById("sweep").dataset.objective;
const chosen = document.getElementById("term");
let leaders = [];

const named = (leader) => `trial ${leader.trial}`;

// A trial keeps its colour for as long as it leads, whatever place it has.
const taken = new Map();

const giveColours = (trials) => {
  for (const trial of taken.keys()) if (!trials.includes(trial)) taken.delete(trial);
  for (const trial of trials) {
    const free = COLOURS.find((colour) => ![...taken.values()].includes(colour));
    if (!taken.has(trial)) taken.set(trial, free);
  }
};

const line = ({ leader, points }) => ({
  type: "line",
  name: named(leader),
  data: points,
  color: taken.get(leader.trial),
  symbol: "circle",
  symbolSize: 5,
  showSymbol: points.length < MARKED,
  lineStyle: { width: 1.8 },
  emphasis: { focus: "series" },
});

const lines = (told, xAxis, colours) => ({
  grid: { left: 8, right: 16, top: 10, bottom: 34, containLabel: true },
  legend: {
    type: "scroll",
    bottom: 0,
    itemWidth: 14,
    itemHeight: 8,
    textStyle: { color: colours.muted, fontSize: 11, lineHeight: 14 },
    pageTextStyle: { color: colours.muted },
    pageIconColor: colours.muted,
    pageIconInactiveColor: colours.line,
  },
  xAxis: axis(colours, xAxis),
  yAxis: scoreAxis(colours, told.flatMap(({ points }) => points.map((point) => point[1]))),
  tooltip: {
    trigger: "axis",
    order: "valueAsc",
    formatter: (found) =>
      [`epoch ${found[0].value[0]}`, ...found.map((each) => `${each.seriesName}: ${number(each.value[1])}`)].join("\n"),
  },
  series: told.map(line),
});

const byRung = chart(document.getElementById("by-rung"), (told, colours) => {
  const epochs = [...new Set(told.flatMap((leader) => leader.rungs.map((rung) => rung.epochs)))].sort((one, two) => one - two);
  const points = (leader) => leader.rungs.map((rung) => [`${rung.epochs}`, rung.mean]);
  const each = told.map((leader) => ({ leader, points: points(leader) }));
  return lines(each, { type: "category", data: epochs.map(String), splitLine: { show: false } }, colours);
});

const byEpoch = chart(document.getElementById("by-epoch"), ({ told, term }, colours) => {
  const points = (leader) => (leader.curves[term] ?? []).map((value, index) => [index + 1, value]);
  const each = told.map((leader) => ({ leader, points: points(leader) }));
  return lines(each, { type: "value", min: 1, max: "dataMax", minInterval: 1, splitLine: { show: false } }, colours);
});

const table = tell(place.querySelector("details"));

const tellEpochs = (term, word) => {
  const longest = Math.max(0, ...leaders.map((leader) => leader.curves[term]?.length ?? 0));
  const score = (leader, epoch) => leader.rungs.find((rung) => rung.epochs === epoch)?.mean;
  const cells = (epoch) => leaders.flatMap((leader) => [score(leader, epoch), leader.curves[term]?.[epoch - 1]]).map(number);
  table(
    ["Epoch", ...leaders.flatMap((leader) => [`${named(leader)}: ${objective}`, `${named(leader)}: ${word}`])],
    Array.from({ length: longest }, (_, index) => [index + 1, ...cells(index + 1)]),
  );
};

const draw = () => {
  const word = chosen.selectedOptions[0]?.text ?? "training";
  document.getElementById("term-title").textContent = `${word} by epoch`;
  byRung(leaders);
  byEpoch({ told: leaders, term: chosen.value });
  tellEpochs(chosen.value, word);
};

// The losses first, then their terms.
const offer = (terms) => {
  const isTerm = (term) => Number(!term.startsWith("loss/"));
  const sorted = terms.sort((one, two) => isTerm(one) - isTerm(two) || one.localeCompare(two));
  if (sorted.join() === [...chosen.options].map((each) => each.value).join()) return;
  const before = chosen.value;
  chosen.replaceChildren(...sorted.map((term) => new Option(term.replace(/^(loss|train)\//, ""), term)));
  if (sorted.includes(before)) chosen.value = before;
};

chosen.addEventListener("change", draw);

follow("leading", (told) => {
  leaders = told.leaders;
  giveColours(leaders.map((leader) => leader.trial));
  offer([...new Set(leaders.flatMap((leader) => Object.keys(leader.curves)))]);
  draw();
});
