// Asks before a sweep is cancelled, in the page itself: Escape keeps it, and the focus returns to where it was.
document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-opens]");
  if (opener) document.getElementById(opener.dataset.opens).showModal();
});
