// Asks before a sweep is cancelled, in the page itself: Escape keeps it, and the focus returns to where it was.
document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-opens]");
  if (opener) document.getElementById(opener.dataset.opens).showModal();
  // htmx sends what this button says and keeps the browser from closing the dialog.
  event.target.closest("[data-steers]")?.closest("dialog")?.close();
});
