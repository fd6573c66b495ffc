// What the service tells for drawing, fetched now and whenever the sweep has changed, one answer at a time.
const ref = document.getElementById("sweep").dataset.ref;

export const follow = (part, draw) => {
  let isBusy = false;
  let isStale = false;

  const ask = async () => {
    isStale = isBusy;
    if (isBusy) return;
    isBusy = true;
    try {
      const answer = await fetch(`/api/v1/sweeps/${ref}/${part}`, { headers: { Accept: "application/json" } });
      if (answer.ok) draw(await answer.json());
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // else the service is away: live.js says so, and asks again
    } finally {
      isBusy = false;
    }
    if (isStale) ask();
  };

  document.body.addEventListener("sweep-changed", ask);
  ask();
};
