// A chart in the page's colours: redrawn in place when its data, the theme or its size change.
const WIDE_RANGE = 20; // as in the leaderboard: from this ratio on, scores are drawn on a logarithmic axis

const ROOM = 1.25; // between the outermost scores and the edges of a logarithmic axis

const SHARED = ["ink", "muted", "line", "surface", "accent", "first"];

const palette = () => {
  const style = getComputedStyle(document.documentElement);
  return Object.fromEntries(SHARED.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
};

export const number = (value) => {
  if (typeof value !== "number") return value ?? "–";
  return `${Number(value.toPrecision(4))}`;
};

export const scoreAxis = (colours, values) => {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  if (!(low > 0 && high / low > WIDE_RANGE)) return axis(colours, { type: "value", scale: true, splitNumber: 4 });
  const ends = axis(colours, { type: "log", min: low / ROOM, max: high * ROOM });
  return { ...ends, axisLabel: { ...ends.axisLabel, showMinLabel: false, showMaxLabel: false } };
};

export const axis = (colours, more) => ({
  axisLine: { lineStyle: { color: colours.line } },
  axisTick: { show: false },
  axisLabel: { color: colours.muted, fontSize: 11, hideOverlap: true, formatter: number },
  splitLine: { lineStyle: { color: colours.line } },
  ...more,
});

const frame = (colours) => ({
  animation: false,
  backgroundColor: "transparent",
  textStyle: { fontFamily: "system-ui, sans-serif", color: colours.ink },
});

const tooltip = (colours) => ({
  renderMode: "richText", // drawn: the others have style attributes, which the pages' policy refuses
  confine: true,
  backgroundColor: colours.surface,
  borderColor: colours.line,
  textStyle: { color: colours.ink, fontSize: 12 },
});

export const chart = (element, option) => {
  const drawn = echarts.init(element);
  let data = null;

  const redraw = () => {
    if (data === null) return;
    const colours = palette();
    const asked = option(data, colours);
    const whole = { ...frame(colours), ...asked, tooltip: { ...tooltip(colours), ...asked.tooltip } };
    drawn.setOption(whole, { replaceMerge: ["series"] });
  };

  document.addEventListener("themechange", redraw);
  new ResizeObserver(() => drawn.resize()).observe(element);
  return (newData) => {
    data = newData;
    redraw();
  };
};
