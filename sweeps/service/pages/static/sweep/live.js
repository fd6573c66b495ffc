// Follows a sweep's events and says `sweep-changed` on the body when there is something new to show; htmx and the charts
// listen. A stream is open only while the page is seen: browsers have few connections to one service.
const ENDED = new Set(["cancelled", "finished", "failed"]);
const MOVING = new Set(["queued", "running", "pausing", "cancelling"]);
const REST = 1000;
const LOOK_AGAIN = 8000; // what workers have begun makes no event
const RETRY = 5000;

const sweep = () => document.getElementById("sweep");
const said = document.getElementById("said");
let stream = null;
let waiting = null;
let shownAt = 0;
let told = "";

const announce = () => {
  shownAt = performance.now();
  waiting = null;
  document.body.dispatchEvent(new CustomEvent("sweep-changed"));
};

// At most once a second, however many events come.
const changed = () => {
  waiting ??= setTimeout(announce, Math.max(0, shownAt + REST - performance.now()));
};

const close = () => {
  stream?.close();
  stream = null;
};

const hearState = (event) => {
  const { state } = JSON.parse(event.data);
  if (told && state !== sweep().dataset.state) said.textContent = `The sweep is ${state}.`;
  if (event.data !== told) changed();
  told = event.data;
  if (ENDED.has(state)) close();
};

const hearPromotion = (event) => {
  const { bracket, epochs, trials } = JSON.parse(event.data);
  said.textContent = `Bracket ${bracket}: ${trials.length} go on to ${epochs} epochs.`;
};

// What is shown is asked for too, so that the page says that nobody answers, and again once someone does.
const hearSilence = () => {
  told = "";
  changed();
  if (stream?.readyState !== EventSource.CLOSED) return; // the browser tries again by itself
  close();
  setTimeout(open, RETRY);
};

const open = () => {
  if (stream || document.hidden) return;
  stream = new EventSource(`/api/v1/sweeps/${sweep().dataset.ref}/events`);
  stream.addEventListener("error", hearSilence);
  stream.addEventListener("state", hearState);
  stream.addEventListener("promotion", hearPromotion);
};

const openIfItMoves = () => {
  if (!ENDED.has(sweep().dataset.state)) open();
};

document.addEventListener("visibilitychange", () => {
  if (document.hidden) return close();
  changed();
  openIfItMoves();
});

// A button was pressed here: show what it did, and follow what comes of it.
document.addEventListener("htmx:after:request", (event) => {
  if (!event.target.closest?.("[data-steers]")) return;
  changed();
  open();
});

setInterval(() => {
  if (!document.hidden && MOVING.has(sweep().dataset.state)) changed();
}, LOOK_AGAIN);

openIfItMoves();
