// Dark or light: as the system says, until someone chooses. Runs before the page is drawn, so that nothing flashes.
(() => {
  const root = document.documentElement;
  const systemIsDark = matchMedia("(prefers-color-scheme: dark)");

  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : systemIsDark.matches);

  const chosen = localStorage.getItem("theme");
  if (chosen === "dark" || chosen === "light") root.dataset.theme = chosen;

  const show = () => {
    for (const button of document.querySelectorAll("[data-toggle=theme]")) button.setAttribute("aria-pressed", isDark());
  };

  // What draws by itself, as charts do, listens for `themechange` on the document.
  const changed = () => {
    show();
    document.dispatchEvent(new CustomEvent("themechange"));
  };

  systemIsDark.addEventListener("change", changed);
  document.addEventListener("DOMContentLoaded", show);
  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-toggle=theme]")) return;
    root.dataset.theme = isDark() ? "light" : "dark";
    localStorage.setItem("theme", root.dataset.theme);
    changed();
  });
})();
