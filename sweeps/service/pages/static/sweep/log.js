// The log, followed while it is open and the page is seen; the last lines only, scrolled along unless someone scrolled up.
const MOST_LINES = 400;
const RETRY = 2000;
const RESTING = new Set(["paused", "cancelled", "finished", "failed"]);

const place = document.getElementById("log");
const shown = place.querySelector("pre");
const sweep = () => document.getElementById("sweep");
let reading = null;

const show = (text) => {
  const follows = shown.scrollTop + shown.clientHeight >= shown.scrollHeight - 4;
  if (shown.textContent !== text) shown.textContent = text;
  if (follows) shown.scrollTop = shown.scrollHeight;
};

const follow = async (signal) => {
  const address = `/api/v1/sweeps/${sweep().dataset.ref}/logs?lines=${MOST_LINES}&follow=true`;
  const answer = await fetch(address, { signal });
  if (!answer.ok) throw new Error(`The log cannot be read now (${answer.status}).`);
  const parts = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (let part = await parts.read(); !part.done; part = await parts.read()) {
    text = (text + part.value).split("\n").slice(-MOST_LINES - 1).join("\n");
    show(text);
  }
  if (!text) show("Nothing has been said yet.");
};

const start = async () => {
  if (reading || !place.open || document.hidden) return;
  const mine = new AbortController();
  reading = mine;
  try {
    await follow(mine.signal);
  } catch (error) {
    if (mine.signal.aborted) return;
    show(error.message);
  }
  reading = null;
  if (!RESTING.has(sweep().dataset.state)) setTimeout(start, RETRY);
};

const stop = () => {
  reading?.abort();
  reading = null;
};

place.addEventListener("toggle", () => (place.open ? start() : stop()));
document.addEventListener("visibilitychange", () => (document.hidden ? stop() : start()));
