// What goes wrong while a page is open is told above it: refusals by the server, its absence here.
(() => {
  const place = () => document.getElementById("notice");

  const dismissable = (notice) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "quiet";
    button.textContent = "Dismiss";
    button.addEventListener("click", () => notice.remove());
    notice.append(button);
  };

  document.addEventListener("htmx:error", (event) => {
    if (!event.detail.ctx?.request || event.detail.ctx.response || place().querySelector("[data-away]")) return;
    const notice = document.createElement("div");
    notice.className = "notice wrong";
    notice.dataset.away = "";
    notice.textContent = "The service does not answer. What is shown may be old; it is asked again.";
    place().replaceChildren(notice);
  });

  // A refusal stays until someone has read it, unless it was about the service, which works again now.
  document.addEventListener("htmx:after:request", (event) => {
    if (event.detail.ctx.response.status < 400) place().querySelector("[data-away]")?.remove();
  });

  document.addEventListener("htmx:after:swap", () => {
    const notice = place().querySelector(".notice:not([data-away], :has(button))");
    if (notice) dismissable(notice);
  });
})();
